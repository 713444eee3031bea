"""What telling needs of the outside, as protocols: who carries word, and what was told already.

Adapters implement them; tests hold fakes and real ones to one contract suite. A message that may
not have arrived raises one of the errors of ``trimtab.errors``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from trimtab.model.ids import ServiceId
from trimtab.model.incident import Told
from trimtab.model.message import Event


class Topic(Protocol):
    """Where people are told."""

    def tell(self, subject: str, text: str, attributes: Mapping[str, str]) -> None:
        """Send one message; plain text, already made safe."""
        ...


class Bus(Protocol):
    """Where programs are told."""

    def put(self, events: Sequence[Event]) -> None:
        """Send events in order; raise if the bus did not take every one of them."""
        ...


class Webhook(Protocol):
    """A chat program's incoming webhook."""

    def post(self, body: str) -> None:
        """Post JSON text, already escaped; ``TryLater`` if it asks for patience."""
        ...


class Tellings(Protocol):
    """What people were told of each service."""

    def recall(self, services: Sequence[ServiceId]) -> Mapping[ServiceId, Told]:
        """What is remembered of each, read consistently; nothing told yet where nothing is."""
        ...

    def keep(self, service: ServiceId, told: Told) -> Told:
        """Store it and return it as stored; ``Conflict`` if it is not at the version given."""
        ...
