"""A member that was deregistered by us, and ended by its group before it could come back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import BLUE, a_fleet, a_group, a_member, an_eject, an_ejection, at, remembered
from tests.unit.core.worlds import world
from trimtab.model.change import change_key, inverse_of
from trimtab.model.memory import Setback
from trimtab.model.observation import Group
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import ReasonCode as Code
from trimtab.remember import remember

HELD = an_ejection(
    an_eject(9, method=EjectMethod.DEREGISTER, group=None), since=at(-30), until=at(-20)
)


@pytest.mark.parametrize(
    ("times", "code", "group", "is_held"),
    [
        pytest.param(3, Code.AWS_ERROR, a_group(4), False, id="gone from its group, and refused"),
        pytest.param(2, Code.AWS_ERROR, a_group(4), True, id="not refused often enough"),
        pytest.param(3, Code.THROTTLED, a_group(4), True, id="throttled is not refused"),
        pytest.param(3, Code.AWS_ERROR, a_group(4, a_member(9)), True, id="still a member"),
        pytest.param(3, Code.AWS_ERROR, None, True, id="group not seen"),
    ],
)
def test_what_no_longer_exists_is_not_held_for_ever(
    times: int, code: Code, group: Group | None, is_held: bool
) -> None:
    key = change_key(inverse_of(HELD.eject))
    memory = remembered(ejected={HELD.eject.target: HELD})
    memory = replace(memory, setbacks={key: Setback(code, at(-1), times)})

    after = remember(world(a_fleet(group=group), memory=memory), {}, (), {})

    assert bool(after.fleet(BLUE).ejected) is is_held
