"""What our own probe asks each target, and what answer is a good one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Scheme(StrEnum):
    """How a target is asked; ``tcp`` only connects."""

    HTTP = "http"
    HTTPS = "https"
    TCP = "tcp"


@dataclass(frozen=True, slots=True)
class Statuses:
    """A range of HTTP statuses, both ends of it included."""

    first: int
    last: int

    def __contains__(self, status: int) -> bool:
        """Whether a status is one of them."""
        return self.first <= status <= self.last


@dataclass(frozen=True, slots=True)
class ProbePolicy:
    """Ask each target for ``path``, and find fault after ``failures`` bad answers in a row.

    A good answer has one of ``statuses`` and, if there is a ``body``, that text near its
    beginning; all of it within ``timeout``. ``port``: none is the one the target is registered
    with. ``host`` is the name it is asked by; empty: its address. After ``passes`` good answers in
    a row a target that we hold out has shown that it recovered.
    """

    scheme: Scheme = Scheme.HTTP
    path: str = "/"
    port: int | None = None
    host: str = ""
    statuses: tuple[Statuses, ...] = (Statuses(200, 299),)
    body: str = ""
    timeout: timedelta = timedelta(seconds=2)
    failures: int = 3
    passes: int = 3

    @property
    def window(self) -> timedelta:
        """How far back its reports are read: a run of either length, and some that are late."""
        return timedelta(minutes=max(self.failures, self.passes) + 3)
