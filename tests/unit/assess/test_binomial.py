"""One target's failures against the pooled rest."""

from __future__ import annotations

from fractions import Fraction
from math import comb, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.assess.binomial import Counts, Totals, standouts, sum_of, tail


def exact(k: int, n: int, p: Fraction) -> float:
    return float(sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(max(k, 0), n + 1)))


def found(counts: dict[str, Counts]) -> list[str]:
    return [
        name
        for name, _ in standouts(
            Totals.of(counts), min_requests=50, min_difference=0.05, chance=0.001
        )
    ]


@given(st.integers(0, 60), st.integers(1, 60), st.integers(1, 99))
def test_the_tail_is_the_exact_sum(k: int, n: int, percent: int) -> None:
    assert isclose(tail(k, n, percent / 100), exact(k, n, Fraction(percent, 100)), rel_tol=1e-9)


@pytest.mark.parametrize(
    ("k", "n", "p", "chance"), [(0, 5, 0.1, 1), (6, 5, 0.9, 0), (1, 5, 0, 0), (5, 5, 1, 1)]
)
def test_the_tail_at_its_ends(k: int, n: int, p: float, chance: float) -> None:
    assert tail(k, n, p) == chance


def test_large_counts_neither_overflow_nor_vanish_into_certainty() -> None:
    assert 0.4 < tail(500_000, 1_000_000, 0.5) < 0.6
    assert tail(900_000, 1_000_000, 0.001) == 0.0


@pytest.mark.parametrize("peers", range(1, 9))
def test_one_bad_target_is_found_in_fleets_of_two_to_nine(peers: int) -> None:
    counts = {f"peer{i}": Counts(500, 1) for i in range(peers)}
    assert found({"bad": Counts(500, 100), **counts}) == ["bad"]


@pytest.mark.parametrize("size", range(2, 10))
def test_nobody_stands_out_where_all_fail_alike(size: int) -> None:
    assert found({f"t{i}": Counts(500, 100 + i) for i in range(size)}) == []


def test_two_bad_of_five_are_both_found() -> None:
    counts = {"a": Counts(500, 250), "b": Counts(500, 240)}
    assert found({**counts, **{c: Counts(500, 2) for c in "cde"}}) == ["a", "b"]


def test_too_few_requests_say_nothing() -> None:
    assert found({"bad": Counts(49, 49), "good": Counts(500, 0)}) == []
    assert found({"bad": Counts(500, 400), "hardly asked": Counts(49, 0)}) == []


def test_few_failures_among_few_requests_may_be_chance() -> None:
    assert found({"odd": Counts(50, 3), "peer": Counts(50, 0)}) == []


def test_a_difference_too_small_to_matter_is_none_however_certain() -> None:
    assert found({"odd": Counts(100_000, 4_000), "peer": Counts(100_000, 10)}) == []


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"),
        st.tuples(st.integers(0, 2_000), st.integers(0, 2_000)).map(
            lambda c: Counts(max(c), min(c))
        ),
    )
)
def test_the_order_of_targets_does_not_matter_and_never_all_stand_out(
    counts: dict[str, Counts],
) -> None:
    once = found(counts)
    assert once == found(dict(reversed(counts.items())))
    assert not counts or len(once) < len(counts)


@given(st.integers(50, 1_000), st.integers(2, 9), st.integers(0, 40))
def test_failing_more_never_makes_a_target_less_of_a_standout(
    asked: int, size: int, share: int
) -> None:
    peers = {f"p{i}": Counts(asked, asked * share // 100) for i in range(size - 1)}
    verdicts = ["x" in found({**peers, "x": Counts(asked, f)}) for f in range(0, asked + 1, 25)]
    assert verdicts == sorted(verdicts)


HALVES = st.integers(0, 60).map(lambda n: n / 2)
ASKED_AND_FAILED = st.tuples(HALVES, HALVES).map(lambda pair: (max(pair), min(pair)))
FLEETS = st.dictionaries(st.sampled_from("abcde"), ASKED_AND_FAILED, min_size=2)


@given(FLEETS, st.integers(0, 12), st.sampled_from([0, 0.05, 0.3, 0.5, 1]))
def test_nobody_is_passed_over_who_would_stand_out(
    counts: dict[str, tuple[float, float]], least: int, difference: float
) -> None:
    totals = Totals.of(counts)
    together, expected = totals.together, []
    for name, mine in sorted(totals.by_name.items()):
        others = together.without(mine)
        assert 0 <= others.failed <= others.asked
        enough = min(mine.asked, others.asked) >= least
        if enough and mine.share - others.share >= difference:
            usual = (others.failed + 1) / (others.asked + 2)
            expected += [name] if tail(mine.failed, mine.asked, usual) * len(totals) < 1 else []
    rest = together.without(sum_of(totals.by_name.values()))
    assert 0 <= rest.failed <= rest.asked
    found = standouts(totals, min_requests=least, min_difference=difference, chance=1.0)
    assert [name for name, _ in found] == expected
