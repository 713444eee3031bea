"""What is asked beyond health promises the same in memory and through boto3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract import worlds
from tests.contract.worlds import Site
from trimtab.model.reason import Reason
from trimtab.model.signs import DO_NOT_TOUCH, Check, Machine, Marks, Notice
from trimtab_lab.world.faults import ApiCall, Fault, FaultKind, OneInstance

GROUP = "shop-blue-asg"


@pytest.fixture(params=["in_memory", "on_aws"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with getattr(worlds, request.param)() as made:
        yield made


def test_what_is_the_matter_with_a_machine_is_told_and_nothing_else(site: Site) -> None:
    first, second, third = (t.instance for t in site.targets("green"))
    began = site.world.now
    site.world.switch_on(Fault(FaultKind.IMPAIRED, OneInstance(first)))
    site.world.switch_on(Fault(FaultKind.RETIREMENT, OneInstance(second), amount=3600))
    site.world.switch_on(Fault(FaultKind.SPOT_NOTICE, OneInstance(third)))

    machines = site.signs.machines([first, second, third])
    assert not isinstance(machines, Reason)
    assert set(machines) == {first, second}
    assert [(i.check, i.since) for i in machines[first].impaired] == [(Check.INSTANCE, began)]
    assert machines[second] == Machine((), machines[second].scheduled)
    assert [s.code for s in machines[second].scheduled] == ["instance-retirement"]
    assert site.signs.notices() == {third: Notice("marked-for-termination", began)}


def test_tags_and_refreshes_are_told(site: Site) -> None:
    arn, one = site.group_arn("blue"), site.targets("green")[0].instance
    site.world.labels.target_group_tags[arn] = {"elbv2.k8s.aws/cluster": "prod"}
    site.world.labels.instance_tags[one] = {DO_NOT_TOUCH: "", "Name": "one"}
    site.world.labels.refreshes[GROUP] = "InProgress"

    assert site.signs.marks([arn]) == {arn: Marks("kubernetes", "elbv2.k8s.aws/cluster")}
    assert site.signs.untouchable() == frozenset({one})
    assert site.signs.refreshes([GROUP]) == {GROUP: "InProgress"}
    site.world.labels.refreshes[GROUP] = "Successful"
    assert site.signs.refreshes([GROUP]) == {GROUP: ""}


def test_a_group_says_what_it_registers_members_in_and_what_they_were_launched_from(
    site: Site,
) -> None:
    group = site.infrastructure.groups([GROUP])[GROUP]
    assert not isinstance(group, Reason)
    assert group.target_groups == (site.group_arn("blue"),)
    assert {m.version for m in group.members} == {f"lt-0{GROUP}:1"}
    assert group.marks == Marks()


def test_an_instance_is_its_groups(site: Site) -> None:
    one = site.targets("blue")[0].instance
    assert site.owners.groups_of([one]) == {one: GROUP}


def test_what_cannot_be_asked_answers_with_a_reason(site: Site) -> None:
    site.world.switch_on(Fault(FaultKind.THROTTLED, ApiCall("ec2", "*"), amount=1.0))
    one = site.targets("blue")[0].instance
    answers = (site.signs.machines([one]), site.signs.notices(), site.signs.untouchable())
    assert all(isinstance(answer, Reason) for answer in answers)
