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
from trimtab.model.reason import ReasonCode
from trimtab_lab.embedded import Embedded
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.world.faults import Fault, FaultKind, KthTarget, OneInstance

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


def test_a_fleet_that_replaces_in_vain_stops_and_calls() -> None:
    with replacing(ILL, stop_after=1) as aws:
        born = set(members(aws))
        for _ in range(60):
            aws.run(1)
            for instance, lifecycle in members(aws).items():
                if instance not in born and lifecycle == "InService":
                    aws.world.switch_on(Fault(FaultKind.DEAD, OneInstance(instance)))
        notes = [e for e in aws.result.entries if e.reason.code is ReasonCode.REPLACING_IN_VAIN]
        assert any(e.kind is Kind.NOTED for e in notes)
        assert len(done(aws, Retire)) <= 1
        assert any("replacing in blue" in message.text for message in aws.told)


def test_who_is_kept_stays_in_standby_until_he_was_looked_at_for_long_enough() -> None:
    with replacing(ILL, keep=timedelta(minutes=25)) as aws:
        aws.run(30)
        (aside,) = [e for e in done(aws, Eject) if isinstance(e.change, Eject) and e.change.replace]
        assert isinstance(aside.change, Eject)
        assert members(aws)[aside.change.instance] == "Standby"
        assert "trimtab:kept" in aws.world.labels.instance_tags[aside.change.instance]
        assert not done(aws, Retire)

        aws.run(12)
        (end,) = done(aws, Retire)
        assert end.at - aside.at >= timedelta(minutes=25)
        assert aside.change.instance not in members(aws)
        assert not [e for e in done(aws, Restore) if e.at > aside.at]
