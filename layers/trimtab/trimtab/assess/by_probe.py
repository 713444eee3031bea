"""Who fails our own probe, several times in a row. Pure.

A place from which (nearly) everybody fails has no vote. And who fails must stand out: where others
fail now and then too, so that one of them was bound to fail so often in a row, nobody is found.
"""

from __future__ import annotations

from collections.abc import Sequence

from trimtab.assess.look import Findings, Look
from trimtab.model.assessment import Evidence
from trimtab.model.ids import TargetId
from trimtab.model.observation import Target
from trimtab.model.reason import ReasonCode
from trimtab.probed import MAX_AGE, Round, newest, record_of, rounds_of

CHANCE = 0.01
"""So rarely, at the most, may a run of failures come to any of a fleet's targets by chance."""


def by_probe(look: Look) -> Findings:
    """Find targets whose newest answers, as many as ``health.probe.failures``, were all bad.

    Worked example: three in a row, in a fleet of eight whose others fail one answer in ten, come to
    some target of the eight in 8 x 0.1^3 = 0.8 % of the looks, and are found; of others that fail
    one in four they come in 12.5 %, and nobody is found. What the newest says must not be older
    than three minutes: silence proves nothing. Nor does what a newcomer answered while it booted.
    """
    rule = look.policy.health.probe
    if rule is None or not look.seen.reports:
        return Findings()
    rounds = [one for one in rounds_of(look.seen.reports) if one.minute <= look.now]
    found = [
        (target, last, failures)
        for target in look.seen.targets or ()
        if (own := _since_warm(rounds, target, look))
        if (last := newest(own, target.id)) is not None and last.minute > look.now - MAX_AGE
        if (failures := record_of(own, target.id)[1]) >= rule.failures
    ]
    if not found:
        return Findings()
    # what is out already has failed by our own finding: it says nothing of how the others are
    odd = frozenset(target.id for target, _, _ in found) | look.memory.ejected.keys()
    asked = frozenset(target for one in rounds for target in one.votes)
    if len(asked) * _share_failed(rounds, asked - odd) ** rule.failures > CHANCE:
        return Findings()
    return Findings(
        tuple((target.id, _told(target, last, failures, look)) for target, last, failures in found)
    )


def _since_warm(rounds: Sequence[Round], target: Target, look: Look) -> Sequence[Round]:
    """Return the rounds since a newcomer's warm-up was over; of all others, all."""
    new = look.memory.warming.get(target.instance)
    if new is None:
        return rounds
    return [one for one in rounds if one.minute > new + look.policy.scaling.warm_up]


def _share_failed(rounds: Sequence[Round], targets: frozenset[TargetId]) -> float:
    """Return the share of their minutes in which some targets failed; 0 if none was asked."""
    said = [votes.verdict for one in rounds for t, votes in one.votes.items() if t in targets]
    return sum(1 for verdict in said if verdict is not True) / len(said) if said else 0.0


def _told(target: Target, last: Round, failures: int, look: Look) -> Evidence:
    rule, votes = look.policy.health.probe, last.votes[target.id]
    well = sum(1 for other, theirs in last.votes.items() if other != target.id and theirs.verdict)
    return Evidence(
        detector=ReasonCode.PROBE_FAILED,
        score=failures,
        threshold=rule.failures if rule else 0,
        samples=failures,
        peers=well,
        since=look.now,
        text=(
            f"our probe failed {failures} times in a row, last with {votes.last_error or 'no word'}"
            f" from {votes.failed} of {last.places} places; {well} others answer"
        ),
        at=last.minute,
    )
