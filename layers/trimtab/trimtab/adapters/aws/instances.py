"""What EC2 tells of instances, for those who read an address or more of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from trimtab.adapters.aws.answers import Answer, each, each_if_any, pages_of, text
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults, reason_of
from trimtab.errors import TrimtabError
from trimtab.model.ids import InstanceId
from trimtab.model.reason import Reason

T = TypeVar("T")

A_FILTER = 200
"""Values of one filter; EC2 takes no more."""


def of_instances(
    clients: Clients, instances: Sequence[InstanceId], read: Callable[[Answer], T | None]
) -> Mapping[InstanceId, T] | Reason:
    """Return what ``read`` makes of each instance that there is, where that is something.

    Two hundred a call, and by a filter, not by a list of instances: of one that is gone EC2 would
    otherwise refuse to tell of the others.
    """
    wanted = list(dict.fromkeys(instances))
    found: dict[InstanceId, T] = {}
    try:
        for start in range(0, len(wanted), A_FILTER):
            some = wanted[start : start + A_FILTER]
            with faults("ec2:DescribeInstances", f"{len(some)} instances"):
                named = [{"Name": "instance-id", "Values": some}]
                pages = clients.ec2.get_paginator("describe_instances").paginate(Filters=named)
                found |= {
                    InstanceId(text(one, "InstanceId")): told
                    for page in pages_of(pages, "NextToken")
                    for reservation in each(page, "Reservations")
                    for one in each_if_any(reservation, "Instances")
                    if (told := read(one)) is not None
                }
    except TrimtabError as error:
        return reason_of(error)
    return found
