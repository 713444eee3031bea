"""Law 10: everything temporary expires by itself; and the warden breaks none of the other laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN_ARN,
    MAIN,
    NOON,
    RULE,
    a_member,
    a_target,
    an_eject,
    at,
)
from tests.properties.profile import EXAMPLES
from tests.properties.worlds import OTHER_ARN, inputs
from trimtab.lease import Kept, Sight, adopted, give_back
from trimtab.lease.grant import TERM
from trimtab.loop import think
from trimtab.model.change import Change, Eject, Resize, Restore, Reweight, inverse_of, subject_of
from trimtab.model.ids import Arn, EntryId
from trimtab.model.lease import Attempt, Lease, Leases, Load
from trimtab.model.memory import Pending
from trimtab.model.observation import Group, Lifecycle, RouteSeen, Target, TargetState
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Inputs

MEMBER = an_eject(1, method=EjectMethod.STANDBY, group="blue-asg")
GROUPS = (BLUE_ARN, GREEN_ARN, OTHER_ARN)


@settings(max_examples=EXAMPLES, deadline=None)
@given(inputs())
def test_whatever_a_tick_leaves_out_is_leased(given_inputs: Inputs) -> None:
    tick = think(given_inputs, "schedule")
    held = {lease.subject: lease for lease in tick.leases.held}
    out = [(e.eject, e.until) for f in tick.memory.fleets.values() for e in f.ejected.values()]
    out += [
        (p.change, p.until or NOON + timedelta(days=1))
        for p in tick.memory.pending
        if isinstance(p.change, Eject)
    ]
    for eject, _ in out:
        same = [(e, end) for e, end in out if subject_of(e) == subject_of(eject)]
        lease = held[subject_of(eject)]
        assert lease.inverse in [inverse_of(e) for e, _ in same]
        assert lease.expires <= max(tick.now + TERM, *(end for _, end in same))
    assert all(lease.expires > tick.now for lease in tick.leases.held)


@settings(max_examples=EXAMPLES, deadline=None)
@given(inputs(), st.integers(1, 40))
def test_a_lease_whose_return_is_under_way_expires_whatever_the_ticks_say(
    given_inputs: Inputs, minutes: int
) -> None:
    """As with act dead: the loop lives, and each tick leaves an intent that nobody carries out."""
    first = think(given_inputs, "schedule")
    returning = {
        subject_of(p.change) for p in first.memory.pending if not isinstance(p.change, Eject)
    }
    soon = tuple(replace(x, expires=at(minutes)) for x in first.leases.held)
    before = replace(first.leases, held=soon)
    again = think(replace(given_inputs, leases=before), "schedule")
    for lease in again.leases.held:
        if lease.subject in returning:
            assert lease.expires == at(minutes)


@settings(max_examples=EXAMPLES, deadline=None)
@given(inputs())
def test_what_the_warden_set_about_is_taken_over_and_counted_once(given_inputs: Inputs) -> None:
    theirs = Pending(EntryId("01W#000"), inverse_of(MEMBER), ReasonCode.LEASE_EXPIRED, NOON, at(2))
    row = Leases(4, (), {"x": Attempt(theirs)})
    memory = adopted(given_inputs.memory, row)
    assert memory.pending.count(theirs) == 1
    assert adopted(memory, row) == memory
    tick = think(replace(given_inputs, memory=memory, leases=row), "schedule")
    assert tick.memory.pending.count(theirs) == 1
    assert (tick.leases.version, tick.leases.attempts) == (5, {})


states = st.sampled_from(list(TargetState))


@st.composite
def sights(draw: st.DrawFn) -> Sight:
    targets: dict[Arn, tuple[Target, ...] | Reason] = {}
    for arn in GROUPS:
        seen = draw(st.lists(states, max_size=5) | st.none())
        here = [a_target(n, state=state) for n, state in enumerate(seen or (), start=1)]
        targets[arn] = tuple(here) if seen is not None else Reason(ReasonCode.THROTTLED, "")
    lifecycle = draw(st.sampled_from(list(Lifecycle)))
    low = draw(st.integers(0, 3))
    group = Group("blue-asg", low, low + draw(st.integers(0, 9)), draw(st.integers(0, 9)),
                  (a_member(1, lifecycle=lifecycle),))  # fmt: skip
    weights = {arn: draw(st.integers(0, 120)) for arn in GROUPS}
    return Sight(targets, {"blue-asg": group}, {RULE: RouteSeen(RULE, weights)})


@st.composite
def leases(draw: st.DrawFn, seen: Sight) -> Lease:
    route = seen.routes[RULE]
    assert isinstance(route, RouteSeen)
    home = {BLUE_ARN: (blue := draw(st.integers(0, 100))), GREEN_ARN: 100 - blue}
    before = {arn: route.weights[arn] for arn in home}
    held, was = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    changes: list[Change] = [
        inverse_of(MEMBER),
        inverse_of(an_eject(1)),
        Reweight(MAIN, RULE, before, home),
        Resize(BLUE, "blue-asg", held, was),
    ]
    change = draw(st.sampled_from(changes))
    load = draw(st.none() | st.builds(Load, st.floats(0, 50), st.sampled_from([at(-90), NOON]),
                                      st.just(1.2)))  # fmt: skip
    return Lease("x", change, NOON, "y", draw(st.sampled_from([0.05, 0.2, 1.0])), load)


@settings(max_examples=4 * EXAMPLES, deadline=None)
@given(st.data())
def test_the_warden_only_gives_and_only_to_what_is_seen_to_serve(data: st.DataObject) -> None:
    seen = data.draw(sights())
    lease = data.draw(leases(seen))
    change = give_back(lease, seen, None, NOON)
    match change:
        case None | Kept():
            pass
        case Restore():
            group = seen.groups["blue-asg"]
            assert isinstance(group, Group)
            assert change.method is not EjectMethod.STANDBY or group.desired < group.max_size
        case Resize():
            group = seen.groups["blue-asg"]
            assert isinstance(group, Group)
            assert group.desired == change.before < change.after <= group.max_size
        case Reweight():
            check_shift(change, lease, seen)
        case Eject():
            raise AssertionError("it takes nothing out")


def check_shift(change: Reweight, lease: Lease, seen: Sight) -> None:
    healthy = {arn: serving(seen, arn) for arn in change.after}
    assert None not in healthy.values(), "unseen targets move nothing"
    total, before = sum(change.after.values()), sum(change.before.values())
    route = seen.routes[RULE]
    assert isinstance(route, RouteSeen)
    assert total == (before if route.weights[OTHER_ARN] else 100)
    rounding = 1 / total + 0.001
    gains = {g: w / total - change.before[g] / before for g, w in change.after.items()}
    is_losing = any(change.before[g] and not healthy[g] for g in change.after)
    assert (
        sum(max(0.0, gain) for gain in gains.values())
        <= (1.0 if is_losing else lease.step) + rounding
    )
    for arn, gain in gains.items():
        assert gain <= rounding or healthy[arn], "weight only to who serves"
    assert any(w and healthy[g] for g, w in change.after.items())


def serving(seen: Sight, arn: Arn) -> int | None:
    targets = seen.targets[arn]
    if isinstance(targets, Reason):
        return None
    return sum(1 for t in targets if t.state is TargetState.HEALTHY)
