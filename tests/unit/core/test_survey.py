"""Whom the survey has asked, where, and what it keeps of the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    NOON,
    SHOP,
    a_policy,
    a_target,
    an_eject,
    an_entry,
    at,
    remembered,
    targets,
)
from tests.fakes import SmallWorld
from trimtab.errors import Throttled
from trimtab.model.entry import Kind
from trimtab.model.errand import Addressed, Answered, Brought, Errand, Run
from trimtab.model.ids import InstanceId, ServiceId, TargetId, Zone
from trimtab.model.memory import Ejection, Memory
from trimtab.model.observation import TargetState
from trimtab.model.policy import HealthPolicy, Policy
from trimtab.model.probe import ProbePolicy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.report import Report, Tally
from trimtab.model.tick import Remembered
from trimtab.ports import Store
from trimtab.survey import Surveyor, runs_of
from trimtab_lab.simulator.stores import InMemory

PROBED = a_policy(health=HealthPolicy(probe=ProbePolicy(port=9000)))
GONE = Reason(ReasonCode.NOT_SEEN, "no answer")


@dataclass
class Here:
    """Ports ``Addresses`` and ``Probes``: instances are at addresses made of their ids."""

    places: tuple[str, ...] = ("a", "b")
    asked: list[Addressed] = field(default_factory=list)
    looked_up: list[InstanceId] = field(default_factory=list)
    lost: tuple[str, ...] = ()
    blind: bool = False

    def of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, str] | Reason:
        self.looked_up += instances
        return GONE if self.blind else {i: f"10.0.0.{int(i[2:])}" for i in instances if i[2:] < "9"}

    def ask(self, runs: Sequence[Run]) -> Mapping[Zone, Sequence[Brought | Reason]]:
        self.asked += [one for run in runs for errand in run.errands for one in errand.targets]
        return {
            Zone(p): [GONE if p in self.lost else _all_well(run) for run in runs]
            for p in self.places
        }


def _all_well(run: Run) -> Brought:
    return Brought(
        tuple(
            Answered(e.service, e.fleet, {one.target: Tally(1, 0) for one in e.targets})
            for e in run.errands
        )
    )


@dataclass
class Deployed:
    """A survey, the world it looks at and what it keeps."""

    here: Here = field(default_factory=Here)
    world: SmallWorld = field(default_factory=lambda: SmallWorld(registered={BLUE_ARN: targets(3)}))
    state: InMemory = field(default_factory=InMemory)
    memory: Memory | None = None

    def put(self, policy: Policy) -> None:
        entry = an_entry(
            policy.service,
            kind=Kind.POLICY,
            change=None,
            inverse=None,
            deadline=None,
            seed=str(policy.health),
        )
        self.state.store.apply_policy(policy, frozenset(), entry)

    def survey(self) -> tuple[int, int, tuple[str, ...]]:
        store: Store = self.state.store
        if self.memory is not None:
            store = _Holding(self.state.store, self.memory)  # type: ignore[assignment]
        surveyor = Surveyor(store, self.world, self.here, self.here, self.state.reports)
        done = surveyor.survey(at(0.4))
        return done.targets, done.reports, done.troubles

    def kept(self) -> tuple[Report, ...]:
        found = self.state.reports.recent([(SHOP, BLUE)], at(-1))[SHOP, BLUE]
        assert not isinstance(found, Reason)
        return found


@dataclass
class _Holding:
    """A store whose service remembers this."""

    inner: Store
    memory: Memory

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def recall(self, services: Sequence[ServiceId]) -> Mapping[ServiceId, Remembered | Reason]:
        found = self.inner.recall(services)
        return {
            n: r if isinstance(r, Reason) else replace(r, memory=self.memory)
            for n, r in found.items()
        }


@pytest.fixture
def deployed() -> Deployed:
    made = Deployed()
    made.put(PROBED)
    return made


def test_everybody_is_asked_from_everywhere_at_the_policys_port(deployed: Deployed) -> None:
    assert deployed.survey() == (3, 2, ())
    assert deployed.here.asked[0] == Addressed(a_target(1).id, "10.0.0.1", 9000)
    assert [(r.zone, r.minute, len(r.tallies)) for r in deployed.kept()] == [
        ("a", NOON, 3), ("b", NOON, 3),
    ]  # fmt: skip


def test_services_without_a_probe_cost_nothing(deployed: Deployed) -> None:
    deployed.put(a_policy())
    deployed.put(replace(PROBED, service=ServiceId("off"), enabled=False))
    assert deployed.survey() == (0, 0, ())
    assert deployed.here.looked_up == []


def test_who_is_leaving_is_not_asked_and_who_is_in_its_first_checks_is(deployed: Deployed) -> None:
    states = (TargetState.DRAINING, TargetState.INITIAL, TargetState.UNHEALTHY)
    deployed.world.registered[BLUE_ARN] = tuple(
        a_target(n, state=state) for n, state in enumerate(states, start=1)
    )
    assert deployed.survey()[0] == 2


def test_who_is_held_out_is_asked_too_once(deployed: Deployed) -> None:
    out = {
        a_target(n).id: Ejection(an_eject(n), ReasonCode.EJECT_OUTLIER, NOON, at(10), 1)
        for n in (2, 7)
    }
    deployed.memory = remembered(ejected=out)
    assert deployed.survey()[0] == 4
    assert a_target(7).id in deployed.kept()[0].tallies


def test_held_out_targets_are_asked_even_when_the_others_cannot_be_read(deployed: Deployed) -> None:
    out = {a_target(7).id: Ejection(an_eject(7), ReasonCode.EJECT_OUTLIER, NOON, at(10), 1)}
    deployed.memory = remembered(ejected=out)
    deployed.world.registered[BLUE_ARN] = GONE
    count, _, troubles = deployed.survey()
    assert count == 1
    assert troubles == ("shop: blue: no answer",)


def test_addresses_are_their_own_and_instances_without_one_are_left_out(deployed: Deployed) -> None:
    mixed = (a_target(1), replace(a_target(1), instance=InstanceId("10.1.2.3"), port=80),
             replace(a_target(1), instance=InstanceId("i-9")))  # fmt: skip
    deployed.world.registered[BLUE_ARN] = mixed
    assert deployed.survey()[0] == 2
    assert Addressed(TargetId("10.1.2.3:80"), "10.1.2.3", 9000) in deployed.here.asked
    deployed.here.blind, deployed.here.asked = True, []
    assert [one.address for one in deployed.here.asked] == []
    assert deployed.survey()[2] == ("addresses: no answer",)


def test_a_place_that_brings_nothing_back_reports_nothing(deployed: Deployed) -> None:
    deployed.here.lost = ("a",)
    assert deployed.survey() == (3, 1, ("the probe in a: no answer",))
    assert [r.zone for r in deployed.kept()] == ["b"]


def test_a_report_that_cannot_be_kept_is_said(deployed: Deployed) -> None:
    class Full:
        def keep(self, report: Report) -> None:
            raise Throttled("no more")

        def recent(self, fleets: object, since: object) -> dict[object, object]:
            return {}

    deployed.state.reports = Full()  # type: ignore[assignment]
    count, kept, troubles = deployed.survey()
    assert (count, kept, len(troubles)) == (3, 0, 2)


@pytest.mark.parametrize(
    ("sizes", "most", "runs"),
    [
        ((3,), 5, [3]),
        ((5,), 5, [5]),
        ((6,), 5, [3, 3]),
        ((7, 2), 5, [5, 4]),
        ((1, 1, 1), 2, [2, 1]),
    ],
)
def test_errands_are_cut_into_runs_with_a_part_of_each_fleet(
    sizes: tuple[int, ...], most: int, runs: list[int]
) -> None:
    errands = [
        Errand(SHOP, BLUE, ProbePolicy(),
               tuple(Addressed(TargetId(f"{n}-{i}"), "10.0.0.1", 80) for i in range(size)))
        for n, size in enumerate(sizes)
    ]  # fmt: skip
    cut = runs_of(errands, most)
    assert [sum(len(e.targets) for e in run.errands) for run in cut] == runs
    every = sorted(t.target for run in cut for e in run.errands for t in e.targets)
    assert every == sorted(t.target for e in errands for t in e.targets)
