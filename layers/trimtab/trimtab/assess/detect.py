"""Every detector, asked as the policy says. Pure; finds, never acts.

A new detector is a function of a ``Look`` and a row here. What is made of its findings (``on``,
``shadow``, ``off``) is decided in this one place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from trimtab.assess.by_probe import by_probe
from trimtab.assess.consecutive import by_consecutive
from trimtab.assess.detectors import by_load_balancer
from trimtab.assess.logged import by_access_logs
from trimtab.assess.look import Findings, Found, Look
from trimtab.assess.peers import by_failures, by_outliers
from trimtab.assess.told import by_anomaly, by_machine, by_notices
from trimtab.model.assessment import Evidence
from trimtab.model.detectors import Detector, Use
from trimtab.model.ids import TargetId

DETECTORS: Mapping[Detector, Callable[[Look], Findings]] = {
    Detector.LOAD_BALANCER: by_load_balancer,
    Detector.MACHINE: by_machine,
    Detector.NOTICES: by_notices,
    Detector.OUTLIERS: by_outliers,
    Detector.FAILURES: by_failures,
    Detector.ACCESS_LOGS: by_access_logs,
    Detector.PROBE: by_probe,
    Detector.CONSECUTIVE: by_consecutive,
    Detector.ANOMALY: by_anomaly,
}
"""In this order evidence is told: the first is the reason that is given."""

ByTarget = Mapping[TargetId, tuple[Evidence, ...]]


@dataclass(frozen=True, slots=True)
class Detected:
    """What all detectors say; ``shadowed`` is kept apart so that nothing can follow of it."""

    found: ByTarget = field(default_factory=dict)
    shadowed: ByTarget = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    rest_share: float | None = None
    rising: frozenset[TargetId] = frozenset()


def detect(look: Look) -> Detected:
    """Ask each detector that the policy does not switch off."""
    found: dict[TargetId, tuple[Evidence, ...]] = {}
    shadowed: dict[TargetId, tuple[Evidence, ...]] = {}
    levels: dict[str, float] = {}
    rest_share = None
    rising: frozenset[TargetId] = frozenset()
    for detector, ask in DETECTORS.items():
        match look.policy.health.use(detector):
            case Use.OFF:
                continue
            case Use.SHADOW:
                _add(ask(look).found, shadowed)
            case Use.ON:
                said = ask(look)
                _add(said.found, found)
                levels.update(said.levels)
                rising |= said.rising
                rest_share = said.rest_share if said.rest_share is not None else rest_share
    return Detected(found, shadowed, levels, rest_share, rising)


def _add(found: Found, to: dict[TargetId, tuple[Evidence, ...]]) -> None:
    for target, evidence in found:
        to[target] = (*to.get(target, ()), evidence)
