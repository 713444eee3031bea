"""Step two of two: names to ARNs, once, when a policy is applied. A tick resolves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from trimtab.errors import NotFound, Refused
from trimtab.model.detectors import Detector, Use
from trimtab.model.ids import Arn, FleetId, RouteId, ServiceId
from trimtab.model.ladder import ProbationPolicy, ReplacePolicy
from trimtab.model.patience import Patience
from trimtab.model.policy import (
    EjectPolicy,
    FailureOutlier,
    FleetPolicy,
    FleetSigns,
    GuardPolicy,
    HealthPolicy,
    Lever,
    LoadBalancerHealth,
    OutlierPolicy,
    Policy,
    RoutePolicy,
    ScalingMetric,
    ScalingPolicy,
    TargetMetric,
    TargetTracking,
)
from trimtab.model.signs import CODE_DEPLOY, DO_NOT_TOUCH, Marks
from trimtab.model.zones import ZonePolicy
from trimtab.ports import Names
from trimtab_cli.plain import plain
from trimtab_cli.policy.document import GuardDoc, PolicyDoc, RouteDoc, ScalingDoc
from trimtab_cli.policy.draft import Draft
from trimtab_cli.policy.fault import Fault, Faults, found
from trimtab_cli.policy.forms import MetricUnit
from trimtab_cli.policy.healing import CountDoc, FailuresDoc, HealthDoc, OutlierDoc
from trimtab_cli.policy.logged import access_logs_of
from trimtab_cli.policy.place import Step, fault_at
from trimtab_cli.policy.probing import probe_of
from trimtab_cli.policy.units import Latency


def resolve(draft: Draft, names: Names) -> Policy | Faults:
    """Return the effective policy, or a fault for every name that means nothing in AWS."""
    search = _Search(draft, names)
    document = draft.document
    fleets = {FleetId(name): search.fleet(name) for name in document.fleets}
    routes = tuple(search.route(index) for index in range(len(document.routes)))
    search.refuse_shared(fleets)
    if search.faults:
        return tuple(sorted(search.faults))
    return Policy(
        service=ServiceId(document.service),
        modes={lever: getattr(document.mode, lever.value) for lever in Lever},
        fleets=fleets,
        health=_health(document.health),
        scaling=_scaling(document.scaling),
        routes=routes,
        guard=_guard(document.guard),
        enabled=document.enabled,
    )


def _guard(doc: GuardDoc) -> GuardPolicy:
    return GuardPolicy(**{**dict(doc), "zones": ZonePolicy(**dict(doc.zones))})


@dataclass(slots=True)
class _Search:
    """Looks up names and keeps going when one is not found."""

    draft: Draft
    names: Names
    faults: list[Fault] = field(default_factory=list)

    @property
    def document(self) -> PolicyDoc:
        return self.draft.document

    def fleet(self, name: str) -> FleetPolicy:
        doc = self.document.fleets[name]
        target_group, load_balancer, group = Arn(""), "", None
        try:
            target_group, load_balancer = self.names.target_group(doc.target_group)
        except (NotFound, Refused) as missing:
            self._refuse(("fleets", name, "target_group"), doc.target_group, missing)
        try:
            group = self.names.group(doc.scaling_group) if doc.scaling_group else None
        except (NotFound, Refused) as missing:
            self._refuse(("fleets", name, "scaling_group"), str(doc.scaling_group), missing)
        if target_group:
            marks, of_group = self.names.marks(target_group, group)
            self._refuse_managed(("fleets", name, "target_group"), doc.target_group, marks)
            self._refuse_managed(("fleets", name, "scaling_group"), str(group), of_group)
        slow_start = self.names.slow_start(target_group) if target_group else timedelta(0)
        return FleetPolicy(FleetId(name), target_group, load_balancer, group, slow_start)

    def route(self, index: int) -> RoutePolicy:
        doc = self.document.routes[index]
        rule = Arn("")
        try:
            rule = self.names.rule(doc.listener_rule)
        except (NotFound, Refused) as missing:
            self._refuse(("routes", index, "listener_rule"), doc.listener_rule, missing)
        return RoutePolicy(
            name=_route_name(doc),
            rule=rule,
            split=_shares(doc.split),
            on_failure=doc.on_failure,
            max_step=doc.max_step,
            spill_after=doc.spill_after,
            return_after=doc.return_after,
            step_every=doc.step_every,
        )

    def refuse_shared(self, fleets: Mapping[FleetId, FleetPolicy]) -> None:
        """Refuse two fleets that turn out to be the same target group or the same group."""
        for key, reading in (("target_group", "target_group"), ("scaling_group", "group")):
            owner: dict[str, FleetId] = {}
            for name, fleet in fleets.items():
                value = getattr(fleet, reading)
                if value and value in owner:
                    message = f"is {found(value)}, the same as fleet {owner[value]}'s"
                    self._add(("fleets", name, key), f"{message}; expected another")
                owner.setdefault(value or name, name)

    def _refuse_managed(self, steps: tuple[Step, ...], name: str, marks: Marks) -> None:
        """Refuse what somebody else would put back, or asked to leave alone.

        What CodeDeploy made is taken: its deployments are told from its targets' faults.
        """
        if marks.do_not_touch:
            text = f"{found(name)} carries the tag {DO_NOT_TOUCH}; expected one without it"
            self._add(steps, text)
        if marks.manager and marks.manager != CODE_DEPLOY:
            whose = f"{found(name)} is managed by {marks.manager} (tag {plain(marks.because)})"
            text = f"{whose}, which puts back what is changed; expected one of your own"
            self._add(steps, text)

    def _refuse(self, steps: tuple[Step, ...], name: str, missing: NotFound | Refused) -> None:
        self._add(steps, f"{found(name)} was not found: {plain(str(missing))}")

    def _add(self, steps: tuple[Step, ...], message: str) -> None:
        self.faults.append(fault_at(self.draft.root, self.draft.file, steps, message))


def _route_name(doc: RouteDoc) -> RouteId:
    is_arn = doc.listener_rule.startswith("arn:")
    written = doc.listener_rule.rsplit("/", 1)[-1] if is_arn else doc.listener_rule
    return RouteId(doc.name or written)


def _shares(split: Mapping[str, float]) -> dict[FleetId, float]:
    whole = sum(split.values())
    return {FleetId(name): number / whole for name, number in split.items()}


def _health(doc: HealthDoc) -> HealthPolicy:
    judged = doc.load_balancer
    return HealthPolicy(
        load_balancer=LoadBalancerHealth(judged.unhealthy_for) if judged else None,
        outliers=tuple(_outlier(each) for each in doc.outliers),
        failures=_failures(doc.failures) if doc.failures else None,
        probe=probe_of(doc.probe) if doc.probe else None,
        access_logs=access_logs_of(doc.access_logs) if doc.access_logs else None,
        signs=FleetSigns(**dict(doc.signs)),
        eject=EjectPolicy(**dict(doc.eject)),
        probation=ProbationPolicy(**dict(doc.probation)),
        replace=ReplacePolicy(**dict(doc.replace)) if doc.replace else None,
        watch=doc.watch,
        sweep=doc.sweep,
        suspicion=doc.suspicion,
        detectors=_detectors(doc),
        patience=Patience(**dict(doc.patience)),
    )


def _detectors(doc: HealthDoc) -> dict[Detector, Use]:
    """Say of every detector what is made of it, so that no later default changes a policy."""
    uses = {each: getattr(doc.detectors, each.value) for each in Detector}
    return uses if doc.load_balancer else uses | {Detector.LOAD_BALANCER: Use.OFF}


def _outlier(doc: OutlierDoc) -> OutlierPolicy:
    metric = doc.metric
    floor = doc.floor
    if isinstance(floor, Latency):
        in_milliseconds = metric.unit is MetricUnit.MILLISECONDS
        floor = round(floor.seconds * 1000, 6) if in_milliseconds else floor.seconds
    return OutlierPolicy(
        metric=TargetMetric(metric.namespace, metric.name, metric.statistic, metric.dimension),
        times_median=doc.times_median,
        deviations=doc.deviations,
        floor=floor,
        min_peers=doc.min_peers,
        min_samples=doc.min_samples,
    )


def _failures(doc: FailuresDoc) -> FailureOutlier:
    values = dict(doc) | {"requests": _count(doc.requests), "errors": _count(doc.errors)}
    return FailureOutlier(**values)


def _count(doc: CountDoc | None) -> TargetMetric | None:
    if doc is None:
        return None
    return TargetMetric(doc.namespace, doc.name, "Sum", doc.dimension)


def _scaling(doc: ScalingDoc) -> ScalingPolicy:
    rules = tuple(
        TargetTracking(ScalingMetric(rule.metric), rule.target, rule.tolerance)
        for rule in doc.rules
    )
    return ScalingPolicy(
        rules=rules,
        min_size=doc.min,
        max_size=doc.max,
        warm_up=doc.warm_up,
        scale_in_after=doc.scale_in_after,
        max_step_up=doc.max_step_up,
        max_step_down=doc.max_step_down,
        step_every=doc.step_every,
    )
