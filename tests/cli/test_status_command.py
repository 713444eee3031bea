"""trimtab status."""

import json
from dataclasses import replace

import pytest

from tests.builders import BLUE, NOON, SHOP, a_policy, a_request, a_tick, an_eject, an_entry, at
from tests.cli.operating import Terminal
from trimtab import codec
from trimtab.model.blast import Blast, Spend
from trimtab.model.change import Resize, change_key, inverse_of
from trimtab.model.effect import Caution, Expectation, Unverified, Vitals
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import Arn, EntryId, RouteId
from trimtab.model.lease import Lease, Leases
from trimtab.model.link import Checked, Head
from trimtab.model.memory import Ejection, FleetMemory, Hold, Memory, Remainder, Standing
from trimtab.model.observation import RouteSeen
from trimtab.model.reading import Reading
from trimtab.model.reason import ReasonCode
from trimtab.model.request import (
    ProtectFleet,
    Release,
    protection_subject,
    size_subject,
    weights_subject,
)
from trimtab.told.words import sentence_of


def append(terminal: Terminal, *entries: Entry) -> None:
    for entry in entries:
        assert terminal.state.ledger.append(entry)


EXPECTED = Expectation(
    "by 12:05 it takes no traffic", at(5), {BLUE: Vitals(6, 6, 1, units=4.5)}, carried=True
)


def test_status_shows_what_may_not_have_helped_and_what_is_held_back(watched: Terminal) -> None:
    done = Unverified(
        EntryId("01DONE#000"), an_eject(), ReasonCode.EJECT_OUTLIER, at(), at(), EXPECTED
    )
    held = Caution(EntryId("01BAD#000"), ReasonCode.MADE_WORSE, at(-5), at(10), 2)
    over = replace(held, until=at(-1))
    memory = Memory(unverified=(done,), cautions={"shrinking blue": held, "shrinking green": over})
    watched.state.ledger.commit(a_tick(memory=memory))
    watched.now = at(1)

    shown = "\n".join(watched.lines("status"))
    assert "effect not known yet: 01DONE#000: by 12:05 it takes no traffic" in shown
    assert "held back until 2026-03-02 12:10:00: shrinking blue: did not help, 2 in a row" in shown
    assert "shrinking green" not in shown


def test_status_shows_what_is_left_of_an_undo(watched: Terminal) -> None:
    left = Remainder(Resize(BLUE, "blue-asg", before=8, after=6), at(-5))
    memory = Memory(remains={EntryId("01DONE#000"): left})
    watched.state.ledger.commit(a_tick(memory=memory))
    watched.now = at(1)
    shown = "\n".join(watched.lines("status"))
    assert f"undone in part: 01DONE#000: {sentence_of(left.change)} is left" in shown


@pytest.mark.parametrize(
    ("blast", "shown"),
    [
        (Blast(NOON, 2, 3, 9), "6 of 9"),
        (Blast(NOON, None, 3, 9), "could not be counted: nobody is taken out"),
    ],
)
def test_status_shows_what_all_services_have_lost(
    watched: Terminal, blast: Blast, shown: str
) -> None:
    tick = a_tick(spends=(Spend(NOON, 1, 9),))
    watched.state.ledger.commit(replace(tick, inputs=replace(tick.inputs, blast=blast)))
    watched.now = at(1)
    told = "\n".join(watched.lines("status"))
    assert f"removals of all services since 2026-03-02 11:50:00: {shown}" in told


def test_status_says_nothing_of_removals_where_there_is_no_limit(watched: Terminal) -> None:
    watched.state.ledger.commit(a_tick())
    watched.now = at(1)
    assert "removals" not in "\n".join(watched.lines("status"))


def test_status_without_services_says_what_to_do(terminal: Terminal) -> None:
    assert terminal.lines("status") == [
        "no service has a policy; apply one: `trimtab policy apply FILE`"
    ]


def test_status_before_the_first_tick_asks_about_the_schedule(watched: Terminal) -> None:
    assert watched.lines("status")[1] == "  no tick in the last day: is the schedule running?"


