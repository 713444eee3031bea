"""Stories that only access logs tell: in the simulator, and from files on the embedded AWS."""

from __future__ import annotations

import pytest

from trimtab_lab.campaign.embed import play_embedded
from trimtab_lab.campaign.play import Who, play
from trimtab_lab.campaign.story import Load, late_stories

STORIES = {story.name: story for story in late_stories()}
PLAIN = "target-errors-in-access-logs"


@pytest.mark.parametrize("name", STORIES)
def test_who_fails_leaves_however_the_files_come(name: str) -> None:
    played = play(STORIES[name], seed=7)
    assert (played.missed, played.wrong, played.late, played.broken) == ((), (), (), ())


@pytest.mark.parametrize("who", [Who.BALANCER, Who.GROUP])
def test_fewer_requests_fail_than_where_nobody_reads_them(who: Who) -> None:
    assert play(STORIES[PLAIN], seed=7).failed < 0.6 * play(STORIES[PLAIN], 7, who).failed


def test_without_them_nobody_knows() -> None:
    story = STORIES[PLAIN]
    blind = story.model_copy(update={"fleet": story.fleet.model_copy(update={"access_logs": None})})
    assert play(blind, seed=7).removed == {}


def test_real_files_in_a_real_bucket_tell_the_same() -> None:
    story = STORIES[PLAIN]
    fleet = story.fleet.model_copy(update={"targets": 4, "least": 4})
    load = (Load(at="0m", share="35%"),)  # type: ignore[arg-type]  # as a file has it
    small = story.model_copy(update={"fleet": fleet, "minutes": 21, "load": load})
    embedded, simulated = play_embedded(small, seed=7), play(small, seed=7)
    assert embedded.broken == ()
    assert set(embedded.removed) == {"3"} == set(simulated.removed)
    assert abs(embedded.removed["3"] - simulated.removed["3"]) <= 1
