"""trimtab explain on an ejection shows the evidence beside the same numbers of the peers."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from functools import cache

import pytest
from rich.console import Console

from tests.builders import NOON
from tests.cli.operating import Terminal
from trimtab.model.change import Eject
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import Zone
from trimtab.model.reason import ReasonCode
from trimtab.model.report import Report, Source, Tally
from trimtab_cli.against import Beside, States, shown_of
from trimtab_cli.plot import Plot
from trimtab_lab.campaign.play import campaign_policy
from trimtab_lab.campaign.stage import Stage, scenario_of
from trimtab_lab.campaign.story import all_stories
from trimtab_lab.simulator.simulate import Simulator
from trimtab_lab.simulator.stores import InMemory

STORIES = {story.name: story for story in all_stories()}


@cache
def ejected_in(name: str) -> tuple[InMemory, Entry, str]:
    """A story up to its first ejection: the state it left, the intent, and the target's id."""
    story, scenario = STORIES[name], scenario_of(STORIES[name], 1)
    simulator = Simulator(scenario)
    simulator.put(campaign_policy(story, scenario))
    stage = Stage(story, simulator.world)
    for minute in range(story.minutes):
        stage.before(minute)
        for entry in simulator.run(1).entries:
            if entry.kind is Kind.INTENDED and isinstance(entry.change, Eject):
                return simulator.state, entry, stage.places[story.expect.removed[0]]
    raise AssertionError(f"nobody is ejected in {name}")


def drawn(shown: Beside | States, width: int = 80, encoding: str = "utf-8") -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=file, width=width, highlight=False)
    with console.capture() as caught:
        console.print(Plot(shown))
    return caught.get().splitlines()


@pytest.mark.parametrize(
    ("name", "what"),
    [("target-errors-of-8", "requests failed"), ("target-slow-of-4", "Latency, beside 3 peers")],
)
def test_it_shows_the_target_beside_its_peers_and_the_threshold(name: str, what: str) -> None:
    state, entry, target = ejected_in(name)
    lines = Terminal(state, entry.at).lines("explain", entry.id)
    head = next(n for n, line in enumerate(lines) if line.startswith(what))
    assert lines[head + 1].split()[0] == target
    assert "█┃█" in lines[head + 1]
    assert all("┃" in line and "█" not in line for line in lines[head + 2 : head + 4])
    assert any("┃ threshold" in line for line in lines[head:])


def test_as_json_it_is_numbers_that_say_the_same_as_the_evidence() -> None:
    state, entry, target = ejected_in("target-errors-of-8")
    (line,) = Terminal(state, entry.at).lines("explain", entry.id, "--json")
    (beside,) = json.loads(line)["beside_peers"]
    read = json.loads(line)["read"]
    assert read["close"] >= 8
    assert read["usd"] == pytest.approx((read["first"] + read["close"]) * 0.00001)
    assert "its tick read" in "\n".join(Terminal(state, entry.at).lines("explain", entry.id))
    (evidence,) = entry.evidence
    assert (beside["target"], beside["value"]) == (target, evidence.score)
    assert beside["threshold"] == evidence.threshold
    assert len(beside["peers"]) == evidence.peers
    assert max(beside["peers"].values()) < evidence.threshold


def test_of_the_load_balancers_word_it_shows_a_strip_over_time() -> None:
    state, entry, target = ejected_in("target-dead-of-8")
    lines = Terminal(state, entry.at).lines("explain", entry.id)
    head = next(n for n, line in enumerate(lines) if f"the load balancer said of {target}" in line)
    assert "▁▁▁██" in lines[head + 1]
    (line,) = Terminal(state, entry.at).lines("explain", entry.id, "--json")
    states = json.loads(line)["beside_peers"][0]["states"]
    assert [s["state"] for s in states][-2:] == ["unhealthy", "unhealthy"]


def test_a_probes_failures_in_a_row_are_beside_those_of_the_peers() -> None:
    state, entry, target = ejected_in("target-errors-of-8")
    change = entry.change
    assert isinstance(change, Eject)
    evidence = replace(entry.evidence[0], detector=ReasonCode.PROBE_FAILED, score=2, threshold=2)
    (tick,) = state.ledger.ticks(entry.service, entry.at, entry.at.replace(microsecond=1), 1)
    fleet = tick.inputs.seen.fleets[change.fleet]
    tallies = {t.id: Tally(1, int(t.id == change.target)) for t in fleet.targets or ()}
    report = Report(Source.PROBE, entry.service, change.fleet, Zone("a"), NOON, tallies)
    probed = replace(fleet, reports=(report, replace(report, minute=NOON.replace(minute=1))))
    seen = replace(tick.inputs.seen, fleets={change.fleet: probed})
    with_probe = replace(tick, inputs=replace(tick.inputs, seen=seen))

    class Recorded:
        def ticks(self, *_: object) -> list[object]:
            return [with_probe]

    (shown,) = shown_of(replace(entry, evidence=(evidence,)), Recorded())  # type: ignore[arg-type]
    assert isinstance(shown, Beside)
    assert (shown.target, shown.value, len(shown.peers)) == (change.target, 2, 7)
    assert {value for _, value in shown.peers} == {0.0}
    assert target in shown.target


def test_without_the_recorded_tick_the_entry_still_says_it_all() -> None:
    _, entry, _ = ejected_in("target-errors-of-8")
    empty = InMemory()
    assert empty.ledger.append(replace(entry, checks=()))
    shown = "\n".join(Terminal(empty, entry.at).lines("explain", entry.id))
    assert "failure_outlier" in shown
    assert "beside" not in shown


A_PICTURE = Beside(
    ReasonCode.METRIC_OUTLIER,
    "Latency",
    300.0,
    "i-0a3aab9443",
    900.0,
    tuple((f"i-{n}", 100.0 + n) for n in range(12, 0, -1)),
)


@pytest.mark.parametrize("width", [200, 80, 46, 30])
def test_it_is_never_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, drawn(A_PICTURE, width))) <= width


def test_without_colours_and_unicode_it_is_still_a_picture() -> None:
    head, target, *peers, more, bound = drawn(A_PICTURE, encoding="ascii")
    assert head == "Latency, beside 12 peers"
    assert "#|#" in target
    assert all("=" in peer and "|" in peer and "#" not in peer for peer in peers)
    assert (more, bound) == ("  4 more: median 102.5, at most 104", "  | threshold 300")


def test_the_bars_are_as_long_as_the_numbers_say() -> None:
    _, target, first, *_ = drawn(A_PICTURE, width=100)
    assert target.count("█") + 1 == pytest.approx(9 * (first.count("▒")), rel=0.2)


def test_nobody_has_anything_and_it_is_drawn_all_the_same() -> None:
    nothing = replace(A_PICTURE, threshold=0.0, value=0.0, peers=(("i-1", 0.0),))
    assert len(drawn(nothing)) == 4
    states = States(ReasonCode.LB_UNHEALTHY, "i-1:80", ((NOON, ""), (NOON, "initial")))
    assert "  12:00  ▄ 12:00" in drawn(states)
