"""One target's failures against the pooled rest, by a binomial test. Pure.

Rules that compare with a mean and its deviation cannot fire in small fleets: one bad of four has
z = sqrt(3) = 1.73 at the most. Counts can: thirty failures of a hundred requests are no accident
among peers that fail one in a thousand, be they two or nine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import exp, fsum, lgamma, log, log1p
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T", bound=str)

ROUNDING = 2
"""More than rounding can move a count of failures across a share of the requests."""
NEGLIGIBLE = 1e-17
"""A term of the tail this much smaller than the largest adds nothing to a double."""


class Counts(NamedTuple):
    """How many requests a target answered and how many of them it failed; 0 <= failed <= asked."""

    asked: int
    failed: int

    @property
    def share(self) -> float:
        """Share of requests failed; 0 where there were none."""
        return self.failed / self.asked if self.asked else 0.0

    def without(self, part: Counts) -> Counts:
        """Return the rest; none where rounded parts come to more than the rounded whole."""
        asked = max(0, self.asked - part.asked)
        return Counts(asked, min(asked, max(0, self.failed - part.failed)))


def sum_of(counts: Iterable[Counts]) -> Counts:
    """Add up."""
    asked = failed = 0
    for one in counts:
        asked += one.asked
        failed += one.failed
    return Counts(asked, failed)


@dataclass(frozen=True, slots=True)
class Totals(Generic[T]):
    """Counts of many targets as columns: what is asked of all of them needs no object of each."""

    names: Sequence[T]
    asked: Sequence[float]
    failed: Sequence[float]

    @classmethod
    def of(cls, counts: Mapping[T, tuple[float, float]]) -> Totals[T]:
        """Return the counts of some targets, asked and failed."""
        held = counts.values()
        return cls(list(counts), [asked for asked, _ in held], [failed for _, failed in held])

    @classmethod
    def joined(cls, parts: Sequence[Totals[T]]) -> Totals[T]:
        """Return the counts of all of some parts, each target in one of them."""
        joined = chain.from_iterable
        return cls(
            list(joined(p.names for p in parts)),
            list(joined(p.asked for p in parts)),
            list(joined(p.failed for p in parts)),
        )

    def __len__(self) -> int:
        """How many targets there are."""
        return len(self.names)

    @property
    def together(self) -> Counts:
        """What all of them answered and failed."""
        return _rounded(sum(self.asked), sum(self.failed))

    @property
    def by_name(self) -> dict[T, Counts]:
        """The counts of each target."""
        return dict(zip(self.names, map(_rounded, self.asked, self.failed), strict=True))


def _rounded(asked: float, failed: float) -> Counts:
    return Counts(round(asked), round(failed))


class Standout(NamedTuple):
    """A target that fails more than its peers: its counts, their share, how likely by chance."""

    counts: Counts
    usual: float
    chance: float
    peers: int


def tail(k: int, n: int, p: float) -> float:
    """Return the chance of at least ``k`` of ``n`` when each happens with probability ``p``.

    Exact to about twelve digits: the terms from ``k`` on, each from the one before, until they add
    nothing. Worked example: ``tail(2, 3, 0.5)`` is 3/8 + 1/8 = 0.5.
    """
    if k <= 0:
        return 1.0
    if k > n or p <= 0:
        return 0.0
    if p >= 1:
        return 1.0
    if k <= n * p:  # the sum of the other side is the shorter and the more exact one
        return max(0.0, 1.0 - tail(n - k + 1, n, 1.0 - p))
    odds = p / (1.0 - p)
    term = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p))
    if term == 0.0:
        return 0.0  # below the smallest double, and every term after it is smaller yet
    terms = [term]
    for i in range(k, n):
        term *= (n - i) / (i + 1) * odds
        if term < NEGLIGIBLE * terms[0]:
            break
        terms.append(term)
    return min(1.0, fsum(terms))


def standouts(
    totals: Totals[T], *, min_requests: int, min_difference: float, chance: float
) -> Iterator[tuple[T, Standout]]:
    """Find targets that fail more of their requests than the others together, in name order.

    A target stands out when it answered at least ``min_requests``, failed a share at least
    ``min_difference`` above that of the pooled rest (which answered as many at least), and so many
    failures would come by chance less often than ``chance`` divided by the number of targets
    compared (Bonferroni: each look is one more chance to be wrong). The rest's share is taken as
    (failed + 1) / (asked + 2) (Laplace): a few requests without a failure do not prove that none
    can fail.

    Worked example: 100 of 500 failed, the others 5 of 1,500: usual is 6 / 1,502 = 0.4 %, the
    chance of 100 or more is below 1e-100, so it is found. 3 of 50 among peers at 0 of 50 is not:
    usual is then taken as 1/52, and three or more happen once in fourteen times.
    """
    together = totals.together
    for name, mine in sorted(_near(totals, min_requests, min_difference)):
        others = together.without(mine)
        if others.asked < min_requests or mine.share - others.share < min_difference:
            continue
        usual = (others.failed + 1) / (others.asked + 2)
        by_chance = tail(mine.failed, mine.asked, usual)
        if by_chance * len(totals) < chance:
            yield name, Standout(mine, usual, by_chance, len(totals) - 1)


def _near(
    totals: Totals[T], min_requests: int, min_difference: float
) -> Iterator[tuple[T, Counts]]:
    """Leave out who was asked too little, or plainly fails too little whatever the others fail.

    Most fail less than would be too little of the fewest requests, and that is all they are asked.
    """
    few = min_difference * max(min_requests, min(totals.asked, default=0)) - ROUNDING
    for place in [i for i, failed in enumerate(totals.failed) if failed > few]:
        if totals.failed[place] > min_difference * totals.asked[place] - ROUNDING:
            mine = _rounded(totals.asked[place], totals.failed[place])
            if mine.asked >= min_requests:
                yield totals.names[place], mine
