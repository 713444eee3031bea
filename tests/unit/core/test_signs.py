"""What is asked beyond health, of which fleets, and what becomes of what fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    NOON,
    SHOP,
    a_group,
    a_policy,
    a_report,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    targets,
    two_fleets,
)
from tests.fakes import SmallWorld
from trimtab.model.detectors import DEFAULT_USE, Detector, Use
from trimtab.model.ids import Arn, InstanceId
from trimtab.model.memory import Finding, Memory
from trimtab.model.observation import FleetSeen, Observation, TargetState
from trimtab.model.policy import HealthPolicy, Policy
from trimtab.model.probe import ProbePolicy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.report import Report
from trimtab.model.signs import Check, Closer, Impairment, Machine, Marks, Notice
from trimtab.model.tick import Remembered
from trimtab.observe import observe
from trimtab.signs import with_signs

DEAD = a_target(3, state=TargetState.UNHEALTHY)
ONE = a_target(1).instance
ILL = Machine((Impairment(Check.SYSTEM, at(-5)),))
NO = Reason(ReasonCode.ACCESS_DENIED, "ec2:DescribeTags: not allowed")


@dataclass
class Asked:
    """Port ``Signs`` that notes what it is asked."""

    calls: list[str] = field(default_factory=list)
    no: Reason | None = None

    def marks(self, target_groups: Sequence[Arn]) -> Mapping[Arn, Marks | Reason]:
        self.calls.append(f"marks {len(target_groups)}")
        return {arn: self.no or Marks("kubernetes", "k8s.io/x") for arn in target_groups}

    def untouchable(self) -> frozenset[InstanceId] | Reason:
        self.calls.append("untouchable")
        return self.no or frozenset({ONE, InstanceId("i-elsewhere")})

    def notices(self) -> Mapping[InstanceId, Notice] | Reason:
        self.calls.append("notices")
        return self.no or {ONE: Notice("marked-for-termination", NOON)}

    def machines(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Machine] | Reason:
        self.calls.append(f"machines {len(instances)}")
        return self.no or {ONE: ILL}

    def refreshes(self, groups: Sequence[str]) -> Mapping[str, str | Reason]:
        self.calls.append(f"refreshes {' '.join(groups)}")
        return dict.fromkeys(groups, self.no or "InProgress")


def look(
    signs: Asked,
    policy: Policy | None = None,
    memory: Memory | None = None,
    urgent: bool = False,
    **world: object,
) -> Observation:
    here = {BLUE_ARN: targets(3), GREEN_ARN: targets(2, first=7), **world}
    held = Remembered(policy or two_fleets(), memory or Memory())
    known = SmallWorld(registered=here)  # type: ignore[arg-type]
    by_hand = {SHOP} if urgent else set()
    seen = observe(known, {SHOP: held}, by_hand, NOON)
    return with_signs(signs, {SHOP: held}, seen, by_hand)[SHOP]


def with_dead(signs: Asked, **more: object) -> FleetSeen:
    return look(signs, **{BLUE_ARN: targets(2, DEAD)}, **more).fleets[BLUE]  # type: ignore[arg-type]


MACHINES = a_policy(health=HealthPolicy(detectors={**DEFAULT_USE, Detector.MACHINE: Use.SHADOW}))


def test_a_quiet_fleet_is_asked_nothing_and_costs_nothing() -> None:
    signs = Asked()
    assert {f.closer for f in look(signs).fleets.values()} == {None}
    assert signs.calls == []


def test_a_fleet_with_which_something_is_the_matter_is_asked_for_alone() -> None:
    signs = Asked()
    fleet = with_dead(signs)
    assert fleet.closer == Closer(
        marks=Marks("kubernetes", "k8s.io/x"),
        untouchable=frozenset({ONE}),
        notices={ONE: Notice("marked-for-termination", NOON)},
        refresh="InProgress",
    )
    assert sorted(signs.calls) == ["marks 1", "notices", "refreshes blue-asg", "untouchable"]


def test_what_was_found_before_and_whoever_asks_is_a_reason_to_look() -> None:
    held = remembered(findings={a_target(1).id: (Finding(ReasonCode.LB_UNHEALTHY, at(-1)),)})
    assert look(Asked(), memory=held).fleets[BLUE].closer is not None
    assert look(Asked(), urgent=True).fleets[GREEN].closer is not None


def test_all_that_is_asked_is_asked_once_for_all_fleets() -> None:
    signs = Asked()
    look(signs, urgent=True)
    assert sorted(signs.calls) == [
        "marks 2", "notices", "refreshes blue-asg green-asg", "untouchable",
    ]  # fmt: skip


def test_machines_are_asked_for_always_but_only_if_the_policy_says_so() -> None:
    signs = Asked()
    seen = look(signs, MACHINES).fleets[BLUE]
    assert seen.closer == Closer(machines={ONE: ILL})
    assert signs.calls[-1] == "machines 3"


def test_what_cannot_be_asked_is_a_gap_and_no_answer() -> None:
    seen = look(Asked(no=NO), **{BLUE_ARN: targets(2, DEAD)})  # type: ignore[arg-type]
    assert seen.fleets[BLUE].closer == Closer()
    gaps = {(gap.what, gap.subject, gap.reason.code) for gap in seen.gaps}
    for what in ("tags", "instance_tags", "refresh", "notices"):
        assert (what, BLUE, ReasonCode.ACCESS_DENIED) in gaps


def test_addresses_are_no_machines() -> None:
    signs = Asked()
    address = replace(a_target(1), instance=InstanceId("10.0.0.7"))
    look(signs, MACHINES, **{BLUE_ARN: (address,)})  # type: ignore[arg-type]
    assert not any(call.startswith("machines") for call in signs.calls)


def test_the_machine_of_one_that_is_held_out_is_asked_for_while_its_group_has_it() -> None:
    signs = Asked()
    out = remembered(ejected={an_eject(4).target: an_ejection(an_eject(4))})
    held = Remembered(MACHINES, out)
    known = SmallWorld(registered={BLUE_ARN: targets(3)}, members={"blue-asg": a_group(4)})
    seen = observe(known, {SHOP: held}, set(), NOON)
    with_signs(signs, {SHOP: held}, seen, set())
    assert "machines 4" in signs.calls


SURE = {**DEFAULT_USE, Detector.MACHINE: Use.ON}
PROBED = a_policy(health=HealthPolicy(probe=ProbePolicy()))
THREE_BAD = tuple(a_report(-m, failing=[1]) for m in (1, 2, 3))


@pytest.mark.parametrize(
    ("policy", "reports"),
    [
        pytest.param(a_policy(health=HealthPolicy(detectors=SURE)), (), id="its machine is ill"),
        pytest.param(PROBED, THREE_BAD, id="our probe fails it"),
    ],
)
def test_what_is_found_of_a_fleet_that_was_quiet_is_a_reason_to_ask_in_the_same_tick(
    policy: Policy, reports: tuple[Report, ...]
) -> None:
    """It may be taken out at once: whether somebody forbids that is not for the next tick."""
    here = FleetSeen(BLUE, targets(3), a_group(3), reports=reports)
    seen = Observation(SHOP, NOON, {BLUE: here}, {})
    found = with_signs(Asked(), {SHOP: Remembered(policy, Memory())}, {SHOP: seen}, set())
    closer = found[SHOP].fleets[BLUE].closer
    assert closer is not None
    assert closer.untouchable == {ONE}
    assert closer.marks.manager == "kubernetes"


def test_one_bad_answer_of_our_probe_is_no_reason_yet() -> None:
    signs = Asked()
    here = FleetSeen(BLUE, targets(3), a_group(3), reports=THREE_BAD[:1])
    seen = Observation(SHOP, NOON, {BLUE: here}, {})
    with_signs(signs, {SHOP: Remembered(PROBED, Memory())}, {SHOP: seen}, set())
    assert signs.calls == []
