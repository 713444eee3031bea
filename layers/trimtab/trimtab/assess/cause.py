"""The cause of a fleet's trouble, told apart before anything is done about it. Pure.

Asked in order, the most cautious first; the first that explains what is seen is the cause. What
each allows is in ``trimtab.model.cause``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from trimtab.assess.demand import newest
from trimtab.model.assessment import Condition, FleetBelief, TargetBelief
from trimtab.model.cause import Cause
from trimtab.model.ids import Zone
from trimtab.model.memory import FleetMemory
from trimtab.model.observation import FleetSeen, LoadSignal
from trimtab.model.policy import Policy
from trimtab.model.reason import AGAINST_PEERS, BY_PEERS, Reason, ReasonCode
from trimtab.model.signs import CODE_DEPLOY

LEAVING = Condition.LEAVING
"""Asked of each of thousands of targets."""
BUSY = 1.0
"""Units of load a trusted target at its target load carries; from here on a fleet is busy."""
ZONE_BAD = 0.55
"""Share of a zone from which on the zone is the cause (Kubernetes' unhealthy-zone threshold)."""
SEVERAL = 2
"""One may be alone in being bad."""
ELSEWHERE = 0.2
"""Share that may be bad in the other zones together."""
NEW_SHARE = 0.2
"""Share of newcomers from which on a fleet is being changed."""
ALIKE_FACTOR = 5
"""So many times the suspicious share of errors, without anyone standing out, is a dependency's."""
VANISHED_SHARE = 0.5
VANISHED_COUNT = 3
"""Half of a fleet, and three targets at least, do not vanish between two looks."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a cause is told from. ``bad``: the targets that something is held against.

    ``rising``: others that stand out as well, by their newest sample alone.
    """

    belief: FleetBelief
    seen: FleetSeen
    memory: FleetMemory
    policy: Policy
    now: datetime
    bad: tuple[TargetBelief, ...]
    rising: tuple[TargetBelief, ...] = ()

    @property
    def odd(self) -> tuple[TargetBelief, ...]:
        """Who is bad, and who is about to be: the first whose samples are here is not alone."""
        return (*self.bad, *self.rising) if self.bad else ()


def cause_of(scene: Scene) -> tuple[Cause, str]:
    """Return the cause and the sentence that says why it is thought so."""
    for cause, rule in _RULES:
        text = rule(scene)
        if text:
            return cause, text
    return Cause.NONE, ""


def _blind(at: Scene) -> str:
    if at.belief.targets is None:
        return "target health could not be read"
    return _vanished(at)


def _vanished(at: Scene) -> str:
    """Say that registrations vanished as no fleet's do; empty if they did not.

    A group that shrank with them explains it, and so does time: what stays away is believed after
    ``guard.max_age``.
    """
    before, when = at.memory.population, at.memory.population_at
    here = len(at.belief.targets or ())
    if before is None or when is None or at.now - when > at.policy.guard.max_age:
        return ""
    lost = before - here
    if lost < VANISHED_COUNT or here > before * VANISHED_SHARE:
        return ""
    group = at.seen.group
    if group is not None and group.in_service <= before * VANISHED_SHARE:
        return ""
    return f"{lost} of {before} registrations vanished at once: that is not believed yet"


def _whole_fleet(at: Scene) -> str:
    belief = at.belief
    if belief.panic:
        return f"{belief.bad} targets are bad ({belief.bad_share:.0%}): it is not the targets"
    if belief.down:
        return "nothing in it can be trusted to serve"
    return ""


def _overload(at: Scene) -> str:
    """Busy, and slow or failing together. One that is slow alone is not the fleet being busy."""
    demand, trusted = at.belief.demand, at.belief.trusted
    if demand is None or trusted == 0 or demand.units < BUSY * trusted:
        return ""
    sign = _slow_together(at) or _failing_together(at, factor=1)
    load = demand.units / trusted
    return f"each target carries {load:.2f} of its load, and {sign}" if sign else ""


def _slow_together(at: Scene) -> str:
    rise = at.policy.health.signs.latency_rise
    usual = at.memory.usual
    known = {m: level for m, level in at.belief.levels.items() if usual.get(m, 0) > 0}
    if known:
        worst = max(known, key=lambda m: known[m] / usual[m])
        times = known[worst] / usual[worst]
        return f"their median {worst} is {times:.1f} times its usual" if times > rise else ""
    latency = newest((at.seen.signals or {}).get(LoadSignal.LATENCY), at.now, at.policy)
    if isinstance(latency, Reason) or not at.memory.latency or _anyone_stands_out(at):
        return ""
    times = latency[1] / at.memory.latency
    return f"latency is {times:.1f} times its usual" if times > rise else ""


def _failing_together(at: Scene, factor: float) -> str:
    """Say that requests fail and nobody in particular fails them; empty otherwise."""
    share = at.belief.rest_share if at.belief.rest_share is not None else at.belief.error_share
    if share is None or share < factor * at.policy.health.signs.error_share:
        return ""
    if at.belief.rest_share is None and _anyone_stands_out(at):
        return ""
    return f"{share:.0%} of the requests fail, whoever answers them"


def _anyone_stands_out(at: Scene, by: frozenset[ReasonCode] = BY_PEERS) -> bool:
    """Tell whether anyone does by those detectors.

    A probe's finding does not speak against an overload: who is slowest times out first.
    """
    return any(e.detector in by for t in at.bad for e in t.evidence)


def _zone(at: Scene) -> str:
    """All that is bad is in one zone, and most of that zone is bad.

    Who has been out before is known to be bad by himself, and counts only where all of them are.
    """
    if not at.bad:
        return ""
    stay = [t.target.zone for t in at.belief.targets or () if t.condition is not LEAVING]
    sizes = Counter(stay)
    bad = Counter(t.target.zone for t in at.odd)
    if len(sizes) < SEVERAL:
        return ""
    zone, count = max(bad.items(), key=lambda z: (z[1] / max(sizes[z[0]], 1), z[1], z[0]))
    known = sum(1 for t in at.odd if t.target.zone == zone and t.target.id in at.memory.strikes)
    told = count if count == sizes[zone] else count - known
    if not zone or told < SEVERAL or told < ZONE_BAD * sizes[zone]:
        return ""
    if bad.total() - count > ELSEWHERE * (len(stay) - sizes[zone]):
        return ""
    late = sum(1 for t in at.rising if t.target.zone == zone)
    lately = f", {late} by their newest samples alone," if late else ","
    return f"{count} of {sizes[zone]} in {zone} are bad{lately} and {_others(zone, bad)} elsewhere"


def _others(zone: Zone, bad: Mapping[Zone, int]) -> int:
    return sum(n for z, n in bad.items() if z != zone)


def _deployment(at: Scene) -> str:
    """What is bad is what is new: newcomers, or all of one version beside others."""
    return _newcomers(at) or _refreshed(at) or _version(at)


def _refreshed(at: Scene) -> str:
    """Somebody deploys to newcomers, and only newcomers are bad, if only one.

    An instance refresh does while it is under way; CodeDeploy does to every newcomer of a group
    that it made.
    """
    refresh = at.seen.closer.refresh if at.seen.closer else ""
    marks = at.seen.group.marks if at.seen.group else None
    who = f"an instance refresh ({refresh})" if refresh else ""
    if marks is not None and marks.manager == CODE_DEPLOY:
        who = who or f"CodeDeploy (tag {marks.because})"
    new, bad = at.memory.warming.keys(), at.bad
    if not who or not bad or any(t.target.instance not in new for t in bad):
        return ""
    return f"{who} brings newcomers, and the {len(bad)} bad ones are new"


def _version(at: Scene) -> str:
    """Several are bad, all of one version, most of that version, and another version exists."""
    group = at.seen.group
    if group is None or len(at.bad) < SEVERAL:
        return ""
    ill = {t.target.instance for t in at.bad}
    theirs = {m.instance: m.version for m in group.members if m.instance in ill}
    bad = [theirs.get(t.target.instance, "") for t in at.bad]
    if len(set(bad)) > 1 or not bad[0]:
        return ""
    known = {m.instance: m.version for m in group.members}
    versions = [v for t in at.belief.targets or () if (v := known.get(t.target.instance, ""))]
    if len(set(versions)) < SEVERAL:
        return ""
    mine = versions.count(bad[0])
    if len(bad) < ZONE_BAD * mine:
        return ""
    return f"{len(bad)} of {mine} launched from {bad[0]} are bad, and none from any other version"


def _newcomers(at: Scene) -> str:
    """Only newcomers are bad, several of them, in a fleet with many."""
    new = at.memory.warming.keys()
    bad = at.bad
    if len(bad) < SEVERAL or any(t.target.instance not in new for t in bad):
        return ""
    targets = at.belief.targets or ()
    count = sum(1 for t in targets if t.target.instance in new)
    if count < NEW_SHARE * len(targets) or count == len(targets):
        return ""
    return f"the {len(bad)} bad ones are all new, and so are {count} of {len(targets)}"


def _dependency(at: Scene) -> str:
    together = _rising_together(at)
    if together:
        return together
    if _anyone_stands_out(at, AGAINST_PEERS) and at.belief.rest_share is None:
        return ""
    return _failing_together(at, factor=ALIKE_FACTOR)


def _rising_together(at: Scene) -> str:
    """Say that so many get bad at once that the next samples would make it a panic."""
    guard, count = at.policy.guard, len(at.odd)
    of = len(at.belief.targets or ())
    if not at.rising or count < guard.panic_count or count < guard.panic_share * of:
        return ""
    return f"{len(at.bad)} of {of} are bad, and {len(at.rising)} more by their newest samples alone"


def _target(at: Scene) -> str:
    count = len(at.bad)
    return f"{count} of {len(at.belief.targets or ())} stand out from their peers" if count else ""


_RULES: tuple[tuple[Cause, Callable[[Scene], str]], ...] = (
    (Cause.BLIND, _blind),
    (Cause.FLEET, _whole_fleet),
    (Cause.OVERLOAD, _overload),
    (Cause.ZONE, _zone),
    (Cause.DEPLOYMENT, _deployment),
    (Cause.DEPENDENCY, _dependency),
    (Cause.TARGET, _target),
)
