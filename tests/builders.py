"""Values with every default filled in: a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from trimtab.codec import ulid
from trimtab.model.assessment import Assessment, Condition, FleetBelief, TargetBelief
from trimtab.model.change import Eject, Resize, inverse_of
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import Arn, EntryId, FleetId, InstanceId, ServiceId, Zone
from trimtab.model.memory import Memory
from trimtab.model.observation import FleetSeen, Observation, Target, TargetState
from trimtab.model.policy import EjectMethod, FleetPolicy, Lever, Mode, Policy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Inputs, Pause, Tick

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SHOP = ServiceId("shop")
BLUE = FleetId("blue")
BLUE_ARN = Arn(
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/blue/0123456789abcdef"
)


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
    """An assessment that trusts all targets."""
    beliefs = tuple(TargetBelief(t, Condition.TRUSTED, serves=True) for t in targets)
    fleets: Mapping[FleetId, FleetBelief] = {
        BLUE: FleetBelief(
            fleet=BLUE,
            targets=beliefs,
            demand=None,
            demand_gap=Reason(ReasonCode.NO_DATA, "no traffic"),
            error_share=None,
            bad=0,
            bad_share=0.0,
            panic=False,
            down=False,
            suspicious=False,
        )
    }
    return Assessment(fleets)