def test_status_tells_of_fleets_weights_and_what_is_held_out(watched: Terminal) -> None:
    out = Ejection(an_eject(7), ReasonCode.EJECT_OUTLIER, at(-5), at(5), 2)
    memory = Memory(fleets={BLUE: FleetMemory(ejected={an_eject(7).target: out})})
    tick = a_tick(policy=a_policy(version=1), when=at(-1))
    arn = a_policy().fleets[BLUE].target_group
    route = RouteSeen(Arn("rule"), {arn: 80, Arn("other"): 20})
    seen = replace(tick.inputs.seen, routes={RouteId("main"): route})
    fleets = {BLUE: replace(seen.fleets[BLUE], reading=Reading(first=3, close=17))}
    seen = replace(seen, fleets=fleets)
    tick = replace(tick, memory=memory, inputs=replace(tick.inputs, seen=seen))
    watched.state.ledger.commit(tick)
    (line,) = watched.lines("status", "shop", "--json")
    (report,) = json.loads(line)
    assert report["tick"]["age_s"] == 60
    assert report["fleets"]["blue"]["targets"] == {"trusted": 2}
    gap = tick.belief.fleets[BLUE].demand_gap
    assert gap is not None
    assert report["fleets"]["blue"]["demand_unknown"] == gap.text
    assert report["fleets"]["blue"]["ejected"] == [
        {"target": an_eject(7).target, "until": codec.iso(at(5)), "strikes": 2}
    ]
    assert report["routes"] == {"main": {"blue": 80, "other": 20}}
    assert report["read"] == {
        "first": 3, "close": 17, "usd": 0.0002, "usd_a_month_at_this_rate": 8.76,
    }  # fmt: skip
    shown = "\n".join(watched.lines("status"))
    assert "last looked at 2026-03-02 11:59:00 UTC, 1m ago" in shown
    assert "route main: blue 80, other 20" in shown
    assert "read 3 series of fleets and 17 of targets: 8.76 USD a month" in shown
    assert f"{an_eject(7).target} until 2026-03-02 12:05:00" in shown


def test_status_tells_of_leases_and_of_those_nobody_gave_back(watched: Terminal) -> None:
    held = tuple(
        Lease(f"target blue/i-{n}:80", inverse_of(an_eject(n)), at(minutes), "taken out")
        for n, minutes in ((1, 9), (2, -9), (3, -12))
    )
    tick = replace(a_tick(policy=a_policy(version=1), when=at(-30)), leases=Leases(1, held))
    watched.state.ledger.commit(tick)
    (line,) = watched.lines("status", "shop", "--json")
    (report,) = json.loads(line)
    assert [lease["overdue"] for lease in report["leases"]] == [False, False, True]
    shown = [line for line in watched.lines("status") if "lease on" in line]
    assert shown[0].startswith("  lease on target blue/i-1:80: taken out, given back by 2026-03-02")
    assert [("overdue" in line) for line in shown] == [False, False, True]


def test_status_lists_what_people_asked_and_what_waits_for_them(watched: Terminal) -> None:
    awaiting = an_entry(when=at(-3), seed="waits", kind=Kind.AWAITING, deadline=None)
    key = change_key(awaiting.change) if awaiting.change else ""
    codes = (ReasonCode.EJECT_UNHEALTHY, ReasonCode.AWAITING_APPROVAL)
    fleet = ProtectFleet(BLUE, at(60))
    held = Hold(EntryId("01A#000"), "ann", "launch", at(-9), at(30))
    memory = Memory(
        standing={key: Standing(codes, "awaiting", at(-3), awaiting.id)},
        holds={
            size_subject(BLUE): replace(held, size=6),
            weights_subject(RouteId("main")): replace(held, weights={BLUE: 90}),
            protection_subject(fleet): replace(held, protects=fleet, until=at(60)),
        },
    )
    tick = a_tick(policy=a_policy(version=1), when=at(-1))
    watched.state.ledger.commit(replace(tick, memory=memory, entries=(awaiting,)))
    watched.state.store.request([a_request(Release("size of blue"))])

    shown = watched.lines("status")
    for line in (
        f"    trimtab approve '{awaiting.id}'",
        f"    trimtab reject '{awaiting.id}' --why TEXT",
        "  protected until 2026-03-02 13:00:00: fleet blue (ann: launch)",
        "    trimtab request release shop 'protection of fleet blue' --why TEXT",
        "  held until 2026-03-02 12:30:00: size of blue at 6 (ann: launch)",
        "  held until 2026-03-02 12:30:00: weights of main at blue 90 (ann: launch)",
    ):
        assert line in shown
    told = "\n".join(shown)
    assert "awaits approval since 2026-03-02 11:57:00: resize" in told
    assert "heard by the next tick: release size of blue (ann: " in told

    (report,) = json.loads(watched.lines("status", "--json")[0])
    assert report["protections"][0]["until"] == codec.iso(at(60))
    assert {each["subject"] for each in report["holds"]} == {"size of blue", "weights of main"}
    assert report["awaiting"][0]["approve"] == f"trimtab approve '{awaiting.id}'"
    assert report["requests"][0]["next_tick"] is True


def test_status_says_above_all_that_a_chain_is_broken(watched: Terminal) -> None:
    assert json.loads(watched.lines("status", "--json")[0])[0]["chain_broken"] is None
    mark = Checked(Head(1, "a" * 64), at(-60), "broken at 2: edited: its content is not its own")
    watched.state.store.keep_checked(SHOP, mark)
    first = watched.lines("status")[0]
    assert first == f"THE AUDIT LOG OF shop DOES NOT HOLD: {mark.fault}"
    assert json.loads(watched.lines("status", "--json")[0])[0]["chain_broken"] == mark.fault


def test_status_says_when_ticks_are_late(watched: Terminal) -> None:
    watched.state.ledger.commit(a_tick(policy=a_policy(version=1), when=at(-10)))
    assert "late; is the schedule running?" in "\n".join(watched.lines("status"))
