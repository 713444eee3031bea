"""A story: what a fleet is, what goes wrong with it when, and what should come of it.

A story is a TOML file that another person can write without reading code; docs/campaign.md has the
fields. All mistakes of a file are reported at once, each with where it stands.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from trimtab.model.cause import Cause
from trimtab_lab.world.access_log import Manner
from trimtab_lab.world.faults import FaultKind

STORIES = Path(__file__).parent / "health"
LATE = Path(__file__).parent / "late"
MOST_MINUTES = 24 * 60
PERCENT = 100.0


class StoryInvalid(Exception):
    """A file that is no story; the text names every mistake and its place."""


def _minutes(value: object) -> object:
    """Read ``"12m"`` or ``"2h"`` as minutes."""
    if isinstance(value, str) and value[:-1].isdecimal() and value[-1:] in ("m", "h"):
        return int(value[:-1]) * (60 if value.endswith("h") else 1)
    raise ValueError('expected minutes or hours such as "12m" or "2h"')


def _shift(value: object) -> object:
    """Read ``"-30m"`` or ``"2h"`` as minutes, either way."""
    if isinstance(value, str) and value.startswith("-"):
        minutes = _minutes(value[1:])
        return -minutes if isinstance(minutes, int) else minutes
    return _minutes(value)


def _share(value: object) -> object:
    """Read ``"70%"`` as 0.7."""
    if isinstance(value, str) and value.endswith("%"):
        try:
            return float(value[:-1]) / PERCENT
        except ValueError:
            pass
    raise ValueError('expected a percentage such as "70%"')


Minutes = Annotated[int, BeforeValidator(_minutes), Field(ge=0, le=MOST_MINUTES)]
Shift = Annotated[int, BeforeValidator(_shift), Field(ge=-MOST_MINUTES, le=MOST_MINUTES)]
Share = Annotated[float, BeforeValidator(_share), Field(ge=0, le=100)]


class Part(BaseModel):
    """A table of a story; unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Load(Part):
    """From ``at`` on the fleet carries this share of what all its first targets carry with ease."""

    at: Minutes
    share: Share


class Fleet(Part):
    """The fleet as it begins: so many targets, spread over so many zones."""

    targets: int = Field(default=8, ge=1, le=1_000)
    zones: int = Field(default=3, ge=1, le=3)
    least: int = Field(default=1, ge=1)
    most: int | None = Field(default=None, ge=1)
    checks_queue: bool = False
    own_metrics: bool = True
    probe: bool = False
    slow_start: Minutes = Field(default=0, le=15)
    anomalies: Literal["heard", "mitigated"] | None = None
    access_logs: Manner | None = None
    replace_after: int = Field(default=0, ge=0, le=10)


class Trouble(Part):
    """One fault: its kind, when, for how long, where, and how much of it.

    Where: ``targets`` by place in order of launch (0 is the oldest), a ``zone`` by number, all
    ``newcomers`` launched since, or with none of them the whole fleet (metrics and launches too).
    """

    kind: FaultKind
    at: Minutes
    lasts: Minutes | None = None
    targets: tuple[int, ...] = ()
    zone: int | None = Field(default=None, ge=0, le=2)
    newcomers: bool = False
    amount: float = 1.0
    every: Minutes | None = None
    """It comes again, so long after it began (a target that flaps)."""


class Act(Part):
    """What somebody else does: replaces targets as a deployment does, resizes, ends or moves some.

    ``refresh`` replaces as an instance refresh that AWS knows of, by a new version of the template.
    ``move``: the ``count`` oldest are in the next zone from then on, as addresses can be.
    """

    kind: Literal["replace", "refresh", "resize", "end", "move"]
    at: Minutes
    count: int = Field(default=1, ge=1, le=1_000)
    pace: Minutes = 2
    """``replace``, ``refresh``: two targets each so many minutes until ``count`` are replaced."""


class Clock(Part):
    """Trimtab's clock, not the world's, is wrong ``by`` so much."""

    at: Minutes
    by: Shift
    lasts: Minutes | None = None


class Expectation(Part):
    """What should come of it: exactly these targets leave (by place), in time, and nobody else."""

    removed: tuple[int, ...] = ()
    within: int = Field(default=2, ge=1)
    """Ticks after it is visible: after the first bad minute's samples must have arrived."""


class Story(Part):
    """One story of the campaign."""

    title: str = Field(min_length=10, max_length=120)
    cause: Cause
    minutes: Minutes = 40
    fleet: Fleet = Fleet()
    load: tuple[Load, ...] = (Load.model_construct(at=0, share=0.7),)
    trouble: tuple[Trouble, ...] = ()
    act: tuple[Act, ...] = ()
    clock: tuple[Clock, ...] = ()
    expect: Expectation = Expectation()
    about: str = ""
    name: str = ""


def read_story(path: Path) -> Story:
    """Read one file.

    Raises:
        StoryInvalid: it cannot be read or has mistakes; all of them are named.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        story = Story.model_validate({**data, "name": path.stem})
    except OSError as error:
        raise StoryInvalid(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StoryInvalid(f"{path}: is not TOML: {error}") from error
    except ValidationError as error:
        mistakes = "\n".join(f"{path}: {_place(e['loc'])}: {_words(e)}" for e in error.errors())
        raise StoryInvalid(mistakes) from error
    wrong = [f"{path}: {text}" for text in _impossible(story)]
    if wrong:
        raise StoryInvalid("\n".join(wrong))
    return story


def _place(steps: tuple[int | str, ...]) -> str:
    return ".".join(str(s) if isinstance(s, str) else f"[{s}]" for s in steps) or "the file"


def _words(error: object) -> str:
    found = error if isinstance(error, dict) else {}
    return str(found.get("msg", "")).removeprefix("Value error, ").lower()


def _impossible(story: Story) -> list[str]:
    """Name what is well-formed and cannot be."""
    last = story.fleet.targets - 1
    named = [t for each in story.trouble for t in each.targets] + list(story.expect.removed)
    wrong = [f"target {t} is named; the fleet has targets 0 to {last}" for t in named if t > last]
    zones = [each.zone for each in story.trouble if each.zone is not None]
    wrong += [f"zone {z} is named; there are {story.fleet.zones}" for z in zones
              if z >= story.fleet.zones]  # fmt: skip
    if story.fleet.zones == 1 and any(act.kind == "move" for act in story.act):
        wrong.append("a target moves to the next zone; there is one")
    if any(t.zone is not None and t.kind.startswith("metrics_") for t in story.trouble):
        wrong.append("metrics are not a zone's: name targets, or none for all metrics")
    if story.fleet.slow_start and story.fleet.anomalies == "mitigated":
        wrong.append("slow start and mitigation: a target group has one or the other")
    late = [each.at for each in story.trouble if each.at >= story.minutes]
    wrong += [f"trouble at {m}m begins after the {story.minutes}m it lasts" for m in late]
    return wrong


def late_stories() -> tuple[Story, ...]:
    """Stories whose only signs come many minutes late: no match for who sees every answer."""
    return tuple(read_story(path) for path in sorted(LATE.glob("*.toml")))


def all_stories() -> tuple[Story, ...]:
    """Every story of the campaign, in name order."""
    return tuple(read_story(path) for path in sorted(STORIES.glob("*.toml")))
