"""The last rungs of the ladder on the real handlers: replaced, in vain, kept to be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from tests.scenarios.embedded_shop import of_kind, shop
from trimtab.model.change import Change, Eject, Restore, Retire
from trimtab.model.entry import Entry, Kind
from trimtab.model.ladder import ProbationPolicy, ReplacePolicy
from trimtab.model.policy import EjectPolicy, Lever, Mode
from trimtab_lab.embedded import Embedded
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.world.faults import Fault, FaultKind, KthTarget

QUICK = EjectPolicy(keep_out=timedelta(minutes=4), max_keep_out=timedelta(minutes=20))
ILL = Fault(FaultKind.DEAD, KthTarget("blue", 1), after_s=120)
"""It never mends: each time it returns, its checks fail again."""


@contextmanager
def replacing(*faults: Fault, **rules: object) -> Iterator[Embedded]:
    """The shop, whose sick targets return after four minutes and are replaced at strike two."""
    scenario = shop(*faults, load=2800.0)
    given = replace(ReplacePolicy(after=2), **rules)  # type: ignore[arg-type]
    with Embedded(scenario) as aws:
        policy = policy_for(scenario, aws.connections.names, Mode.ENFORCE)
        modes = {**policy.modes, Lever.SCALE: Mode.OBSERVE, Lever.ROUTE: Mode.OBSERVE}
        lasts = ProbationPolicy(timedelta(minutes=3))
        health = replace(policy.health, eject=QUICK, replace=given, probation=lasts)
        aws.put(replace(policy, health=health, modes=modes))
        yield aws


def done(aws: Embedded, *kinds: type[Change]) -> list[Entry]:
    entries = of_kind(aws.result.entries, Kind.APPLIED)
    return [e for e in entries if isinstance(e.change, kinds)]


def members(aws: Embedded) -> dict[str, str]:
    (group, *_) = aws.world.describe_groups(("shop-blue-asg",))
    return {i.id: i.lifecycle for i in group.instances}


def test_who_comes_back_bad_is_replaced_and_another_serves_before_he_ends() -> None:
    with replacing(ILL) as aws:
        before = members(aws)
        aws.run(40)
        assert [type(e.change) for e in done(aws, Eject, Restore, Retire)] == [
            Eject, Restore, Eject, Retire,
        ]  # fmt: skip
        first, _, last, end = [e.change for e in done(aws, Eject, Restore, Retire)]
        assert isinstance(first, Eject)
        assert isinstance(last, Eject)
        assert isinstance(end, Retire)
        assert last.replace
        assert first.instance == last.instance == end.instance

        there = members(aws)
        assert end.instance not in there
        assert len(there) == len(before)
        assert set(there.values()) == {"InService"}
        assert aws.result.troubles == []
