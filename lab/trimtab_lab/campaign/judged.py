"""What many played stories say together: per cause and who, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trimtab.model.cause import Cause
from trimtab_lab.campaign.play import Played, Who

IN_TIME = 0.99
"""Share of targets that fail their users alone and are removed within the ticks a story gives."""
EQUAL = 1.005
"""So near are two sums of failures the same: where nothing helps, chance decides the rest."""
NEVER = frozenset({Cause.OVERLOAD, Cause.FLEET, Cause.DEPENDENCY, Cause.BLIND})
"""Causes in which nothing at all may be removed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One who in one cause. Delays: ticks after it is visible, ``None`` if none was removed."""

    cause: str
    who: Who
    runs: int
    due: int
    median: float | None
    p95: float | None
    missed: int
    late: int
    wrong: int
    failed: int
    requests: int

    @property
    def share_failed(self) -> float:
        """Share of the users' requests that failed."""
        return self.failed / self.requests if self.requests else 0.0


def rows(played: Iterable[Played]) -> tuple[Row, ...]:
    """Sum up, in the order of the causes and of who is compared."""
    by: dict[tuple[str, Who], list[Played]] = {}
    for one in played:
        by.setdefault((one.cause, one.who), []).append(one)
    order = {cause: n for n, cause in enumerate(Cause)}
    whos = {who: n for n, who in enumerate(Who)}
    keys = sorted(by, key=lambda k: (order[Cause(k[0])], whos[k[1]]))
    return tuple(_row(cause, who, by[cause, who]) for cause, who in keys)


def _row(cause: str, who: Who, played: Sequence[Played]) -> Row:
    delays = sorted(d for p in played for d in p.delays)
    return Row(
        cause=cause,
        who=who,
        runs=len(played),
        due=len(delays) + sum(len(p.missed) for p in played),
        median=_quantile(delays, 0.5),
        p95=_quantile(delays, 0.95),
        missed=sum(len(p.missed) for p in played),
        late=sum(len(p.late) for p in played),
        wrong=sum(len(p.wrong) for p in played),
        failed=sum(p.failed for p in played),
        requests=sum(p.requests for p in played),
    )


def _quantile(ordered: Sequence[int], share: float) -> float | None:
    """Return the smallest value that so large a share does not exceed."""
    if not ordered:
        return None
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))])


def shortcomings(played: Sequence[Played]) -> tuple[str, ...]:
    """Name where Trimtab is not as it promises; nothing if it is."""
    mine = [p for p in played if p.who is Who.TRIMTAB]
    found = [f"{p.story}, seed {p.seed}: {b}" for p in mine for b in p.broken]
    found += [
        f"{p.story}, seed {p.seed}: removed {', '.join(p.wrong)}"
        for p in mine
        if p.wrong and Cause(p.cause) in NEVER
    ]
    table = {(r.cause, r.who): r for r in rows(played)}
    due = sum(r.due for r in table.values() if r.who is Who.TRIMTAB)
    tardy = sum(r.missed + r.late for r in table.values() if r.who is Who.TRIMTAB)
    if due and 1 - tardy / due < IN_TIME:
        found.append(f"{tardy} of {due} that should leave were missed or late")
    for (cause, who), peer in table.items():
        ours = table.get((cause, Who.TRIMTAB))
        if ours is not None and who is not Who.TRIMTAB and ours.failed > peer.failed * EQUAL:
            text = f"{cause}: {ours.failed:,} requests failed, with {who} {peer.failed:,}"
            found.append(text)
    return tuple(found)
