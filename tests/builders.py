"""Values with every default filled in: a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from trimtab.assess import assess
from trimtab.codec import ulid
from trimtab.model.assessment import Assessment
from trimtab.model.change import Eject, Resize, inverse_of
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import Arn, EntryId, FleetId, InstanceId, RouteId, ServiceId, Zone
from trimtab.model.memory import Ejection, FleetMemory, Memory
from trimtab.model.observation import (
    FleetSeen,
    Group,
    Lifecycle,
    LoadSignal,
    Member,
    Observation,
    Point,
    RouteSeen,
    Series,
    Target,
    TargetState,
)
from trimtab.model.policy import (
    EjectMethod,
    FleetPolicy,
    Lever,
    Mode,
    OutlierPolicy,
    Policy,
    RoutePolicy,
    ScalingMetric,
    ScalingPolicy,
    TargetMetric,
    TargetTracking,
)
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.report import Report, Source, Tally
from trimtab.model.request import Asked
from trimtab.model.tick import Inputs, Pause, Tick

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SHOP = ServiceId("shop")
BLUE = FleetId("blue")
BLUE_ARN = Arn(
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/blue/0123456789abcdef"
)
GREEN = FleetId("green")
GREEN_ARN = Arn(
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/green/fedcba9876543210"
)
MAIN = RouteId("main")
RULE = Arn(
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/shop/0123456789abcdef/1/2"
)
REQUESTS = TargetTracking(ScalingMetric.REQUESTS_PER_TARGET, target=900)
SLOW = OutlierPolicy(TargetMetric("Shop", "latency", "p95"), floor=0.02)


def at(minutes: float = 0.0) -> datetime:
    """Noon of the day all tests live on, and so many minutes."""
    return NOON + timedelta(minutes=minutes)


def a_policy(service: str = SHOP, **changes: Any) -> Policy:
    """One fleet, everything enforced."""
    policy = Policy(
        service=ServiceId(service),
        modes=dict.fromkeys(Lever, Mode.ENFORCE),
        fleets={BLUE: FleetPolicy(BLUE, BLUE_ARN, "app/shop/0123456789abcdef", "blue-asg")},
    )
    return replace(policy, **changes)


def a_target(number: int = 1, **changes: Any) -> Target:
    """A healthy target."""
    target = Target(InstanceId(f"i-{number:017x}"), 8080, Zone("eu-west-1a"), TargetState.HEALTHY)
    return replace(target, **changes)


def an_eject(number: int = 1, **changes: Any) -> Eject:
    """Deregister one target of the blue fleet."""
    eject = Eject(
        fleet=BLUE,
        target_group=BLUE_ARN,
        instance=a_target(number).instance,
        port=8080,
        zone=Zone("eu-west-1a"),
        method=EjectMethod.DEREGISTER,
    )
    return replace(eject, **changes)


def an_entry(
    service: str = SHOP, when: datetime = NOON, seq: int = 0, seed: str = "", **changes: Any
) -> Entry:
    """An intent to resize the blue fleet from 4 to 5."""
    change = Resize(BLUE, "blue-asg", before=4, after=5)
    entry = Entry(
        service=ServiceId(service),
        id=EntryId(f"{ulid(when, f'{service}{seed}')}#{seq:03}"),
        at=when,
        kind=Kind.INTENDED,
        by="schedule",
        tick="T1",
        reason=Reason(ReasonCode.WITHIN_LIMITS, "all guards agree"),
        lever=Lever.SCALE,
        mode=Mode.ENFORCE,
        change=change,
        inverse=inverse_of(change),
        deadline=when + timedelta(minutes=2),
    )
    return replace(entry, **changes)


def a_request(asked: Asked, when: datetime = NOON, seq: int = 0, **changes: Any) -> Entry:
    """An operator's ``requested`` entry."""
    entry = an_entry(when=when, seq=seq, seed="ann", kind=Kind.REQUESTED, by="ann")
    reason = Reason(ReasonCode.REQUESTED, "because I say so")
    bare = replace(entry, lever=None, mode=None, change=None, inverse=None, deadline=None)
    return replace(replace(bare, asked=asked, reason=reason), **changes)


def a_report(
    minutes: float = 0, zone: str = "a", failing: Iterable[int] = (), of: int = 3, **changes: Any
) -> Report:
    """What the probe saw of the first ``of`` targets: all but those ``failing`` answered."""
    bad = frozenset(failing)
    tallies = {
        a_target(n).id: Tally(1, 1, None, "status 503") if n in bad else Tally(1, 0, 0.01)
        for n in range(1, of + 1)
    }
    report = Report(Source.PROBE, SHOP, BLUE, Zone(zone), at(minutes), tallies)
    return replace(report, **changes)


