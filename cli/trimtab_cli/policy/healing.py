"""The document's ``health`` section: what makes a target suspect, and what happens to it then."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from trimtab.model.access_logs import CountSource
from trimtab.model.policy import (
    EjectMethod,
    EjectPolicy,
    FailureOutlier,
    FailureRule,
    FleetSigns,
    HealthPolicy,
    LoadBalancerHealth,
    OutlierPolicy,
    TargetMetric,
)
from trimtab_cli.policy.detecting import DetectorsDoc, PatienceDoc
from trimtab_cli.policy.doc import Doc
from trimtab_cli.policy.expected import (
    duration,
    latency_floor,
    number,
    rate,
    share,
    text,
    whole,
    word,
)
from trimtab_cli.policy.forms import MetricUnit, OffOr, as_written, default_of
from trimtab_cli.policy.ladder import ProbationDoc, ReplaceDoc
from trimtab_cli.policy.logged import AccessLogsDoc
from trimtab_cli.policy.probing import ProbeDoc
from trimtab_cli.policy.units import Latency

METRIC_WORD = text("1 to 255 printable characters", r"[!-~](?:[ -~]{0,253}[!-~])?")
STATISTIC = text(
    "a CloudWatch statistic such as Average, Maximum or p95",
    r"Average|Sum|Minimum|Maximum|SampleCount|IQM|(?:p|tm|wm|tc|ts)[0-9]{1,2}(?:\.[0-9]{1,10})?",
)


class MetricDoc(Doc):
    """A metric of your application with one series per target."""

    namespace: Annotated[str, METRIC_WORD] = Field(
        description="CloudWatch namespace it is published in.", examples=["Shop"]
    )
    name: Annotated[str, METRIC_WORD] = Field(
        description="Name of the metric.", examples=["Latency"]
    )
    statistic: Annotated[str, STATISTIC] = Field(
        default=default_of(TargetMetric, "statistic"),
        description="Statistic read for each minute.",
        examples=["p95"],
    )
    dimension: Annotated[str, METRIC_WORD] = Field(
        default=default_of(TargetMetric, "dimension"),
        description="Dimension that holds the target's instance id (or IP address).",
    )
    unit: Annotated[MetricUnit, word(MetricUnit)] = Field(
        default=as_written("unit", MetricUnit.NONE),
        description="What the metric's numbers are. Needed to give `floor` as a latency: 250ms is "
        "0.25 in a metric of seconds and 250 in one of milliseconds.",
    )


class OutlierDoc(Doc):
    """A detector: a target is an outlier when its metric stands above its peers'.

    All three comparisons must hold: against the peers' median, against their spread, and against
    `floor`.
    """

    metric: MetricDoc = Field(description="What is compared between targets.")
    times_median: Annotated[float, number(1.1, 100)] = Field(
        default=default_of(OutlierPolicy, "times_median"),
        description="At least this many times the peers' median. Below 1.1 noise would eject.",
    )
    deviations: Annotated[float, number(1, 100)] = Field(
        default=default_of(OutlierPolicy, "deviations"),
        description="At least this many robust deviations (1.4826 x MAD) above the peers' median.",
    )
    floor: Annotated[float | Latency, latency_floor()] = Field(
        default=default_of(OutlierPolicy, "floor"),
        description="Below this nobody is an outlier, however much slower than its peers: nobody "
        "should be ejected for 6 ms among peers of 2 ms.",
        examples=["250ms"],
    )
    min_peers: Annotated[int, whole(2, 100)] = Field(
        default=default_of(OutlierPolicy, "min_peers"),
        description="Other targets with data that are needed to compare. With a single peer nobody "
        "can say which of the two is wrong.",
    )
    min_samples: Annotated[int, whole(1, 60)] = Field(
        default=default_of(OutlierPolicy, "min_samples"),
        description="Minutes of data that are needed, and that must stand out.",
    )


class CountDoc(Doc):
    """A count your application publishes with one series per target; its sum a minute is read."""

    namespace: Annotated[str, METRIC_WORD] = Field(
        description="CloudWatch namespace it is published in.", examples=["Shop"]
    )
    name: Annotated[str, METRIC_WORD] = Field(
        description="Name of the metric.", examples=["Requests"]
    )
    dimension: Annotated[str, METRIC_WORD] = Field(
        default=default_of(TargetMetric, "dimension"),
        description="Dimension that holds the target's instance id (or IP address).",
    )


_REQUESTS = {"namespace": "Shop", "name": "Requests"}


class FailuresDoc(Doc):
    """A detector: a target is an outlier when it fails more of its requests than its peers do.

    `binomial` works from two targets on. `success_rate` and `failure_percentage` are Envoy's
    rules, exactly; a deviation from the mean cannot stand out in fleets of less than six.
    """

    source: Annotated[CountSource, word(CountSource)] = Field(
        default=default_of(FailureOutlier, "source"),
        description="`metrics` of your application, which `requests` and `errors` name, or the "
        "load balancer's `access_logs`, which need neither.",
    )
    requests: CountDoc | None = Field(
        default=None, description="Requests each target answered.", examples=[_REQUESTS]
    )
    errors: CountDoc | None = Field(
        default=None,
        description="Those it failed. A minute with requests and without a datapoint of errors is "
        "a minute without errors.",
        examples=[{"namespace": "Shop", "name": "Errors"}],
    )
    rule: Annotated[FailureRule, word(FailureRule)] = Field(
        default=default_of(FailureOutlier, "rule"), description="How targets are compared."
    )
    window: Annotated[timedelta, duration("2m", "8m")] = Field(
        default=default_of(FailureOutlier, "window"),
        description="Time over which counts are added up; the last two minutes must each be bad.",
    )
    min_volume: Annotated[int, whole(1, 1_000_000)] = Field(
        default=default_of(FailureOutlier, "min_volume"),
        description="Requests a target must have answered in that time to be judged. Envoy's "
        "defaults are 100 for `success_rate` and 50 for `failure_percentage`.",
    )
    min_difference: Annotated[float, share("0.1%", "100%")] = Field(
        default=default_of(FailureOutlier, "min_difference"),
        description="`binomial`: how much larger its share of failures must be than that of its "
        "peers together.",
    )
    chance: Annotated[float, number(1e-12, 0.05)] = Field(
        default=default_of(FailureOutlier, "chance"),
        description="`binomial`: how rarely so many failures may come by chance, over all targets "
        "of a look. Above 0.05 luck would eject.",
    )
    min_hosts: Annotated[int, whole(2, 1_000)] = Field(
        default=default_of(FailureOutlier, "min_hosts"),
        description="Envoy's rules: targets with enough requests that are needed.",
    )
    deviations: Annotated[float, number(0.1, 10)] = Field(
        default=default_of(FailureOutlier, "deviations"),
        description="`success_rate`: standard deviations below the mean.",
    )
    failure_share: Annotated[float, share("1%", "100%")] = Field(
        default=default_of(FailureOutlier, "failure_share"),
        description="`failure_percentage`: share of failures from which on.",
    )


class LoadBalancerDoc(Doc):
    """Believe the load balancer's verdict on a target once it has held."""

    unhealthy_for: Annotated[timedelta, duration("0s", "1h")] = Field(
        default=default_of(LoadBalancerHealth, "unhealthy_for"),
        description="How long a target must have been unhealthy before it is taken out.",
    )


