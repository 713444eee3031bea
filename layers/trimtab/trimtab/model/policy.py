"""The effective policy of one service: every field filled, every name resolved.

This is the only place in the runtime that holds default numbers. Documents are parsed and
validated where people hand them in (``trimtab_cli.policy``); here a policy is already valid.
Shares are ratios in 0..1, never percents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from trimtab.model.access_logs import AccessLogs, CountSource
from trimtab.model.detectors import DEFAULT_USE, DETECTOR_OF, Detector, Use
from trimtab.model.ids import Arn, FleetId, RouteId, ServiceId
from trimtab.model.ladder import ProbationPolicy, ReplacePolicy
from trimtab.model.patience import Patience
from trimtab.model.probe import ProbePolicy
from trimtab.model.reason import ReasonCode
from trimtab.model.report import Source
from trimtab.model.zones import ZonePolicy


class Mode(StrEnum):
    """How far Trimtab may go on its own."""

    OBSERVE = "observe"
    APPROVE = "approve"
    ENFORCE = "enforce"


class Lever(StrEnum):
    """Classes of action, each with a mode of its own."""

    EJECT = "eject"
    SCALE = "scale"
    ROUTE = "route"


class EjectMethod(StrEnum):
    """How a target leaves rotation; ``auto`` is standby for a group's member, else deregister."""

    AUTO = "auto"
    STANDBY = "standby"
    DEREGISTER = "deregister"


class OnFailure(StrEnum):
    """What a route does when a fleet cannot carry its share."""

    HOLD = "hold"
    SPILL = "spill"


@dataclass(frozen=True, slots=True)
class FleetPolicy:
    """One fleet: a target group and, if it has one, the Auto Scaling group behind it.

    ``target_group`` is the ARN; ``load_balancer`` the ``app/name/id`` part that CloudWatch uses as
    a dimension (empty if the target group is attached to none); ``group`` the group's name.
    ``slow_start`` is the target group's own: for so long after it comes a target gets less than its
    share.
    """

    name: FleetId
    target_group: Arn
    load_balancer: str
    group: str | None = None
    slow_start: timedelta = timedelta(0)

    @property
    def target_group_dimension(self) -> str:
        """The ``targetgroup/name/id`` part of the ARN, as CloudWatch names it."""
        return self.target_group.rsplit(":", 1)[-1]


@dataclass(frozen=True, slots=True)
class TargetMetric:
    """A metric of the application with one series per target, told apart by ``dimension``."""

    namespace: str
    name: str
    statistic: str = "Average"
    dimension: str = "InstanceId"


@dataclass(frozen=True, slots=True)
class LoadBalancerHealth:
    """Believe the load balancer's verdict once it has held for ``unhealthy_for``."""

    unhealthy_for: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class OutlierPolicy:
    """A target is an outlier when its metric stands above its peers', not for one minute only.

    Flagged when the lower median of its last ``min_samples`` samples is above ``times_median`` x
    the peers' median AND above the peers' median + ``deviations`` x 1.4826 x MAD AND above
    ``floor`` (in the metric's own unit). Needs ``min_peers`` other targets with data.
    """

    metric: TargetMetric
    times_median: float = 3.0
    deviations: float = 5.0
    floor: float = 0.0
    min_peers: int = 2
    min_samples: int = 2


class FailureRule(StrEnum):
    """How one target's failures are compared with its peers'."""

    BINOMIAL = "binomial"
    SUCCESS_RATE = "success_rate"
    FAILURE_PERCENTAGE = "failure_percentage"


