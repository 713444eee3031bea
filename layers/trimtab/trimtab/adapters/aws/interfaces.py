"""EC2: where instances are to be found, for what knows them by their addresses only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from trimtab.adapters.aws.answers import Answer, text_if_any
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.instances import of_instances
from trimtab.errors import Malformed
from trimtab.model.ids import InstanceId
from trimtab.model.reason import Reason
from trimtab.ports import Interface


@dataclass(frozen=True, slots=True)
class AwsInterfaces:
    """Port ``Interfaces`` on EC2."""

    clients: Clients

    def of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Interface] | Reason:
        """Read up to two hundred instances a call."""
        return of_instances(self.clients, instances, _where)


def _where(one: Answer) -> Interface | None:
    """Return an instance's addresses; ``None`` if it has none (any more)."""
    launched = one.get("LaunchTime")
    if not isinstance(launched, datetime) or launched.tzinfo is None:
        raise Malformed(f"LaunchTime: expected a time with its zone, found {launched!r:.80}")
    addresses = tuple(_addresses(one))
    return Interface(addresses, launched.astimezone(UTC)) if addresses else None


def _addresses(one: Answer) -> Iterator[str]:
    for name in ("PrivateIpAddress", "Ipv6Address"):
        if address := text_if_any(one, name):
            yield address
