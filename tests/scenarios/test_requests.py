"""An operator and the loop, minute by minute: what is asked, what comes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.scenarios.embedded_shop import A_TARGET_DIES, QUIET, of_kind, shop
from trimtab.model.change import Eject, Resize, Restore
from trimtab.model.entry import Entry, Kind, answer_id, lapse_id
from trimtab.model.ids import EntryId, FleetId, InstanceId
from trimtab.model.life import Stage, fold
from trimtab.model.policy import Lever, Mode
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.request import (
    Approve,
    Asked,
    EjectTarget,
    HoldCapacity,
    ProtectFleet,
    Reject,
    Release,
    RestoreTarget,
    Undo,
)
from trimtab_cli.asking import ask
from trimtab_cli.connect import Connected
from trimtab_cli.find import thread_of
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.simulator.simulate import Simulator
from trimtab_lab.world.faults import Fault

BLUE = FleetId("blue")
LITTLE = 2400.0
"""Requests a minute that blue carries without one of its four: losing it is no overload."""


class Shop:
    """A simulated shop and Ann, who operates it."""

    def __init__(
        self, *faults: Fault, mode: Mode = Mode.ENFORCE, load: float = QUIET, **modes: Mode
    ) -> None:
        scenario = shop(*faults, load=load)
        self.simulator = Simulator(scenario)
        policy = policy_for(scenario, self.simulator.names, mode)
        chosen = {Lever(lever): each for lever, each in modes.items()}
        self.simulator.put(replace(policy, modes={**policy.modes, **chosen}))
        state = self.simulator.state
        self.service = policy.service
        self.blue = policy.fleets[BLUE].target_group
        self.deployment = Connected(
            state.store, state.ledger, self.simulator.names, lambda: "ann", lambda: self.now
        )

    @property
    def now(self) -> datetime:
        return self.simulator.world.now

    def ask(self, *asked: Asked) -> EntryId:
        """Ask, and return the id of the first ``requested`` entry."""
        ask(self.deployment, self.service, asked, "because")
        return next(
            e.id
            for e in self.deployment.ledger.of_service(
                self.service, self.now, self.now + timedelta(seconds=1), newest_first=True
            )
            if e.kind is Kind.REQUESTED and e.asked == asked[0]
        )

    def run(self, minutes: int = 1) -> list[Entry]:
        """Let minutes pass; return what was written meanwhile."""
        before = len(self.simulator.result.entries)
        self.simulator.run(minutes)
        assert self.simulator.result.troubles == []
        return self.simulator.result.entries[before:]

    def until(self, kind: Kind, most: int = 30) -> Entry:
        """Run until the log has an entry of a kind."""
        for _ in range(most):
            found = of_kind(self.run(), kind)
            if found:
                return found[0]
        raise AssertionError(f"no {kind} entry within {most} minutes")

    def size(self) -> int:
        (group,) = [g for g in self.simulator.world.describe_groups() if "blue" in g.name]
        return group.desired

    def stage(self, entry: Entry) -> Stage:
        life = fold(thread_of(self.deployment, entry))
        assert life.illegal == ()
        return life.stage


@pytest.fixture(autouse=True)
def _quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """What the command line says is not of interest here."""


def answers_to(request: EntryId, entries: list[Entry]) -> list[tuple[Kind, Code]]:
    return [(e.kind, e.reason.code) for e in entries if e.request == request and "#out" not in e.id]


def test_what_awaits_is_done_once_somebody_approves_it() -> None:
    here = Shop(A_TARGET_DIES, mode=Mode.APPROVE, load=LITTLE)
    awaiting = here.until(Kind.AWAITING)
    assert here.stage(awaiting) is Stage.AWAITING
    here.ask(Approve(awaiting.id))

    written = here.run()

    (approved,) = of_kind(written, Kind.APPROVED)
    assert (approved.id, approved.by) == (answer_id(awaiting.id), "ann")
    (intent,) = of_kind(written, Kind.INTENDED)
    assert (intent.change, intent.intent) == (awaiting.change, awaiting.id)
    assert here.simulator.hands.applied == [awaiting.change]
    assert here.stage(awaiting) is Stage.APPLIED


def test_what_is_rejected_is_not_done_nor_asked_again() -> None:
    here = Shop(A_TARGET_DIES, mode=Mode.APPROVE)
    awaiting = here.until(Kind.AWAITING)
    request = here.ask(Reject(awaiting.id))
    written = here.run(8)
    assert answers_to(request, written) == [(Kind.REJECTED, Code.REJECTED)]
    again = [e for e in of_kind(written, Kind.AWAITING) if e.change == awaiting.change]
    assert again == of_kind(written, Kind.INTENDED) == []
    assert here.stage(awaiting) is Stage.REJECTED


def test_an_approval_that_comes_too_late_has_lapsed() -> None:
    dies = replace(A_TARGET_DIES, lasts_s=240)
    here = Shop(dies, mode=Mode.APPROVE)
    awaiting = here.until(Kind.AWAITING)
    lapsed = next(e for e in here.run(20) if e.id == lapse_id(awaiting.id))
    assert lapsed.reason.code is Code.NO_LONGER_STANDS
    request = here.ask(Approve(awaiting.id))
    assert answers_to(request, here.run()) == [(Kind.LAPSED, Code.NO_LONGER_STANDS)]
    assert here.simulator.hands.applied == []
    assert here.stage(awaiting) is Stage.LAPSED


def test_a_target_is_ejected_on_request_and_the_undo_brings_it_back_once() -> None:
    here = Shop(scale=Mode.OBSERVE)
    here.run(5)
    (health, *_) = here.simulator.world.describe_target_health(here.blue)
    until = here.now + timedelta(hours=1)
    here.ask(EjectTarget(BLUE, InstanceId(health.id), health.port, until))
    (intent,) = of_kind(here.run(), Kind.INTENDED)
    assert isinstance(intent.change, Eject)
    here.run(20)
    assert len(here.simulator.hands.applied) == 1, "it stays out for longer than a suspect would"

    here.ask(Undo(intent.id))
    (undo,) = of_kind(here.run(2), Kind.INTENDED)
    assert isinstance(undo.change, Restore)
    assert (undo.intent, undo.wanted and undo.wanted.code) == (intent.id, Code.UNDOING)
    assert here.stage(intent) is Stage.REVERTED

    request = here.ask(Undo(intent.id))
    assert answers_to(request, here.run()) == [(Kind.REFUSED, Code.ALREADY_UNDONE)]
    assert len(here.simulator.hands.applied) == 2


def test_a_held_size_is_kept_through_little_load_until_the_hold_ends() -> None:
    here = Shop()
    here.run(3)
    start = here.size()
    request = here.ask(HoldCapacity(BLUE, start + 2, here.now + timedelta(minutes=40)))
    assert (Kind.NOTED, Code.HOLD_SET) in answers_to(request, here.run())
    here.run(38)
    assert here.size() == start + 2, "with the load of fewer"
    written = here.run(30)
    assert Code.HOLD_ENDED in {e.reason.code for e in written}
    assert here.size() < start + 2


def test_a_resize_is_undone_to_the_size_before() -> None:
    here = Shop()
    here.run(3)
    start = here.size()
    here.ask(HoldCapacity(BLUE, start + 1, here.now + timedelta(hours=2)))
    (intent,) = [e for e in of_kind(here.run(), Kind.INTENDED) if isinstance(e.change, Resize)]
    here.ask(Release("size of blue"), Undo(intent.id))
    here.run(10)
    assert here.size() == start
    assert here.stage(intent) is Stage.REVERTED


def test_a_protected_target_dies_in_peace_until_somebody_releases_it() -> None:
    here = Shop(A_TARGET_DIES, load=LITTLE, scale=Mode.OBSERVE)
    here.run(1)
    here.ask(ProtectFleet(BLUE, here.now + timedelta(hours=2)))
    refusal = here.until(Kind.REFUSED)
    assert isinstance(refusal.change, Eject)
    assert refusal.reason.code is Code.PROTECTED_BY_REQUEST
    assert "ann protects fleet blue" in refusal.reason.text
    assert here.simulator.hands.applied == []

    here.ask(Release("protection of fleet blue"))
    here.until(Kind.APPLIED, most=3)
    assert [type(c) for c in here.simulator.hands.applied] == [Eject]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param(Undo(EntryId("01GONE#000")), Code.NOT_POSSIBLE, id="no such entry"),
        pytest.param(Approve(EntryId("01GONE#000")), Code.NOT_POSSIBLE, id="nothing to approve"),
        pytest.param(Release("size of blue"), Code.NOT_POSSIBLE, id="nothing is held"),
        pytest.param(
            RestoreTarget(BLUE, InstanceId("i-1"), 80), Code.NOT_POSSIBLE, id="nothing is out"
        ),
    ],
)
def test_what_cannot_be_is_answered_once_with_the_reason(asked: Asked, code: Code) -> None:
    here = Shop()
    request = here.ask(asked)
    assert answers_to(request, here.run(3)) == [(Kind.REFUSED, code)]
    assert here.simulator.hands.applied == []
