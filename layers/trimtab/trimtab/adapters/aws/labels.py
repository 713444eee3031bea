"""EC2: the one tag that we set, on instances that are kept to be looked at."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.adapters.aws.answers import request_id
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults
from trimtab.model.entry import Call
from trimtab.model.ids import InstanceId
from trimtab.model.signs import KEPT


@dataclass(frozen=True, slots=True)
class Ec2Labels:
    """Port ``Labels`` on EC2."""

    clients: Clients

    def label(self, instance: InstanceId, text: str) -> Call:
        """Set the tag; doing it twice changes nothing."""
        with faults("ec2:CreateTags", f"{KEPT} on {instance}"):
            tag = {"Key": KEPT, "Value": text}
            answer = self.clients.ec2.create_tags(Resources=[instance], Tags=[tag])
        return Call("ec2:CreateTags", request_id(answer))