@dataclass(frozen=True, slots=True)
class FailureOutlier:
    """A target is an outlier when it fails more of its requests than its peers do.

    ``requests`` and ``errors`` are counts (sums a minute) that the application reports for each
    target (or, by ``source``, the access logs tell: then both are ``None``); they are added up over
    ``window``. By ``binomial``: at least ``min_difference`` more than the pooled rest, which by
    chance happens less often than ``chance``, and so in each of the last two minutes with requests.
    ``success_rate`` and ``failure_percentage`` are Envoy's rules (``trimtab.assess.envoy``) over
    the same counts, with ``min_hosts``, ``deviations`` and ``failure_share``. Nothing is read into
    fewer than ``min_volume`` requests of one target.
    """

    requests: TargetMetric | None
    errors: TargetMetric | None
    rule: FailureRule = FailureRule.BINOMIAL
    window: timedelta = timedelta(minutes=3)
    min_volume: int = 50
    min_difference: float = 0.05
    chance: float = 0.001
    min_hosts: int = 5
    deviations: float = 1.9
    failure_share: float = 0.85
    source: CountSource = CountSource.METRICS


@dataclass(frozen=True, slots=True)
class EjectPolicy:
    """How targets are taken out and brought back."""

    method: EjectMethod = EjectMethod.AUTO
    max_share: float = 0.2
    max_zone_share: float = 0.5
    keep_out: timedelta = timedelta(minutes=10)
    max_keep_out: timedelta = timedelta(hours=2)
    strike_decay: timedelta = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class FleetSigns:
    """Signs of trouble in a whole fleet's cheap series.

    Suspicious, so worth reading the per-target series: mean latency above ``latency_rise`` x its
    usual, or a share of 5xx answers of at least ``error_share``. Down, so worth routing around:
    at least ``down_error_share``. Nothing is read into fewer than ``min_requests`` a minute.
    """

    latency_rise: float = 1.2
    error_share: float = 0.01
    down_error_share: float = 0.5
    min_requests: float = 50


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """Detectors and the way of ejecting. A detector that is ``None`` is off.

    ``detectors`` says what is made of each; ask ``use``.

    CloudWatch bills by series read, so a quiet fleet's errors and latency are read every ``watch``
    and its per-target series every ``sweep``; each minute while it is suspicious and for
    ``suspicion`` after, and at once when an alarm or an operator asks.
    """

    load_balancer: LoadBalancerHealth | None = LoadBalancerHealth()
    outliers: tuple[OutlierPolicy, ...] = ()
    failures: FailureOutlier | None = None
    probe: ProbePolicy | None = None
    access_logs: AccessLogs | None = None
    signs: FleetSigns = FleetSigns()
    eject: EjectPolicy = EjectPolicy()
    probation: ProbationPolicy = field(default_factory=ProbationPolicy)
    replace: ReplacePolicy | None = None
    watch: timedelta = timedelta(minutes=5)
    sweep: timedelta = timedelta(hours=1)
    suspicion: timedelta = timedelta(minutes=5)
    detectors: Mapping[Detector, Use] = field(default_factory=lambda: DEFAULT_USE)
    patience: Patience = field(default_factory=Patience)

    def use(self, detector: Detector) -> Use:
        """Say what is made of a detector's findings."""
        if detector is Detector.LOAD_BALANCER and self.load_balancer is None:
            return Use.OFF
        return self.detectors.get(detector, DEFAULT_USE[detector])

    def use_of(self, code: ReasonCode) -> Use:
        """Say what is made of a finding, whatever was made of it when it was found."""
        return self.use(DETECTOR_OF[code])

    @property
    def target_metrics(self) -> tuple[TargetMetric, ...]:
        """The application's metrics that a close look reads, one series per target each."""
        rules = self.outliers if self.use(Detector.OUTLIERS) is not Use.OFF else ()
        counts: tuple[TargetMetric, ...] = ()
        counting = (Detector.FAILURES, Detector.CONSECUTIVE)
        if self.failures and any(self.use(each) is not Use.OFF for each in counting):
            asked = (self.failures.requests, self.failures.errors)
            counts = tuple(metric for metric in asked if metric is not None)
        return (*(rule.metric for rule in rules), *counts)

    @property
    def sources(self) -> Mapping[Source, timedelta]:
        """Whose reports its detectors read, and how far back."""
        sources: dict[Source, timedelta] = {}
        if self.probe is not None and self.use(Detector.PROBE) is not Use.OFF:
            sources[Source.PROBE] = self.probe.window
        if self._reads_access_logs and self.use(Detector.ACCESS_LOGS) is not Use.OFF:
            sources[Source.ACCESS_LOGS] = self._logs_window
        return sources

    @property
    def _reads_access_logs(self) -> bool:
        counts = self.failures is not None and self.failures.source is CountSource.ACCESS_LOGS
        return self.access_logs is not None or counts

    @property
    def _logs_window(self) -> timedelta:
        """From the newest minute that may be the last one heard, as far as any rule looks."""
        rules = self.access_logs or AccessLogs(latency=None)
        counts = self.failures.window if self.failures else timedelta(0)
        samples = timedelta(minutes=rules.latency.min_samples if rules.latency else 0)
        return rules.max_age + max(counts, samples)