class EjectDoc(Doc):
    """How targets are taken out and brought back."""

    method: Annotated[EjectMethod, word(EjectMethod)] = Field(
        default=default_of(EjectPolicy, "method"),
        description="`standby` keeps a group's instance for inspection, `deregister` only takes it "
        "from the target group; `auto` is standby for members of a group, else deregister.",
    )
    max_share: Annotated[float, share("1%", "50%")] = Field(
        default=default_of(EjectPolicy, "max_share"),
        description="Largest share of a fleet held out at once. Never above half: when more is "
        "bad, the cause is not the targets.",
    )
    max_zone_share: Annotated[float, share("1%", "100%")] = Field(
        default=default_of(EjectPolicy, "max_zone_share"),
        description="Largest share of a fleet's targets in one zone held out at once.",
    )
    keep_out: Annotated[timedelta, duration("1m", "1d")] = Field(
        default=default_of(EjectPolicy, "keep_out"),
        description="How long a target stays out the first time; doubles with each further time.",
    )
    max_keep_out: Annotated[timedelta, duration("1m", "7d")] = Field(
        default=default_of(EjectPolicy, "max_keep_out"),
        description="Longest time a target stays out before it gets another chance.",
    )
    strike_decay: Annotated[timedelta, duration("10m", "30d")] = Field(
        default=default_of(EjectPolicy, "strike_decay"),
        description="After this long in good health an earlier ejection is forgotten.",
    )


