"""EC2: at which private address an instance is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab.adapters.aws.answers import Answer, text_if_any
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.instances import of_instances
from trimtab.model.ids import InstanceId
from trimtab.model.reason import Reason


@dataclass(frozen=True, slots=True)
class Ec2Addresses:
    """Port ``Addresses`` on EC2."""

    clients: Clients

    def of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, str] | Reason:
        """Private address of each instance that has one: IPv4, or IPv6 where it has no other."""
        return of_instances(self.clients, instances, _address)


def _address(instance: Answer) -> str | None:
    found = text_if_any(instance, "PrivateIpAddress") or text_if_any(instance, "Ipv6Address")
    return found or None
