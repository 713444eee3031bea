"""Stories are data that anybody can write, and every one of ours comes out as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimtab.model.cause import Cause
from trimtab_lab.campaign.judged import NEVER, rows, shortcomings
from trimtab_lab.campaign.play import Played, Who, play
from trimtab_lab.campaign.stage import Stage, scenario_of
from trimtab_lab.campaign.story import Story, StoryInvalid, all_stories, read_story
from trimtab_lab.world.build import build_world
from trimtab_lab.world.scenario import ZONES

STORIES = {story.name: story for story in all_stories()}
QUICK = 60
"""Larger fleets take seconds: they are for the campaign."""
MISTAKES = """
title = "One of eight fails"
cause = "gremlins"
minutes = "30 minutes"
fleet = { targets = 0, colour = "blue" }
trouble = [{ kind = "errors", at = "10m", targets = [9] }]
"""


def a_story(folder: Path, text: str) -> Story:
    path = folder / "mine.toml"
    path.write_text(text)
    return read_story(path)


def test_there_are_at_least_forty_and_every_cause_has_one() -> None:
    assert len(STORIES) >= 40
    assert {story.cause for story in STORIES.values()} == set(Cause)


@pytest.mark.parametrize(
    "name", [n for n, s in STORIES.items() if s.fleet.targets < QUICK], ids=str
)
def test_a_story_comes_out_as_it_says(name: str) -> None:
    played = play(STORIES[name], seed=7)
    assert (played.missed, played.wrong, played.late, played.broken) == ((), (), (), ())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_place_is_in_the_same_zone_with_every_seed(seed: int) -> None:
    story = STORIES["target-errors-two-of-8"]
    stage = Stage(story, build_world(scenario_of(story, seed)))
    zones = {i.id: i.zone for i in stage.world.instances()}
    assert [ZONES.index(zones[i]) for i in stage.places] == [0, 1, 2, 0, 1, 2, 0, 1]


def test_the_same_seed_is_the_same_story() -> None:
    story = STORIES["target-errors-of-8"]
    assert play(story, 3) == play(story, 3)
    assert play(story, 3) != play(story, 4)


@pytest.mark.parametrize("who", Who)
def test_each_peer_is_what_it_is_said_to_be(who: Who) -> None:
    gray = play(STORIES["target-errors-of-8"], 1, who)
    assert bool(gray.removed) is (who in (Who.TRIMTAB, Who.ENVOY))
    dead = play(STORIES["target-dead-of-8"], 1, who)
    assert "4" in dead.removed


def test_every_mistake_is_named_at_once_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(StoryInvalid) as wrong:
        a_story(tmp_path, MISTAKES)
    places = [line.split(": ")[1] for line in str(wrong.value).splitlines()]
    assert places == ["cause", "minutes", "fleet.targets", "fleet.colour"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "is not TOML"),
        ('trouble = [{ kind = "dead", at = "1m", targets = [8] }]', "targets 0 to 7"),
        ('trouble = [{ kind = "dead", at = "50m", targets = [1] }]', "begins after"),
        ('trouble = [{ kind = "errors", at = "5m", zone = 2 }]\nfleet = { zones = 2 }', "zone 2"),
        ('fleet = { slow_start = "5m", anomalies = "mitigated" }', "one or the other"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, text: str, said: str) -> None:
    head = 'title = "Something goes wrong"\ncause = "target"\n'
    with pytest.raises(StoryInvalid, match=said):
        a_story(tmp_path, head + text)


def told(cause: Cause, who: Who = Who.TRIMTAB, **changes: object) -> Played:
    facts: dict[str, object] = {
        "story": "x", "cause": cause, "seed": 1, "who": who, "requests": 1_000, "failed": 10,
        "slow": 0, "removed": {}, "delays": (), "missed": (), "wrong": (), "late": (),
    }  # fmt: skip
    return Played(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("cause", sorted(NEVER))
def test_a_removal_where_none_may_be_is_a_shortcoming(cause: Cause) -> None:
    assert shortcomings([told(cause, wrong=("3",))]) == ("x, seed 1: removed 3",)


def test_more_failures_than_a_peer_are_a_shortcoming() -> None:
    both = [told(Cause.TARGET), told(Cause.TARGET, Who.ENVOY, failed=9)]
    assert shortcomings(both) == ("target: 10 requests failed, with envoy 9",)


def test_one_of_fifty_missed_is_a_shortcoming() -> None:
    many = [told(Cause.TARGET, delays=(1,)) for _ in range(49)]
    assert shortcomings([*many, told(Cause.TARGET, missed=(3,))]) == (
        "1 of 50 that should leave were missed or late",
    )


def test_the_table_has_a_row_for_each_cause_and_who() -> None:
    played = [told(Cause.TARGET, who, delays=(1, 2, 3)) for who in Who]
    assert [(r.cause, r.who, r.median, r.p95) for r in rows(played)] == [
        (Cause.TARGET, who, 2.0, 3.0) for who in Who
    ]
