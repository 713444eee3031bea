"""The load balancer's API: targets, target groups, rules. Errors carry ELBv2's codes.

Deregistering drains for the deregistration delay (no new requests), after which the target is
gone from the list; deregistering a target that is not there succeeds silently, as AWS documents.
A group no rule forwards to is `unused` (Target.NotInUse) and is not checked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.health import DETECTION_MINIMUM_HEALTHY, FIRST_CHECK_AFTER_S
from trimtab_lab.world.instances import Health, Lifecycle, Registration
from trimtab_lab.world.journal import EventKind
from trimtab_lab.world.views import TargetRef, unregistered, view_of_target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trimtab_lab.world.health import HealthChecker
    from trimtab_lab.world.instances import Instance
    from trimtab_lab.world.journal import Journal
    from trimtab_lab.world.scenario import HealthCheck
    from trimtab_lab.world.targets import Rule, TargetGroup
    from trimtab_lab.world.views import TargetHealth

HIGHEST_WEIGHT = 999
MOST_TARGET_GROUPS = 5


class LoadBalancing:
    """Target groups and rules of one load balancer."""

    def __init__(
        self,
        groups: dict[str, TargetGroup],
        rules: dict[str, Rule],
        instances: dict[str, Instance],
        checker: HealthChecker,
        journal: Journal,
    ) -> None:
        self.groups = groups
        self.rules = rules
        self._instances = instances
        self._checker = checker
        self._journal = journal
        self._count_uses()

    def group(self, arn: str) -> TargetGroup:
        """The target group of an ARN."""
        if arn not in self.groups:
            raise WorldError("TargetGroupNotFound", f"Target groups '{arn}' not found")
        return self.groups[arn]

    def rule(self, arn: str) -> Rule:
        """The rule of an ARN."""
        if arn not in self.rules:
            raise WorldError("RuleNotFound", f"One or more rules not found: '{arn}'")
        return self.rules[arn]

    def describe_health(self, arn: str, targets: Sequence[TargetRef]) -> tuple[TargetHealth, ...]:
        """Health of the group's targets; of those asked for, also if they are not there."""
        group = self.group(arn)
        judged = group.healthy() >= DETECTION_MINIMUM_HEALTHY
        if not targets:
            return tuple(view_of_target(r, judged) for r in group.registrations)
        answers: list[TargetHealth] = []
        for target in targets:
            port = target.port or group.spec.port
            found = [r for r in group.of_instance(target.id) if r.port == port]
            answers += [view_of_target(r, judged) for r in found] or [unregistered(target, port)]
        return tuple(answers)

    def register(self, arn: str, targets: Sequence[TargetRef], at: int) -> None:
        """Register targets; one already there is left alone, a draining one starts anew."""
        group = self.group(arn)
        for target in targets:
            instance = self._instances.get(target.id)
            if instance is None or instance.lifecycle is Lifecycle.TERMINATED:
                raise WorldError(
                    "InvalidTarget",
                    f"The following targets are not in a running state: '{target.id}'",
                )
        for target in targets:
            self._register_one(
                group, self._instances[target.id], target.port or group.spec.port, at
            )

    def deregister(self, arn: str, targets: Sequence[TargetRef], at: int) -> None:
        """Start draining targets; without a port, all the instance's registrations."""
        group = self.group(arn)
        for target in targets:
            for registration in group.of_instance(target.id):
                wanted = target.port in (None, registration.port)
                if wanted and registration.state is not Health.DRAINING:
                    self._drain(group, registration, at)

    def modify_rule(self, arn: str, weights: Mapping[str, int], stickiness_s: int | None) -> Rule:
        """Replace the rule's forward action."""
        rule = self.rule(arn)
        self._check_weights(weights)
        before = self._in_words(rule.weights)
        rule.weights = dict(weights)
        rule.stickiness_s = stickiness_s
        self._count_uses()
        self._journal.note(
            EventKind.RULE, rule.name, f"weights {before} -> {self._in_words(rule.weights)}"
        )
        return rule

    def modify_health_check(self, arn: str, settings: HealthCheck) -> None:
        """Replace the group's health check; ELBv2's ranges apply."""
        group = self.group(arn)
        ranges = (
            ("HealthCheckIntervalSeconds", settings.interval_s, 5, 300),
            ("HealthCheckTimeoutSeconds", settings.timeout_s, 2, 120),
            ("HealthyThresholdCount", settings.healthy_threshold, 2, 10),
            ("UnhealthyThresholdCount", settings.unhealthy_threshold, 2, 10),
        )
        for name, value, low, high in ranges:
            if not low <= value <= high:
                raise WorldError(
                    "ValidationError", f"{name} must be between {low} and {high}: {value}"
                )
        if settings.timeout_s >= settings.interval_s:
            raise WorldError(
                "InvalidConfigurationRequest",
                "Health check interval must be greater than the timeout.",
            )
        group.settings = settings

    def modify_deregistration_delay(self, arn: str, seconds: int) -> None:
        """Change how long a deregistered target drains."""
        group = self.group(arn)
        if not 0 <= seconds <= 3600:
            raise WorldError(
                "ValidationError",
                f"deregistration_delay.timeout_seconds must be between 0 and 3600: {seconds}",
            )
        group.spec = replace(group.spec, deregistration_delay_s=seconds)

    def _register_one(self, group: TargetGroup, instance: Instance, port: int, at: int) -> None:
        for known in group.of_instance(instance.id):
            if known.port == port and known.state is not Health.DRAINING:
                return
            if known.port == port:
                group.registrations.remove(known)
                instance.registrations.remove(known)
                group.departed.append(known)
        registration = Registration(instance, port, group, at)
        registration.next_check = at + FIRST_CHECK_AFTER_S
        if not group.rules:
            registration.state, registration.reason = Health.UNUSED, "Target.NotInUse"
        group.registrations.append(registration)
        instance.registrations.append(registration)
        group.routing_stale = True
        self._checker.introduce(registration)

    def _drain(self, group: TargetGroup, registration: Registration, at: int) -> None:
        registration.next_check = at + group.spec.deregistration_delay_s
        self._checker.set_state(registration, Health.DRAINING, "Target.DeregistrationInProgress")

    def _check_weights(self, weights: Mapping[str, int]) -> None:
        if not 1 <= len(weights) <= MOST_TARGET_GROUPS:
            raise WorldError(
                "ValidationError",
                f"A forward action takes 1 to {MOST_TARGET_GROUPS} target groups: {len(weights)}",
            )
        for arn, weight in weights.items():
            self.group(arn)
            if not 0 <= weight <= HIGHEST_WEIGHT:
                raise WorldError(
                    "ValidationError",
                    f"A target group's weight must be between 0 and {HIGHEST_WEIGHT}: {weight}",
                )

    def _in_words(self, weights: Mapping[str, int]) -> str:
        return ", ".join(
            f"{self.groups[arn].spec.fleet} {weight}" for arn, weight in weights.items()
        )

    def _count_uses(self) -> None:
        for group in self.groups.values():
            used = sum(group.arn in rule.weights for rule in self.rules.values())
            if bool(used) != bool(group.rules):
                for registration in group.registrations:
                    self._checker.set_in_use(registration, bool(used))
            group.rules = used
