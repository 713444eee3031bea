"""A target's evidence beside the same numbers of its peers, out of the tick that was recorded.

Worked out by the very functions that found it, over the very inputs; nothing is read again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trimtab.assess.look import Look
from trimtab.assess.peers import levels_by, shares_by
from trimtab.errors import TrimtabError
from trimtab.model.assessment import Evidence
from trimtab.model.change import Eject
from trimtab.model.entry import Entry
from trimtab.model.ids import FleetId, InstanceId, TargetId
from trimtab.model.observation import FleetSeen
from trimtab.model.reason import ReasonCode, in_words
from trimtab.model.tick import Tick
from trimtab.ports import Ledger
from trimtab.probed import rounds_of

LOOK_BACK = timedelta(minutes=14)
"""Of ticks before the one in question that the strip of states shows."""
MOST_TICKS = 30


@dataclass(frozen=True, slots=True)
class Beside:
    """One target's number and its peers', the worst of them first; over ``threshold`` is bad."""

    detector: ReasonCode
    what: str
    threshold: float
    target: str
    value: float
    peers: tuple[tuple[str, float], ...]
    is_share: bool = False


@dataclass(frozen=True, slots=True)
class States:
    """What the load balancer said of one target, tick by tick; empty where it was not seen."""

    detector: ReasonCode
    target: str
    steps: tuple[tuple[datetime, str], ...]


Shown = Beside | States


def shown_of(entry: Entry, ledger: Ledger) -> tuple[Shown, ...]:
    """Return what can be shown of an entry's evidence; nothing if its tick is not kept."""
    change = entry.change
    if not isinstance(change, Eject) or not entry.evidence:
        return ()
    try:
        found = list(
            ledger.ticks(
                entry.service,
                entry.at - LOOK_BACK,
                entry.at + timedelta(microseconds=1),
                MOST_TICKS,
            )
        )
    except TrimtabError:  # recorded by another version: the entry itself says all it needs to
        return ()
    tick = next((t for t in found if t.id == entry.tick), None)
    if tick is None:
        return ()
    return tuple(
        s for e in entry.evidence if (s := _shown(e, change, tick, found[::-1])) is not None
    )


def as_data(shown: Sequence[Shown]) -> list[dict[str, object]]:
    """The same as numbers."""
    return [_beside_data(one) if isinstance(one, Beside) else _states_data(one) for one in shown]


def _beside_data(one: Beside) -> dict[str, object]:
    return {
        "detector": one.detector,
        "what": one.what,
        "threshold": one.threshold,
        "target": one.target,
        "value": one.value,
        "peers": dict(one.peers),
    }


def _states_data(one: States) -> dict[str, object]:
    steps = [{"at": at.isoformat(), "state": state or None} for at, state in one.steps]
    return {"detector": one.detector, "target": one.target, "states": steps}


def _shown(evidence: Evidence, change: Eject, tick: Tick, ticks: Sequence[Tick]) -> Shown | None:
    seen = tick.inputs.seen.fleets.get(change.fleet)
    if seen is None:
        return None
    compare = _BESIDE.get(evidence.detector)
    if compare is None:
        steps = tuple((t.now, _state(t, change.fleet, change.target)) for t in ticks)
        return States(evidence.detector, change.target, steps)
    look = Look(seen, tick.inputs.policy, tick.inputs.memory.fleet(change.fleet), tick.now)
    what, values = compare(look, evidence, change)
    mine = next((n for n in (change.instance, change.target) if n in values), None)
    if mine is None:
        return None
    peers = sorted(((n, v) for n, v in values.items() if n != mine), key=lambda p: (-p[1], p[0]))
    return Beside(
        evidence.detector,
        what,
        evidence.threshold,
        mine,
        values[mine],
        tuple(peers),
        is_share=evidence.detector is ReasonCode.FAILURE_OUTLIER,
    )


Numbers = tuple[str, Mapping[str, float]]
"""What is compared, and the number of each target."""


def _levels(look: Look, evidence: Evidence, change: Eject) -> Numbers:
    """By the metric whose level of the target is the one that was found."""
    for rule in look.policy.health.outliers:
        levels = levels_by(rule, look)
        if math.isclose(levels.get(change.instance, math.nan), evidence.score):
            return rule.metric.name, _named(levels)
    return "", {}


def _shares(look: Look, _: Evidence, __: Eject) -> Numbers:
    rule = look.policy.health.failures
    if rule is None:
        return "", {}
    return f"requests failed in {in_words(rule.window)}", _named(shares_by(rule, look))


def _probed(look: Look, _: Evidence, __: Eject) -> Numbers:
    """How often in a row each target has failed the probe, up to its last minute."""
    rounds = rounds_of(look.seen.reports)
    targets = {target for each in rounds for target in each.votes}
    row: dict[str, float] = dict.fromkeys(sorted(targets), 0.0)
    for target in targets:
        for each in reversed(rounds):
            votes = each.votes.get(target)
            if votes is None or votes.verdict is not False:
                break
            row[target] += 1
    return "probes failed in a row", row


def _named(values: Mapping[InstanceId, float]) -> Mapping[str, float]:
    return {str(name): value for name, value in values.items()}


_BESIDE: Mapping[ReasonCode, Callable[[Look, Evidence, Eject], Numbers]] = {
    ReasonCode.METRIC_OUTLIER: _levels,
    ReasonCode.FAILURE_OUTLIER: _shares,
    ReasonCode.PROBE_FAILED: _probed,
}


def _state(tick: Tick, fleet: FleetId, target: TargetId) -> str:
    seen = tick.inputs.seen.fleets.get(fleet) or FleetSeen(fleet, None)
    return next((str(t.state) for t in seen.targets or () if t.id == target), "")
