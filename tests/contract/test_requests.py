"""What operators ask lies in the store until a tick has heard it: in memory and in DynamoDB."""

import pytest

from tests.builders import BLUE, MAIN, SHOP, a_policy, a_request, a_tick, an_entry, at
from tests.contract.deployments import Deployment
from trimtab.errors import Conflict, Refused
from trimtab.model.ids import InstanceId
from trimtab.model.memory import Memory
from trimtab.model.request import (
    MOST_OPEN,
    Asked,
    HoldCapacity,
    ProtectFleet,
    ProtectRoute,
    ProtectTarget,
    Release,
    Requests,
)
from trimtab.model.tick import Inputs, Remembered

HOLD = HoldCapacity(BLUE, 6, at(60))


def apply(here: Deployment) -> None:
    here.store.apply_policy(a_policy(), frozenset(), an_entry(seed="policy"))


def recalled(here: Deployment) -> Remembered:
    held = here.store.recall([SHOP])[SHOP]
    assert isinstance(held, Remembered)
    return held


def heard(here: Deployment) -> Inputs:
    """What a tick is given after it recalled the service."""
    held, seen = recalled(here), a_tick().inputs.seen
    return Inputs(seen, held.policy, held.memory, held.pauses, held.requests)


def test_nothing_is_asked_of_a_service_at_first(here: Deployment) -> None:
    apply(here)
    assert recalled(here).requests == Requests()


@pytest.mark.parametrize(
    "asked",
    [
        HOLD,
        ProtectTarget(BLUE, InstanceId("i-1"), 80, at(60)),
        ProtectFleet(BLUE, at(60)),
        ProtectRoute(MAIN, at(60)),
    ],
)
def test_a_request_is_recalled_as_it_was_made_and_is_in_the_log(
    here: Deployment, asked: Asked
) -> None:
    apply(here)
    entry = a_request(asked)
    here.store.request([entry])
    (request,) = recalled(here).requests.open
    assert (request.id, request.by, request.at) == (entry.id, "ann", entry.at)
    assert (request.why, request.what) == (entry.reason.text, asked)
    assert here.ledger.entry(SHOP, entry.id) == entry


def test_a_tick_leaves_what_it_did_not_hear(here: Deployment) -> None:
    apply(here)
    here.store.request([a_request(HOLD, seq=n) for n in range(12)])
    here.ledger.commit(a_tick(inputs=heard(here)))
    left = recalled(here).requests
    assert [r.id[-2:] for r in left.open] == ["10", "11"]
    assert left.version == 2


def test_a_tick_that_heard_what_another_one_heard_writes_nothing(here: Deployment) -> None:
    apply(here)
    here.store.request([a_request(HOLD)])
    late = heard(here)
    here.store.request([a_request(Release("size of blue"), seq=1)])
    with pytest.raises(Conflict):
        here.ledger.commit(a_tick(inputs=late))
    assert recalled(here).memory == Memory()
    assert len(recalled(here).requests.open) == 2


def test_a_request_whose_entry_exists_leaves_nothing_behind(here: Deployment) -> None:
    apply(here)
    here.store.request([a_request(HOLD)])
    with pytest.raises(Conflict):
        here.store.request([a_request(HOLD)])
    assert len(recalled(here).requests.open) == 1


def test_more_requests_than_may_wait_are_refused(here: Deployment) -> None:
    apply(here)
    for first in range(0, MOST_OPEN, 50):
        here.store.request([a_request(HOLD, seq=first + n) for n in range(50)])
    with pytest.raises(Refused, match="wait already"):
        here.store.request([a_request(HOLD, seq=MOST_OPEN)])
