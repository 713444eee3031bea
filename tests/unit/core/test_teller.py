"""The teller: everything is told, once if it can be, whoever fails or dies, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from tests.builders import SHOP, at
from tests.unit.core.stories import a_question, a_refusal, an_action, brought_back
from tests.unit.core.test_stories import shadow
from trimtab.adapters.tellings import TableTellings
from trimtab.errors import Refused, Throttled, TryLater, Unclear
from trimtab.model.entry import Entry
from trimtab.model.ids import ServiceId
from trimtab.model.incident import Digest, Step, Telling, Told
from trimtab.notify import Report, Teller
from trimtab.told.due import Pace
from trimtab.told.fold import QUIET_AFTER
from trimtab_lab.simulator.stores import DictTables


class Died(BaseException):
    """The function was killed here."""


class Listener:
    """A channel that keeps what it was told, and fails or does something else when told to."""

    def __init__(self, name: str, for_people: bool = True) -> None:
        self.pace = Pace(name, for_people)
        self.told: list[Telling] = []
        self.digests: list[Digest] = []
        self.fault: BaseException | None = None
        self.meanwhile: Callable[[], object] | None = None

    def tell(self, telling: Telling) -> None:
        if self.meanwhile:
            do, self.meanwhile = self.meanwhile, None
            do()
        if self.fault:
            raise self.fault
        self.told.append(telling)

    def digest(self, digest: Digest) -> None:
        if self.fault:
            raise self.fault
        self.digests.append(digest)

    @property
    def heard(self) -> list[str]:
        """The entries it was told of, in order."""
        return [note.id for telling in self.told for note in telling.news]

    @property
    def steps(self) -> list[Step]:
        return [telling.step for telling in self.told]


class House:
    """Two channels and a teller on tables in memory."""

    def __init__(self) -> None:
        self.mail, self.programs = Listener("mail"), Listener("programs", for_people=False)
        self.tellings = TableTellings(DictTables())
        self.teller = Teller(self.tellings, (self.mail, self.programs))

    def hear(self, *entries: Entry, now: datetime | None = None) -> Report:
        report = Report()
        self.teller.hear(SHOP, entries, now or max(e.at for e in entries), report)
        return report

    def sweep(self, now: datetime) -> Report:
        report = Report()
        self.teller.sweep([SHOP, ServiceId("#all")], now, report)
        return report

    @property
    def state(self) -> Told:
        return self.tellings.recall([SHOP])[SHOP]


@pytest.fixture
def house() -> House:
    return House()


def test_each_channel_is_told_once_however_often_the_records_come(house: House) -> None:
    for _ in range(3):
        house.hear(an_action())
    assert house.mail.heard == house.programs.heard == [an_action().id]
    assert house.state.busy_until is None


def test_what_is_not_worth_telling_costs_nothing(house: House) -> None:
    house.hear(shadow())
    assert house.state == Told()


def test_a_broken_channel_stops_no_other_and_is_told_later_what_it_missed(house: House) -> None:
    house.mail.fault = Throttled("not now")
    report = house.hear(an_action())
    assert [(f.channel, f.why) for f in report.failures] == [("mail", "Throttled: not now")]
    house.hear(a_question(0.5))
    assert (house.mail.heard, len(house.programs.heard)) == ([], 2)
    house.mail.fault = None
    house.sweep(at(10))
    assert set(house.mail.heard) == {an_action().id, a_question(0.5).id}
    assert len(house.programs.told) == 2


def test_who_fails_at_one_incident_is_not_told_of_the_next_before_it(house: House) -> None:
    house.mail.fault = Refused("an empty message")
    house.hear(an_action(), brought_back(1))
    report = house.hear(an_action(60, number=2))
    assert [(f.channel, f.why) for f in report.failures] == [("mail", "Refused: an empty message")]
    house.mail.fault = None
    house.sweep(at(70))
    assert house.mail.heard[0] == an_action().id


def test_a_fault_nobody_foresaw_in_one_channel_is_its_own(house: House) -> None:
    house.mail.fault = KeyError("what?")
    assert len(house.hear(an_action()).failures) == 1
    assert len(house.programs.told) == 1


def test_a_channel_that_is_down_holds_up_one_service_not_all(house: House) -> None:
    tries: list[ServiceId] = []

    def slow(telling: Telling) -> None:
        tries.append(telling.service)
        raise Unclear("no answer within three seconds")

    house.mail.tell = slow  # type: ignore[method-assign]  # a fault, put in by hand
    report = Report()
    others = [replace(an_action(), service=ServiceId(f"shop{n}")) for n in range(5)]
    for entry in others:
        house.teller.hear(entry.service, [entry], at(0), report)
    assert tries == ["shop0"]
    assert len(house.programs.told) == 5
    house.mail.tell = Listener.tell.__get__(house.mail)  # type: ignore[method-assign]
    house.teller.sweep([entry.service for entry in others], at(2), Report())
    assert len(house.mail.told) == 5


def test_who_asks_for_patience_is_left_alone_for_so_long(house: House) -> None:
    house.mail.fault = TryLater("wait", at(30) - at(0))
    house.hear(an_action())
    house.mail.fault = None
    house.hear(a_question(10))
    house.sweep(at(29))
    assert house.mail.told == []
    house.sweep(at(30))
    assert len(house.mail.told) == 1


def test_who_dies_while_telling_is_followed_by_the_next_sweep(house: House) -> None:
    house.programs.fault = Died()
    with pytest.raises(Died):
        house.hear(an_action())
    house.programs.fault = None
    house.hear(an_action(), now=at(0.5))
    assert len(house.programs.told) == 0, "somebody may still be telling"
    house.sweep(at(2))
    assert house.programs.heard == [an_action().id]
    assert house.mail.heard == [an_action().id] * 2, "it is not known whether it arrived"


def test_what_comes_while_somebody_tells_is_told_by_them(house: House) -> None:
    house.mail.meanwhile = lambda: house.hear(a_question(0.1))
    house.hear(an_action())
    assert house.mail.heard == [an_action().id, a_question(0.1).id]
    assert sorted(house.programs.heard) == sorted(house.mail.heard)
    assert house.state.busy_until is None


def test_a_sweep_at_the_same_moment_tells_nothing_twice(house: House) -> None:
    house.mail.meanwhile = lambda: house.sweep(at(0))
    house.hear(an_action())
    assert len(house.mail.told) == len(house.programs.told) == 1


def test_the_end_is_told_by_the_sweep_and_then_forgotten(house: House) -> None:
    house.hear(an_action())
    house.hear(brought_back(6))
    house.sweep(at(6) + QUIET_AFTER)
    assert house.mail.steps == [Step.OPENED, Step.UPDATED, Step.CLOSED]
    assert house.programs.steps[-1] is Step.CLOSED
    assert house.state.incidents == ()
    house.hear(brought_back(6), an_action())
    assert len(house.mail.told) == 3, "late repetitions of a closed incident open nothing"


class Forgetful:
    """A memory that is out of reach."""

    def recall(self, services: Sequence[ServiceId]) -> Mapping[ServiceId, Told]:
        raise Throttled("no table")

    def keep(self, service: ServiceId, told: Told) -> Told:
        raise Throttled("no table")


def test_without_memory_everything_is_told_from_what_there_is() -> None:
    mail = Listener("mail")
    teller, report = Teller(Forgetful(), (mail,)), Report()
    for _ in range(2):
        teller.hear(SHOP, [a_refusal(-1), an_action()], at(1), report)
    assert mail.heard == [a_refusal(-1).id, an_action().id] * 2, "twice is better than never"
    assert report.lost == []
    mail.fault = Throttled("not now")
    teller.hear(SHOP, [an_action()], at(1), report)
    assert report.lost == [SHOP]


def test_if_it_cannot_be_stored_what_was_told_nobody_is_told_again_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise Throttled("no table")

    house.programs.meanwhile = lambda: monkeypatch.setattr(TableTellings, "keep", broken)
    report = house.hear(an_action())
    assert len(house.mail.told) == len(house.programs.told) == 1
    assert report.unremembered == [(SHOP, "no table")]


def test_a_digest_is_told_once_to_each_channel_that_takes_it(house: House) -> None:
    house.mail.fault = Throttled("not now")
    for _ in range(2):
        house.teller.digest("2026-03-02", [shadow()], at(1500), Report())
    house.mail.fault = None
    house.teller.digest("2026-03-02", [shadow()], at(1500), Report())
    assert len(house.mail.digests) == len(house.programs.digests) == 1
    house.teller.digest("2026-03-03", [shadow()], at(3000), Report())
    assert len(house.mail.digests) == 2


def test_a_digest_leaves_the_incident_alone(house: House) -> None:
    house.hear(an_action())
    before = house.state.incidents
    house.teller.digest("2026-03-02", [shadow()], at(1500), Report())
    assert house.state.incidents == before
