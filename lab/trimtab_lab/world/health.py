"""The load balancer's health checks and anomaly detection.

A new target is `initial` (Elb.RegistrationInProgress, then Elb.InitialHealthChecking) until its
first check passes; from then on it takes `unhealthy_threshold` failures in a row to lose it and
`healthy_threshold` successes in a row to win it back, one check every `interval_s` (user guide,
"Health checks for Application Load Balancer target groups"). A timeout is noticed `timeout_s`
after the check was sent, the other failures at once.

Anomaly detection follows what AWS says of Automatic Target Weights: HTTP groups with at least
three healthy targets, share of 5xx and connection errors against the peers'. AWS does not publish
the numbers; here a target is anomalous after two minutes in a row with at least 20 requests, at
least 5 % errors and three times the peers' share (while mitigation leaves it few requests, any
number of them says whether it still is). Mitigation is off by default: `trimtab_lab.world.shares`.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from trimtab_lab.world.instances import Health
from trimtab_lab.world.journal import EventKind
from trimtab_lab.world.shares import follow, is_uneven, mitigate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trimtab_lab.world.instances import Instance, Registration
    from trimtab_lab.world.journal import Journal
    from trimtab_lab.world.recorder import Recorder
    from trimtab_lab.world.targets import TargetGroup

FIRST_CHECK_AFTER_S = 10
DETECTION_MINIMUM_HEALTHY = 3
ANOMALOUS_MINIMUM_REQUESTS = 20
ANOMALOUS_SHARE = 0.05
ANOMALOUS_TIMES_PEERS = 3.0
ANOMALOUS_AFTER_MINUTES = 2


class HealthChecker:
    """Runs every target group's checks and moves its targets between states."""

    def __init__(self, groups: Iterable[TargetGroup], journal: Journal, recorder: Recorder) -> None:
        self._groups = tuple(groups)
        self._journal = journal
        self._recorder = recorder

    def run(self, at: int) -> None:
        """Do every check that is due, and let drained targets go."""
        for group in self._groups:
            for registration in group.registrations:
                if registration.next_check <= at:
                    if registration.state is Health.DRAINING:
                        self._forget_drained(group, at)
                        break
                    if group.rules:
                        self._check(group, registration, at)

    def set_state(self, registration: Registration, state: Health, reason: str | None) -> None:
        """Move a target to a state and tell whoever keeps track."""
        group, changed = registration.in_group, registration.state is not state
        if changed:
            group.routing_stale = True
            said = f"{registration.state.value} -> {state.value}" + (
                f" ({reason})" if reason else ""
            )
            self._journal.note(
                EventKind.HEALTH, registration.instance.id, f"{group.spec.fleet}: {said}"
            )
            self._recorder.target_state(registration, state.value)
        registration.state = state
        registration.reason = reason
        if changed and is_uneven(group.spec):
            follow(registration, group.registrations, group.spec.slow_start_s, self._journal.clock)

    def introduce(self, registration: Registration) -> None:
        """Tell whoever keeps track of a target just registered."""
        self._recorder.target_state(registration, registration.state.value)

    def set_in_use(self, registration: Registration, used: bool) -> None:
        """Follow a target group's first rule coming or its last one going."""
        if registration.state is Health.DRAINING:
            return
        if used:
            registration.ok_streak = registration.bad_streak = 0
            self.set_state(registration, Health.INITIAL, "Elb.RegistrationInProgress")
        else:
            self.set_state(registration, Health.UNUSED, "Target.NotInUse")

    def judge_minute(self) -> None:
        """Compare each target's errors of the minute now ending with its peers'."""
        for group in self._groups:
            if group.healthy() < DETECTION_MINIMUM_HEALTHY:
                for registration in group.registrations:
                    registration.anomalous, registration.anomaly_strikes = False, 0
                    registration.mitigated = 1.0
                continue
            present = [r for r in group.registrations if r.requests]
            requests = sum(r.requests for r in present)
            errors = sum(_errors(r) for r in present)
            for registration in present:
                own = _errors(registration)
                others = requests - registration.requests
                peers = (errors - own) / others if others else 0.0
                _judge(registration, own, peers)
            if group.spec.mitigates:
                for registration in group.registrations:
                    mitigate(registration)

    def _check(self, group: TargetGroup, registration: Registration, at: int) -> None:
        settings = group.settings
        registration.next_check = at + settings.interval_s
        failure = check_failure(registration.instance, settings.timeout_s)
        if failure is None:
            registration.ok_streak += 1
            registration.bad_streak = 0
            needed = 1 if registration.state is Health.INITIAL else settings.healthy_threshold
            if registration.state is not Health.HEALTHY and registration.ok_streak >= needed:
                self.set_state(registration, Health.HEALTHY, None)
            return
        registration.ok_streak = 0
        registration.bad_streak += 1
        if registration.state is Health.UNHEALTHY:
            registration.reason = failure
        elif registration.bad_streak >= settings.unhealthy_threshold:
            self.set_state(registration, Health.UNHEALTHY, failure)
        elif registration.state is Health.INITIAL:
            registration.reason = "Elb.InitialHealthChecking"

    def _forget_drained(self, group: TargetGroup, at: int) -> None:
        for gone in [
            r for r in group.registrations if r.state is Health.DRAINING and r.next_check <= at
        ]:
            group.registrations.remove(gone)
            gone.instance.registrations.remove(gone)
            group.departed.append(gone)
            group.routing_stale = True
            self._recorder.target_state(gone, "gone")


def check_failure(instance: Instance, timeout_s: int) -> str | None:
    """Reason code of the check an instance would fail now; None when it would pass."""
    if instance.unreachable:
        return "Target.Timeout"
    if instance.dead:
        return "Target.FailedHealthChecks"
    if instance.failing:
        return "Target.ResponseCodeMismatch"
    if instance.app.checks_queue and instance.backlog and instance.latency >= timeout_s:
        return "Target.Timeout"
    return None


def probe_failure(instance: Instance, timeout_s: float, dice: str) -> str:
    """Say how an instance fails a request of our probe now; empty if it answers well in time.

    The probe asks for what users ask for: it waits in the same queue, and fails by the same chance.
    """
    if instance.unreachable:
        return f"timed out after {timeout_s:g} s connecting"
    if instance.dead:
        return "connection refused"
    if instance.failing or instance.deep_broken:
        return "status 503"
    if instance.latency >= timeout_s:
        return f"timed out after {timeout_s:g} s waiting for the answer"
    share = instance.error_share
    return "status 500" if share and Random(f"{dice}:{instance.id}").random() < share else ""


def _errors(registration: Registration) -> int:
    return registration.target_5xx + registration.connection_errors


def _judge(registration: Registration, errors: int, peers: float) -> None:
    share = errors / registration.requests
    least = ANOMALOUS_MINIMUM_REQUESTS if registration.mitigated == 1.0 else 1
    stands_out = (
        registration.requests >= least
        and share >= ANOMALOUS_SHARE
        and share >= ANOMALOUS_TIMES_PEERS * peers
    )
    registration.anomaly_strikes = registration.anomaly_strikes + 1 if stands_out else 0
    registration.anomalous = registration.anomaly_strikes >= ANOMALOUS_AFTER_MINUTES
