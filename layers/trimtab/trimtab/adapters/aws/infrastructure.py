"""The two ports onto a user's resources: reading for reconcile, writing for act alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from trimtab.adapters.aws import autoscaling, cloudwatch, elb, routes
from trimtab.adapters.aws.clients import Clients
from trimtab.errors import Refused
from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight
from trimtab.model.entry import Call
from trimtab.model.ids import Arn
from trimtab.model.observation import Group, RouteSeen, Series, Target
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason
from trimtab.ports import MetricKey


@dataclass(frozen=True, slots=True)
class AwsInfrastructure:
    """Port ``Infrastructure`` on AWS. Every call answers; what could not be seen says why."""

    clients: Clients

    def targets(self, target_groups: Sequence[Arn]) -> Mapping[Arn, tuple[Target, ...] | Reason]:
        """Target health with the load balancer's anomaly verdict.

        AWS names the zone of IP addresses only; an instance's zone is its group's to tell.
        """
        return elb.targets_of(self.clients, target_groups)

    def groups(self, names: Sequence[str]) -> Mapping[str, Group | Reason]:
        """Auto Scaling groups with their members."""
        return autoscaling.groups_of(self.clients, names)

    def routes(self, rules: Sequence[Arn]) -> Mapping[Arn, RouteSeen | Reason]:
        """Weights of rules and listeners."""
        return routes.routes_of(self.clients, rules)

    def series(
        self, keys: Sequence[MetricKey], start: datetime, end: datetime
    ) -> Mapping[MetricKey, Series | Reason]:
        """Raw one-minute series."""
        return cloudwatch.series_of(self.clients, keys, start, end)


@dataclass(frozen=True, slots=True)
class AwsHands:
    """Port ``Hands`` on AWS: one write for a change, after a read where AWS has no condition."""

    clients: Clients

    def apply(self, change: Change) -> tuple[Call, ...]:
        """Carry out ``change``; the calls made, with AWS's request ids."""
        match change:
            case Eject():
                return (self._eject(change),)
            case Restore():
                return (self._restore(change),)
            case Retire():
                return (autoscaling.retire(self.clients, change),)
            case Resize():
                return (autoscaling.resize(self.clients, change),)
            case Reweight():
                return (routes.reweigh(self.clients, change),)
            case _:
                assert_never(change)

    def _eject(self, change: Eject) -> Call:
        match change.method:
            case EjectMethod.STANDBY:
                return autoscaling.enter_standby(self.clients, change)
            case EjectMethod.DEREGISTER:
                return elb.deregister(self.clients, change)
            case EjectMethod.AUTO:
                raise Refused(_undecided(change))
            case _:
                assert_never(change.method)

    def _restore(self, change: Restore) -> Call:
        match change.method:
            case EjectMethod.STANDBY:
                return autoscaling.exit_standby(self.clients, change)
            case EjectMethod.DEREGISTER:
                return elb.register(self.clients, change)
            case EjectMethod.AUTO:
                raise Refused(_undecided(change))
            case _:
                assert_never(change.method)


def _undecided(change: Eject | Restore) -> str:
    return (
        f"{change.target}: an intent must say standby or deregister, not auto; "
        "the decider chooses when it knows whether the target is a group's member"
    )
