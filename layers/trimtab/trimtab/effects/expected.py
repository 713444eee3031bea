"""What each action should change, said before it is done. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from trimtab.effects.vitals import vitals_of
from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight, gainers
from trimtab.model.effect import Expectation, Vitals
from trimtab.model.ids import FleetId
from trimtab.model.policy import EjectMethod, ScalingPolicy
from trimtab.model.situation import Situation

SHOWS_WITHIN = timedelta(minutes=5)
"""From an action to its effect in metrics and target health: a health check or a drain, and two
minutes of samples."""
LAUNCHES_WITHIN = timedelta(minutes=7)
"""From asking for a member to its passing health checks; warming up comes on top."""


def expectation_of(change: Change, at: Situation) -> Expectation:
    """Return what should be true after a change, by when, and how things are before it."""
    by = at.now + SHOWS_WITHIN
    match change:
        case Eject():
            return _of_eject(change, by, at)
        case Retire():
            text = f"by {by:%H:%M} {change.instance} is leaving {change.group}, or gone"
            return Expectation(text, by, _before(at, change.fleet))
        case Restore():
            return replace(restored_by(change, at.now), before=_before(at, change.fleet))
        case Resize() if change.after > change.before:
            by = at.now + LAUNCHES_WITHIN + at.policy.scaling.warm_up
            text = f"by {by:%H:%M} {change.fleet} has {change.after} members that serve"
            return Expectation(text, by, _before(at, change.fleet))
        case Resize():
            most = at.policy.guard.max_load
            text = (
                f"by {by:%H:%M} {change.after} members of {change.fleet} carry its load, each at "
                f"most {most:.0%} of its target, with no more errors than before"
            )
            return Expectation(text, by, _before(at, change.fleet))
        case Reweight():
            return _of_reweight(change, by, at)


def restored_by(change: Restore, now: datetime) -> Expectation:
    """Return what should be true after a target is brought back, whoever does it."""
    by = now + SHOWS_WITHIN
    return Expectation(f"by {by:%H:%M} {change.target} is in service and healthy again", by)


def given_back(change: Change, now: datetime) -> Expectation | None:
    """Return what should be true after something temporary is given back, whoever does it.

    Nobody has looked at how the fleets fare before: what is measured goes by what the samples of
    the minutes before will show.
    """
    match change:
        case Restore():
            return restored_by(change, now)
        case Resize():
            by = now + LAUNCHES_WITHIN + ScalingPolicy().warm_up
            text = f"by {by:%H:%M} {change.fleet} has {change.after} members that serve"
            return Expectation(text, by)
        case Reweight():
            by = now + SHOWS_WITHIN
            names = ", ".join(arn.rsplit(":", 1)[-1] for arn in gainers(change))
            text = f"by {by:%H:%M} {names} carries its new share of {change.route}"
            return Expectation(f"{text}, with no more errors", by)
        case Eject() | Retire():
            return None


def _of_eject(change: Eject, by: datetime, at: Situation) -> Expectation:
    here = at.belief.targets_of(change.fleet).values()
    carried = any(b.serves for b in here if _leaves(change, b.target.instance, b.target.port))
    text = f"by {by:%H:%M} {change.target} takes no traffic"
    if carried:
        text += f", and the others of {change.fleet} carry it with no more errors than before"
    return Expectation(text, by, _before(at, change.fleet), carried)


def _leaves(change: Eject, instance: str, port: int) -> bool:
    """Tell what leaves: one registration, or by standby all that the instance has."""
    same = instance == change.instance
    return same and (change.method is EjectMethod.STANDBY or port == change.port)


def _of_reweight(change: Reweight, by: datetime, at: Situation) -> Expectation:
    """Expect the receivers to carry what they get.

    A step that follows another of the same route before that one's effect is known is measured by
    how things were before the first: harm that grows by steps is harm.
    """
    fleets = {p.target_group: f for f, p in at.policy.fleets.items()}
    names = [fleets[arn] for arn in sorted(change.after) if arn in fleets]
    gain = ", ".join(fleets[arn] for arn in gainers(change) if arn in fleets)
    text = f"by {by:%H:%M} {gain} carries its new share of {change.route}, with no more errors"
    return Expectation(text, by, {**_before(at, *names), **_before_the_first(change, at)})


def _before_the_first(change: Reweight, at: Situation) -> dict[FleetId, Vitals]:
    for held in at.memory.unverified:
        earlier = held.change
        same_way = isinstance(earlier, Reweight) and gainers(earlier) == gainers(change)
        if isinstance(earlier, Reweight) and earlier.route == change.route and same_way:
            return dict(held.expects.before)
    return {}


def _before(at: Situation, *fleets: FleetId) -> dict[FleetId, Vitals]:
    return {f: vitals_of(f, at) for f in fleets if f in at.policy.fleets}
