"""Where the traffic went after weights were set, by counts of requests where there are any."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import BLUE_ARN, GREEN, GREEN_ARN, two_fleets
from tests.unit.core.effects import done, fleet
from tests.unit.core.worlds import a_reweight, a_situation
from trimtab.effects import judge
from trimtab.effects.traffic import traffic_of
from trimtab.model.change import Reweight
from trimtab.model.effect import Proof
from trimtab.model.ids import Arn, RouteId
from trimtab.model.memory import Memory
from trimtab.model.policy import Policy
from trimtab.model.situation import Situation

HOME, AWAY = {BLUE_ARN: 100, GREEN_ARN: 0}, {BLUE_ARN: 80, GREEN_ARN: 20}
SHIFT = a_reweight(HOME, AWAY)


def shifted(blue: float | None, green: float | None, policy: Policy | None = None) -> Situation:
    """Green was to get a fifth of it five minutes ago; so many units reach each."""
    fleets = (fleet(units=blue), replace(fleet(units=green), fleet=GREEN))
    memory = Memory(unverified=(done(SHIFT, 5, None),))
    return a_situation(*fleets, policy=policy or two_fleets(), memory=memory, weights=AWAY)


def nothing_came(at: Situation, change: Reweight = SHIFT) -> bool | None:
    found = traffic_of(change, done(change, 5, None), at)
    return None if found is None else found.came_to_nothing


OTHER_ROUTE = replace(two_fleets().routes[0], name=RouteId("other"), rule=Arn("arn:other"))
TWO_ROUTES = two_fleets(routes=(*two_fleets().routes, OTHER_ROUTE))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(shifted(3.2, 0.8), False, id="a fifth of it came"),
        pytest.param(shifted(3.6, 0.4), False, id="half of that came: sessions are sticky"),
        pytest.param(shifted(3.9, 0.1), True, id="next to nothing came"),
        pytest.param(shifted(None, 0.8), False, id="the other's counts are missing"),
        pytest.param(shifted(3.9, None), None, id="its own counts are missing: that is not zero"),
        pytest.param(shifted(3.9, 0.1, TWO_ROUTES), None, id="it is on another route as well"),
    ],
)
def test_what_came_is_told_by_counts(at: Situation, expected: bool | None) -> None:
    assert nothing_came(at) is expected


def test_a_shift_too_small_to_tell_is_not_told() -> None:
    small = a_reweight(HOME, {BLUE_ARN: 97, GREEN_ARN: 3})
    assert nothing_came(shifted(3.9, 0.0), small) is None


@pytest.mark.parametrize(
    ("green", "proof", "words"),
    [
        (0.8, Proof.VERIFIED, "green gets 20% of the requests, its weight is 20%"),
        (0.1, Proof.INEFFECTIVE, "green gets 2% of the requests, its weight is 20%"),
    ],
)
def test_a_shift_is_verified_by_the_traffic_it_led_somewhere(
    green: float, proof: Proof, words: str
) -> None:
    (effect,) = judge(shifted(4.0 - green, green))
    assert effect.proof is proof
    assert words in effect.reason.text