class SignsDoc(Doc):
    """Signs of trouble in a whole fleet's own metrics, read every `health.watch`."""

    latency_rise: Annotated[float, number(1.05, 10)] = Field(
        default=default_of(FleetSigns, "latency_rise"),
        description="Mean latency above this many times its usual makes a fleet suspicious: its "
        "per-target metrics are read.",
    )
    error_share: Annotated[float, share("0.1%", "50%")] = Field(
        default=default_of(FleetSigns, "error_share"),
        description="So does this share of 5xx answers.",
    )
    down_error_share: Annotated[float, share("10%", "100%")] = Field(
        default=default_of(FleetSigns, "down_error_share"),
        description="A fleet that fails this share of its requests is down: traffic is routed "
        "around it. Not below 10%: moving everything for less does more harm.",
    )
    min_requests: Annotated[float, rate()] = Field(
        default=default_of(FleetSigns, "min_requests"),
        description="Nothing is read into fewer requests than this.",
    )


class HealthDoc(Doc):
    """What makes a target suspect, and what happens to it then."""

    load_balancer: Annotated[LoadBalancerDoc | None, OffOr()] = Field(
        default_factory=LoadBalancerDoc,
        description="The load balancer's health checks; `off` ignores them.",
        examples=["off"],
    )
    outliers: tuple[OutlierDoc, ...] = Field(
        default=(),
        max_length=10,
        description="Detectors that compare each target with its peers.",
    )
    failures: Annotated[FailuresDoc | None, OffOr()] = Field(
        default=None,
        description="A detector that compares each target's failures with its peers'; `off` "
        "without metrics to compare.",
        examples=["off"],
    )
    probe: Annotated[ProbeDoc | None, OffOr()] = Field(
        default=None,
        description="Our own probe of each target; `off` without the function for it.",
        examples=["off"],
    )
    access_logs: Annotated[AccessLogsDoc | None, OffOr()] = Field(
        default=None,
        description="What the load balancer's access logs say of each target; `off` without the "
        "function that reads them.",
        examples=["off"],
    )
    signs: SignsDoc = Field(
        default_factory=SignsDoc, description="When a whole fleet is suspicious, or down."
    )
    eject: EjectDoc = Field(default_factory=EjectDoc, description="How targets leave and return.")
    probation: ProbationDoc = Field(
        default_factory=ProbationDoc, description="How targets are tried once they are back."
    )
    replace: Annotated[ReplaceDoc | None, OffOr()] = Field(
        default=None,
        description="Replace group members that fail again and again; `off` never does.",
        examples=["off"],
    )
    watch: Annotated[timedelta, duration("1m", "1h")] = Field(
        default=default_of(HealthPolicy, "watch"),
        description="How often a quiet fleet's errors and latency are read; each minute once it is "
        "suspicious. CloudWatch bills by what is read.",
    )
    sweep: Annotated[timedelta, duration("1m", "1d")] = Field(
        default=default_of(HealthPolicy, "sweep"),
        description="How often per-target metrics are read when nothing looks wrong. They are what "
        "costs most: one metric per target.",
    )
    detectors: DetectorsDoc = Field(
        default_factory=DetectorsDoc, description="What is made of each detector's findings."
    )
    patience: PatienceDoc = Field(
        default_factory=PatienceDoc, description="How long some findings must hold."
    )
    suspicion: Annotated[timedelta, duration("1m", "1d")] = Field(
        default=default_of(HealthPolicy, "suspicion"),
        description="How long per-target metrics are read every minute after something looked "
        "wrong.",
    )
