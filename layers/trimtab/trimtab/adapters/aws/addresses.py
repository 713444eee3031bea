"""EC2: at which private address an instance is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab.adapters.aws.answers import Answer, each, each_if_any, pages_of, text, text_if_any
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults, reason_of
from trimtab.errors import TrimtabError
from trimtab.model.ids import InstanceId
from trimtab.model.reason import Reason

A_FILTER = 200
"""Values one filter takes."""


@dataclass(frozen=True, slots=True)
class Ec2Addresses:
    """Port ``Addresses`` on EC2.

    By filter and not by id: of one that is gone EC2 would otherwise refuse to name the others.
    """

    clients: Clients

    def of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, str] | Reason:
        """Private address of each instance that has one: IPv4, or IPv6 where it has no other."""
        wanted = tuple(dict.fromkeys(instances))
        found: dict[InstanceId, str] = {}
        try:
            for batch in (wanted[i : i + A_FILTER] for i in range(0, len(wanted), A_FILTER)):
                found |= self._read(batch)
        except TrimtabError as error:
            return reason_of(error)
        return found

    def _read(self, batch: Sequence[InstanceId]) -> dict[InstanceId, str]:
        with faults("ec2:DescribeInstances", f"{len(batch)} instances"):
            named = [{"Name": "instance-id", "Values": list(batch)}]
            asked = self.clients.ec2.get_paginator("describe_instances").paginate(Filters=named)
            return {
                InstanceId(text(instance, "InstanceId")): address
                for page in pages_of(asked, "NextToken")
                for reservation in each(page, "Reservations")
                for instance in each_if_any(reservation, "Instances")
                if (address := _address(instance))
            }


def _address(instance: Answer) -> str:
    return text_if_any(instance, "PrivateIpAddress") or text_if_any(instance, "Ipv6Address")
