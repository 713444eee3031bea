"""What a tick should have resolved, or should be about to do, and does not: in its own arithmetic.

Whatever is not home must be on its way, or wait for a time that memory names, or for a reason that
the log names. Anything else has been forgotten.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from datetime import datetime, timedelta

from trimtab.loop import GRACE
from trimtab.model.change import Restore, subject_of
from trimtab.model.ids import FleetId
from trimtab.model.memory import Ejection, FleetMemory
from trimtab.model.policy import RoutePolicy
from trimtab.model.reason import ReasonCode
from trimtab.model.report import Source
from trimtab.model.request import MOST_HEARD, size_subject, weights_subject
from trimtab.model.tick import Tick
from trimtab.model.verdict import Ruling
from trimtab_lab.chaos.stage import USUAL

PER_TARGET = 900.0
MINUTE = timedelta(minutes=1)
NAMED_WAITS = frozenset(
    {
        ReasonCode.IN_FLIGHT,
        ReasonCode.GROUP_BOUNDS,
        ReasonCode.GROUP_BUSY,
        ReasonCode.RATE_BUDGET,
        ReasonCode.BACKING_OFF,
        ReasonCode.STEP_LIMIT,
        ReasonCode.WARMING_UP,
        ReasonCode.PROTECTED_BY_REQUEST,
        ReasonCode.ON_PROBATION,  # of another; it lasts for minutes
    }
)


def waits_for_nothing(tick: Tick) -> Iterator[str]:
    """Say what is wrong in a quiet world, and nobody is about to put right."""
    yield from _left_open(tick)
    yield from _overdue(tick)
    under_way = {subject_of(p.change) for p in tick.memory.pending}
    ruled = {subject_of(v.change) for v in tick.verdicts}
    for name, fleet in tick.inputs.policy.fleets.items():
        if f"group {name}/{fleet.group}" not in under_way | ruled:
            yield from _size_waits_for_nothing(name, tick)
    for route in tick.inputs.policy.routes:
        if f"route {route.name}" not in under_way | ruled:
            yield from _weight_waits_for_nothing(route, tick)


def _left_open(tick: Tick) -> Iterator[str]:
    """Say which intents should have ended and which requests should have been heard."""
    for pending in tick.memory.pending:
        if pending.deadline + GRACE < tick.now:
            yield f"{pending.entry} is past its deadline, and still under way"
    requests = tick.inputs.requests
    if requests.left.open and len(requests.heard) < MOST_HEARD:
        yield "requests wait that should have been heard"


def _overdue(tick: Tick) -> Iterator[str]:
    """Say what should return, and is neither on its way nor waits for what the log names."""
    coming = {subject_of(p.change) for p in tick.memory.pending}
    said = {
        subject_of(v.change): v for v in tick.verdicts if isinstance(v.proposal.change, Restore)
    }
    for fleet in tick.memory.fleets.values():
        for held in fleet.ejected.values():
            subject = subject_of(held.eject)
            if held.until > tick.now or subject in coming or _waits_for_its_probe(held, tick):
                continue
            verdict = said.get(subject)
            if verdict is None:
                yield f"{subject} was to return at {held.until:%H:%M:%S}, and nobody wants it"
            elif verdict.ruling is Ruling.REFUSED and verdict.reason.code not in NAMED_WAITS:
                yield f"{subject} may not return: {verdict.reason.text}"


def _waits_for_its_probe(held: Ejection, tick: Tick) -> bool:
    """Tell whether our probe asks it, and it has not answered every place in each last minute."""
    probe = tick.inputs.policy.health.probe
    if probe is None:
        return False
    asked: dict[datetime, bool] = {}
    for report in tick.inputs.seen.fleets[held.eject.fleet].reports:
        tally = report.tallies.get(held.eject.target)
        if report.source is Source.PROBE and report.minute >= held.since and tally is not None:
            asked[report.minute] = asked.get(report.minute, True) and not tally.failed
    last = [asked[minute] for minute in sorted(asked)[-probe.passes :]]
    return bool(last) and not (len(last) == probe.passes and all(last))


def _size_waits_for_nothing(name: FleetId, tick: Tick) -> Iterator[str]:
    """Say that a size is wrong, its load known, and no window or hold explains the wait."""
    belief, memory = tick.belief.fleets[name], tick.memory.fleet(name)
    group = next((f.group for f in tick.inputs.seen.fleets.values() if f.fleet == name), None)
    if group is None or belief.demand is None or size_subject(name) in tick.memory.holds:
        return
    least = max(group.min_size, math.ceil(belief.demand.units * 0.9))
    if group.desired < min(least, group.max_size):
        yield f"{name} has {group.desired}, carries {belief.demand.units:.1f}, and does not grow"
    lower = _watched(memory, tick)
    home = [r.split[name] * USUAL / PER_TARGET for r in tick.inputs.policy.routes]
    most = max([lower or 0, group.min_size, *(math.ceil(h) for h in home)])
    if lower is not None and group.desired > most + 1:
        yield f"{name} has {group.desired}, wanted {lower} for long, and does not shrink"


def _watched(memory: FleetMemory, tick: Tick) -> int | None:
    """The largest size wanted within the window, if it was watched whole; else ``None``."""
    start = tick.now - tick.inputs.policy.scaling.scale_in_after - MINUTE
    recent = [w for w in memory.wishes if w.at >= start]
    looks = [w.at for w in recent]
    most = tick.inputs.policy.guard.max_age
    if not recent or looks[0] > start + MINUTE:
        return None
    if any(b - a > most for a, b in itertools.pairwise(looks)):
        return None
    return max(w.size for w in recent)


def _weight_waits_for_nothing(route: RoutePolicy, tick: Tick) -> Iterator[str]:
    """Say that weights are away from home, everybody is well for long, and nobody moves them."""
    seen, memory = tick.inputs.seen.routes.get(route.name), tick.memory.route(route.name)
    if seen is None or weights_subject(route.name) in tick.memory.holds:
        return
    groups = {f: tick.inputs.policy.fleets[f].target_group for f in route.split}
    total = sum(seen.weights.get(g, 0) for g in groups.values()) or 1
    away = {
        f for f, g in groups.items() if abs(seen.weights.get(g, 0) / total - route.split[f]) > 0.02
    }
    well = {
        f for f, at in memory.well_since.items() if tick.now - at >= route.return_after + MINUTE
    }
    rested = memory.moved_at is None or tick.now - memory.moved_at >= route.step_every + MINUTE
    if away and well == set(route.split) and rested:
        yield f"{route.name} is away from home, all is well, and nothing moves"
