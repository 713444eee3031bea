"""A failing seed made small: fewer kinds of trouble, fewer minutes, the same law broken."""

from __future__ import annotations

from dataclasses import replace

from trimtab_lab.chaos.campaign import Outcome, run

STORY_LINES = 25


def shrink(found: Outcome) -> Outcome:
    """Leave out one kind of trouble after the other, and minutes, while it still fails."""
    for trouble in sorted(found.plan.troubles):
        smaller = run(found.plan.without(trouble))
        if smaller.broken:
            found = smaller
    for minutes in (5, 10, 15, 20, 25, 30):
        if minutes >= found.plan.minutes:
            break
        smaller = run(replace(found.plan, minutes=minutes))
        if smaller.broken:
            return smaller
    return found


def command(found: Outcome) -> str:
    """The one command that runs it again."""
    plan = found.plan
    only = ",".join(sorted(plan.troubles))
    return (
        f"python -m trimtab_lab.chaos --seed {plan.seed} --minutes {plan.minutes} "
        f"--only {only} --trace"
    )


def ending(found: Outcome) -> list[str]:
    """The last lines of its story."""
    return list(found.story[-STORY_LINES:])