def a_pause(**changes: Any) -> Pause:
    """A pause of everything, until resumed."""
    return replace(Pause(frozenset(Lever), "ops", "deploying", NOON), **changes)


def a_tick(
    policy: Policy | None = None,
    memory: Memory | None = None,
    when: datetime = NOON,
    **changes: Any,
) -> Tick:
    """A tick that saw two healthy targets and wanted nothing."""
    policy, memory = policy or a_policy(version=1), memory or Memory()
    targets = tuple(a_target(n) for n in (1, 2))
    tick = Tick(
        id=ulid(when, policy.service),
        inputs=Inputs(seen_targets(targets, policy.service, when), policy, memory),
        belief=believed(targets),
        verdicts=(),
        entries=(),
        memory=memory,
    )
    return replace(tick, **changes)


def seen_targets(
    targets: tuple[Target, ...], service: str = SHOP, when: datetime = NOON
) -> Observation:
    """An observation of the blue fleet's targets."""
    return Observation(ServiceId(service), when, {BLUE: FleetSeen(BLUE, targets)}, {})


def believed(targets: tuple[Target, ...]) -> Assessment:
    """What is believed of a fleet of which only its targets were seen."""
    return assess(seen_targets(targets), a_policy(), Memory())


def two_fleets(**changes: Any) -> Policy:
    """Blue carries all and green stands by; one rule splits traffic between them."""
    home = {BLUE: 1.0, GREEN: 0.0}
    fleets = {
        BLUE: FleetPolicy(BLUE, BLUE_ARN, "app/shop/0123456789abcdef", "blue-asg"),
        GREEN: FleetPolicy(GREEN, GREEN_ARN, "app/shop/0123456789abcdef", "green-asg"),
    }
    kept = {
        "fleets": fleets,
        "scaling": ScalingPolicy(rules=(REQUESTS,)),
        "routes": (RoutePolicy(MAIN, RULE, home),),
    }
    return a_policy(**{**kept, **changes})


def targets(count: int, *others: Target, first: int = 1) -> tuple[Target, ...]:
    """So many healthy targets, and after them the others."""
    return (*(a_target(n) for n in range(first, first + count)), *others)


def a_member(number: int = 1, **changes: Any) -> Member:
    """A member in service, of the same instance as ``a_target(number)``."""
    known = a_target(number)
    return replace(Member(known.instance, known.zone, Lifecycle.IN_SERVICE), **changes)


def a_group(count: int = 4, *others: Member, **changes: Any) -> Group:
    """So many members in service, as many as desired, between 1 and 12."""
    members = (*(a_member(n) for n in range(1, count + 1)), *others)
    group = Group("blue-asg", 1, 12, count, members)
    return replace(group, **changes)


def a_series(*values: float, ago: float = 1, complete: bool = True) -> Series:
    """One datapoint a minute, the newest so many minutes before noon."""
    newest = at(-ago)
    points = (
        Point(newest - timedelta(minutes=back), float(value))
        for back, value in zip(range(len(values) - 1, -1, -1), values, strict=True)
    )
    return Series.of(points, complete)


def a_fleet(
    here: tuple[Target, ...] | None = None,
    group: Group | None = None,
    units: float | None = None,
    **changes: Any,
) -> FleetSeen:
    """The blue fleet as seen; ``units`` of fresh load, at 900 requests a minute each."""
    signals = {} if units is None else {LoadSignal.REQUESTS: a_series(units * 900)}
    return replace(FleetSeen(BLUE, here, group, signals), **changes)


def seen(*fleets: FleetSeen, weights: Mapping[Arn, int] | None = None) -> Observation:
    """An observation at noon of these fleets, and of the main rule if its weights are given."""
    routes = {} if weights is None else {MAIN: RouteSeen(RULE, weights)}
    return Observation(SHOP, NOON, {f.fleet: f for f in fleets}, routes)


def remembered(fleet: FleetId = BLUE, **changes: Any) -> Memory:
    """A memory of one fleet."""
    return Memory(version=1, fleets={fleet: FleetMemory(**changes)})


def an_ejection(eject: Eject | None = None, **changes: Any) -> Ejection:
    """A target taken out ten minutes ago for five."""
    held = Ejection(eject or an_eject(), ReasonCode.EJECT_UNHEALTHY, at(-10), at(-5), strikes=1)
    return replace(held, **changes)