class ScalingMetric(StrEnum):
    """What a target-tracking rule tracks."""

    REQUESTS_PER_TARGET = "requests_per_target"
    CPU = "cpu"


@dataclass(frozen=True, slots=True)
class TargetTracking:
    """Keep ``metric`` at ``target`` (requests per minute and target, or CPU percent)."""

    metric: ScalingMetric
    target: float
    tolerance: float = 0.1


@dataclass(frozen=True, slots=True)
class ScalingPolicy:
    """Rules that say how many targets the load needs, and how fast a group may follow.

    With several rules the largest answer wins. ``min``/``max`` narrow the group's own bounds.
    ``max_step_up``/``max_step_down`` are shares of the current size, at least one target.
    """

    rules: tuple[TargetTracking, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    warm_up: timedelta = timedelta(minutes=3)
    scale_in_after: timedelta = timedelta(minutes=15)
    max_step_up: float = 1.0
    max_step_down: float = 0.2
    step_every: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """One route: a rule's forward action that splits traffic among fleets by weight.

    ``split`` is the home state: share of each fleet in 0..1, adding up to 1.
    """

    name: RouteId
    rule: Arn
    split: Mapping[FleetId, float]
    on_failure: OnFailure = OnFailure.SPILL
    max_step: float = 0.2
    spill_after: timedelta = timedelta(minutes=2)
    return_after: timedelta = timedelta(minutes=5)
    step_every: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """Limits over all levers together.

    ``max_load`` is the most a target may be made to carry by our doing, in units of its target
    load: survivors of a removal and receivers of a shift must stay at or below it. Data older
    than ``max_age`` is stale. ``demand_memory`` is how long the last known load may
    still speak for keeping capacity, or for routing around a fleet that is down. ``zones`` says
    how fast targets may leave a zone, by how much of it is bad.
    """

    max_load: float = 1.2
    max_removals_per_hour: int = 6
    max_actions_per_hour: int = 60
    panic_share: float = 0.5
    panic_count: int = 2
    max_age: timedelta = timedelta(minutes=4)
    intent_deadline: timedelta = timedelta(minutes=2)
    demand_memory: timedelta = timedelta(minutes=30)
    zones: ZonePolicy = field(default_factory=ZonePolicy)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the user wants for a service; ``version`` is set by the store, 0 before that."""

    service: ServiceId
    modes: Mapping[Lever, Mode]
    fleets: Mapping[FleetId, FleetPolicy]
    health: HealthPolicy = HealthPolicy()
    scaling: ScalingPolicy = ScalingPolicy()
    routes: tuple[RoutePolicy, ...] = ()
    guard: GuardPolicy = field(default_factory=GuardPolicy)
    enabled: bool = True
    version: int = 0

    def mode(self, lever: Lever) -> Mode:
        """Return the mode of one class of action; observe if the document does not say."""
        return self.modes.get(lever, Mode.OBSERVE)

    def resources(self) -> frozenset[str]:
        """The AWS names it covers, as events and alarms mention them."""
        names: set[str] = {f.target_group for f in self.fleets.values()}
        names |= {f.target_group_dimension for f in self.fleets.values()}
        names |= {f.group for f in self.fleets.values() if f.group}
        return frozenset(names | {r.rule for r in self.routes})
