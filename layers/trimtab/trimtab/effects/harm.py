"""Whether things are worse than before an action, by arithmetic on samples. Pure.

Harm is claimed only where it was seen: two full minutes after the action that are both worse than
what was before it, or a state that was not there before. What is missing claims nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trimtab.effects.vitals import Minutes, errors_of, latency_of
from trimtab.model.assessment import FleetBelief
from trimtab.model.change import Eject, Resize, Restore, Retire, Reweight, gainers
from trimtab.model.effect import Unverified, Vitals
from trimtab.model.ids import FleetId
from trimtab.model.reason import Fact, Reason, ReasonCode
from trimtab.model.situation import Situation

MINUTES_TO_BELIEVE = 2
"""Full minutes after an action that must agree: one bad minute is noise."""
ERRORS_TIMES = 2.0
LATENCY_TIMES = 2.0
"""Above so many times what was before is a rise; of errors by ``signs.error_share`` at least."""
EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Rise:
    """One series before an action and after it; ``after`` is the better of two full minutes."""

    before: float
    after: float
    bar: float

    @property
    def is_one(self) -> bool:
        """Whether it is worse than before."""
        return self.after > self.bar


def harm_of(held: Unverified, at: Situation) -> Reason | None:
    """Say what harm an action has done that taking it back may end; ``None`` where none is seen.

    - An ejection of a target that got requests, when those that stay are loaded beyond their
      target and fail, slow down, or could not carry it at all.
    - A smaller group, when the fleet is down, fails, slows down or cannot carry its load.
    - New weights, when a fleet that got more is down, fails or slows down, and those that would get
      it back do better.
    """
    change = held.change
    if not at.names(change):
        return None
    match change:
        case Eject():
            return _of_eject(change, held, at) if held.expects.carried else None
        case Resize() if change.after < change.before:
            return _of_shrinking(change.fleet, held, at)
        case Reweight():
            return _of_reweight(change, held, at)
        case Resize() | Restore() | Retire():
            return None


def errors_rise(fleet: FleetId, held: Unverified, at: Situation) -> Rise | None:
    """Compare the share of errors; ``None`` where it is not known."""
    least = at.policy.health.signs.error_share
    before = held.expects.before.get(fleet, Vitals()).errors
    found = _compare(errors_of(fleet, at), before, held)
    return found and Rise(*found, bar=max(found[0] + least, found[0] * ERRORS_TIMES))


def latency_rise(fleet: FleetId, held: Unverified, at: Situation) -> Rise | None:
    """Compare the mean latency; ``None`` where it is not known."""
    before = held.expects.before.get(fleet, Vitals()).latency
    found = _compare(latency_of(fleet, at), before, held)
    return found and Rise(*found, bar=found[0] * LATENCY_TIMES)


def _compare(
    minutes: Minutes, before: float | None, held: Unverified
) -> tuple[float, float] | None:
    """Return what was before, and the lower of the last two full minutes since it was done.

    Where nobody looked before, the highest of the minutes before the intent is what was.
    """
    after = [v for m, v in sorted(minutes.items()) if m >= held.done][-MINUTES_TO_BELIEVE:]
    if before is None:
        earlier = [v for m, v in minutes.items() if _ends_before(m, held.at)]
        before = max(earlier, default=None)
    if before is None or len(after) < MINUTES_TO_BELIEVE:
        return None
    return before, min(after)


def _ends_before(minute: datetime, moment: datetime) -> bool:
    return (moment - minute).total_seconds() >= 60  # noqa: PLR2004 (a minute)


def _of_eject(change: Eject, held: Unverified, at: Situation) -> Reason | None:
    belief = at.believed(change.fleet)
    units = _units_since(belief, held)
    if belief.targets is None or units is None or units <= belief.trusted:
        return None  # those that stay are not loaded beyond their target: it is not missed
    words = [
        *_overload(belief, units, held, at),
        *_worse_series(change.fleet, held, at),
        *_more_bad(belief, held),
    ]
    return _harm(change.fleet, words, belief, units) if words else None


def _of_shrinking(fleet: FleetId, held: Unverified, at: Situation) -> Reason | None:
    belief = at.believed(fleet)
    units = _units_since(belief, held)
    words = [*_went_down(belief, held), *_worse_series(fleet, held, at)]
    if units is not None:
        words += _overload(belief, units, held, at)
    return _harm(fleet, words, belief, units) if words and belief.targets is not None else None


def _of_reweight(change: Reweight, held: Unverified, at: Situation) -> Reason | None:
    fleets = {p.target_group: f for f, p in at.policy.fleets.items()}
    got = [fleets[arn] for arn in gainers(change) if arn in fleets]
    gave = [f for arn, f in fleets.items() if arn in change.after and f not in got]
    for fleet in got:
        belief = at.believed(fleet)
        words = [*_went_down(belief, held), *_worse_series(fleet, held, at)]
        if belief.targets is not None and words and _do_better(gave, fleet, at):
            return _harm(fleet, words, belief, _units_since(belief, held))
    return None


def _do_better(gave: list[FleetId], got: FleetId, at: Situation) -> bool:
    """Tell whether those that would get the traffic back are seen to serve it better."""
    theirs = errors_of(got, at)
    ill = theirs[max(theirs)] if theirs else None
    for fleet in gave:
        belief, mine = at.believed(fleet), errors_of(fleet, at)
        if belief.targets is None or belief.down or not belief.trusted:
            return False
        if mine and ill is not None and mine[max(mine)] > ill:
            return False
    return bool(gave)


def _units_since(belief: FleetBelief, held: Unverified) -> float | None:
    """Return the load, if its newest minute is from after the action."""
    demand = belief.demand
    return demand.units if demand is not None and demand.at >= held.done else None


def _overload(belief: FleetBelief, units: float, held: Unverified, at: Situation) -> list[str]:
    room = belief.trusted * at.policy.guard.max_load
    was = held.expects.before.get(belief.fleet, Vitals())
    if units <= room + EXACT or was.units is None or was.trusted is None:
        return []
    if was.units > was.trusted * at.policy.guard.max_load + EXACT:
        return []  # it was so before
    return [f"{belief.trusted} of {belief.fleet} carry {room:.1f} units, {units:.2f} are needed"]


def _went_down(belief: FleetBelief, held: Unverified) -> list[str]:
    was = held.expects.before.get(belief.fleet)
    return [f"{belief.fleet} is down"] if belief.down and was is not None and not was.down else []


def _more_bad(belief: FleetBelief, held: Unverified) -> list[str]:
    was = held.expects.before.get(belief.fleet, Vitals()).bad
    bad = sum(1 for b in belief.targets or () if b.bad)
    if was is None or bad < max(was, 1):  # one of those that were bad has left
        return []
    return [f"{bad} of those that stay have trouble of their own now"]


def _worse_series(fleet: FleetId, held: Unverified, at: Situation) -> list[str]:
    words = []
    errors, latency = errors_rise(fleet, held, at), latency_rise(fleet, held, at)
    if errors is not None and errors.is_one:
        words.append(
            f"{fleet} fails {errors.after:.1%} of its requests, {errors.before:.1%} before"
        )
    if latency is not None and latency.is_one:
        words.append(f"{fleet} takes {latency.after:.3g}s on average, {latency.before:.3g}s before")
    return words


def _harm(fleet: FleetId, words: list[str], belief: FleetBelief, units: float | None) -> Reason:
    facts: dict[str, Fact] = {"fleet": fleet, "trusted": belief.trusted}
    if units is not None:
        facts["units"] = round(units, 3)
    if belief.error_share is not None:
        facts["error_share"] = round(belief.error_share, 4)
    return Reason(ReasonCode.MADE_WORSE, "; ".join(words), facts)
