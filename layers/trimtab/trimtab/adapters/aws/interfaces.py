"""EC2: where instances are to be found, for what knows them by their addresses only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from trimtab.adapters.aws.answers import (
    Answer,
    each,
    each_if_any,
    pages_of,
    text,
    text_if_any,
)
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults, reason_of
from trimtab.errors import Malformed, TrimtabError
from trimtab.model.ids import InstanceId
from trimtab.model.reason import Reason
from trimtab.ports import Interface

A_CALL = 200
"""Values of one filter; EC2 takes no more."""


@dataclass(frozen=True, slots=True)
class AwsInterfaces:
    """Port ``Interfaces`` on EC2.

    By a filter, not by a list of instances: one that is gone would make AWS refuse the list.
    """

    clients: Clients

    def of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Interface] | Reason:
        """Read up to two hundred instances a call."""
        wanted = list(dict.fromkeys(instances))
        found: dict[InstanceId, Interface] = {}
        try:
            for start in range(0, len(wanted), A_CALL):
                found |= self._some(wanted[start : start + A_CALL])
        except TrimtabError as error:
            return reason_of(error)
        return found

    def _some(self, wanted: Sequence[InstanceId]) -> dict[InstanceId, Interface]:
        asked = [{"Name": "instance-id", "Values": list(wanted)}]
        with faults("ec2:DescribeInstances", f"{len(wanted)} instances"):
            pages = self.clients.ec2.get_paginator("describe_instances").paginate(Filters=asked)
            return {
                InstanceId(text(one, "InstanceId")): where
                for page in pages_of(pages, "NextToken")
                for reservation in each(page, "Reservations")
                for one in each_if_any(reservation, "Instances")
                if (where := _where(one)) is not None
            }


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
