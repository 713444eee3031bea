"""Stories on the embedded AWS: the very files, with the real handlers, roles and boto3 between.

The important dozen always; the others are `slow`.
"""

from __future__ import annotations

import pytest

from trimtab_lab.campaign.embed import DOZEN, play_embedded
from trimtab_lab.campaign.play import play
from trimtab_lab.campaign.story import all_stories

STORIES = {story.name: story for story in all_stories()}
OTHERS = sorted(
    name
    for name, story in STORIES.items()
    if name not in DOZEN and not story.clock and story.fleet.targets <= 60
)
TOO_LATE = ("target-its-samples-late", "target-late-samples")
"""Their samples are as old as `guard.max_age` allows when a minute begins; ticks there come a
second later, when the same samples are too old to judge anybody by."""


def comes_out_as_it_says(name: str, seed: int) -> None:
    played = play_embedded(STORIES[name], seed)
    assert (played.missed, played.wrong, played.late, played.broken) == ((), (), (), ())


@pytest.mark.parametrize("name", DOZEN)
def test_the_important_dozen_comes_out_as_it_says_on_the_embedded_aws(name: str) -> None:
    comes_out_as_it_says(name, seed=7)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in OTHERS if name not in TOO_LATE])
def test_every_other_story_does_so_too(name: str) -> None:
    comes_out_as_it_says(name, seed=7)


@pytest.mark.slow
@pytest.mark.parametrize("name", TOO_LATE)
def test_nobody_is_removed_by_samples_that_are_a_second_too_old(name: str) -> None:
    played = play_embedded(STORIES[name], seed=7)
    assert (played.removed, played.missed, played.broken) == ({}, (3,), ())


def test_both_worlds_tell_the_same_story() -> None:
    """The simulator is believed for all seeds because here it says what the handlers do."""
    story = STORIES["target-errors-of-3"]
    simulated, embedded = play(story, seed=3), play_embedded(story, seed=3)
    assert simulated.removed == embedded.removed
    assert simulated.requests == embedded.requests


def test_a_wrong_clock_cannot_be_played_there() -> None:
    with pytest.raises(ValueError, match="one clock"):
        play_embedded(STORIES["blind-clock-ahead"], seed=1)
