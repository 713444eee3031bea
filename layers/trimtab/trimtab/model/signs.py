"""What is asked of a fleet beyond its health, where something is the matter with it.

Who manages what we would touch, what must not be touched, how the machines are, what was announced
of them, and whether somebody is deploying.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from trimtab.model.ids import InstanceId

DO_NOT_TOUCH = "trimtab:do-not-touch"
"""A tag on an instance, a target group or an Auto Scaling group; its value does not matter."""
REFRESHING = frozenset({"Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"})
"""States of an instance refresh that is not over, as AWS spells them."""

KEPT = "trimtab:kept"
"""The one tag that we set: on an instance that is kept to be looked at. Nothing is read from it."""


class Check(StrEnum):
    """EC2's status checks."""

    SYSTEM = "system"
    INSTANCE = "instance"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Impairment:
    """A status check that fails; ``since`` where EC2 says."""

    check: Check
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What AWS has scheduled for an instance: ``code`` is EC2's (``instance-retirement``)."""

    code: str
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """An instance with which, by EC2, something is the matter."""

    impaired: tuple[Impairment, ...] = ()
    scheduled: tuple[Scheduled, ...] = ()

    def due(self, now: datetime, early: timedelta) -> tuple[tuple[datetime, str], ...]:
        """What is scheduled to begin within ``early`` from now, or should have, by time."""
        known = ((s.not_before, s.code) for s in self.scheduled if s.not_before is not None)
        return tuple(sorted((at, code) for at, code in known if now >= at - early))


@dataclass(frozen=True, slots=True)
class Notice:
    """EC2 is about to take an instance away: ``what`` is its code, ``at`` when it said so."""

    what: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """What tags say: ``manager`` changes the thing by its own will; empty if nobody known does.

    ``because`` is the tag that says so. ``do_not_touch``: somebody asked to leave it alone.
    """

    manager: str = ""
    because: str = ""
    do_not_touch: bool = False


@dataclass(frozen=True, slots=True)
class Closer:
    """What a closer look adds. What could not be read is a gap of the observation.

    ``marks`` are the target group's; ``untouchable`` instances carry the tag themselves;
    ``machines`` and ``notices`` hold only those with which something is the matter; ``refresh`` is
    the state of an instance refresh under way, empty if there is none.
    """

    marks: Marks = field(default_factory=Marks)
    untouchable: frozenset[InstanceId] = frozenset()
    machines: Mapping[InstanceId, Machine] = field(default_factory=dict)
    notices: Mapping[InstanceId, Notice] = field(default_factory=dict)
    refresh: str = ""


CODE_DEPLOY = "codedeploy"

MANAGERS: tuple[tuple[str, str], ...] = (
    ("elbv2.k8s.aws/", "kubernetes"),
    ("ingress.k8s.aws/", "kubernetes"),
    ("service.k8s.aws/", "kubernetes"),
    ("kubernetes.io/", "kubernetes"),
    ("k8s.io/", "kubernetes"),
    ("eks:", "kubernetes"),
    ("karpenter.sh/", "kubernetes"),
    ("AmazonECSManaged", "ecs"),
    ("CodeDeployProvisioningDeploymentId", CODE_DEPLOY),
    ("elasticbeanstalk:", "elasticbeanstalk"),
)
"""How the tags begin by which a manager marks what it keeps as it wants it."""


def marks_of(tags: Mapping[str, str]) -> Marks:
    """Read what the tags of a target group or an Auto Scaling group say.

    Worked example: ``elbv2.k8s.aws/cluster`` means that Kubernetes would put back what we change.
    """
    for begins, manager in MANAGERS:
        found = min((key for key in tags if key.startswith(begins)), default="")
        if found:
            return Marks(manager, found, DO_NOT_TOUCH in tags)
    return Marks(do_not_touch=DO_NOT_TOUCH in tags)
