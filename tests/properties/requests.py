"""Whatever operators may ask of a situation, possible or not, and the entries it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import strategies as st

from tests.builders import NOON, SHOP, an_entry, at
from tests.properties.policies import some
from trimtab.model.change import Change, Eject, inverse_of
from trimtab.model.entry import Entry, Kind, answer_id, lapse_id, outcome_id
from trimtab.model.ids import EntryId, FleetId, InstanceId, RouteId
from trimtab.model.memory import Hold
from trimtab.model.observation import FleetSeen
from trimtab.model.policy import Policy
from trimtab.model.request import (
    Approve,
    Asked,
    EjectTarget,
    HoldCapacity,
    HoldWeights,
    Protect,
    ProtectFleet,
    ProtectRoute,
    ProtectTarget,
    Reject,
    Release,
    Request,
    Requests,
    RestoreTarget,
    Undo,
    protection_subject,
    size_subject,
    weights_subject,
)

STRANGE = FleetId("nowhere")


def cited_entries(change: Change, number: int, kind: str) -> dict[EntryId, Entry]:
    """A past entry about a change, and what is told of it."""
    seed, when = f"cited {number}", at(-20)
    entry = an_entry(SHOP, when, number, seed, change=change, inverse=inverse_of(change))
    if kind in ("awaiting", "answered", "lapsed"):
        entry = replace(entry, kind=Kind.AWAITING, deadline=None)
    name = entry.id
    told = {
        "applied": (outcome_id(name), Kind.APPLIED),
        "failed": (outcome_id(name), Kind.FAILED),
        "answered": (answer_id(name), Kind.REJECTED),
        "lapsed": (lapse_id(name), Kind.LAPSED),
    }.get(kind)
    if told is None:
        return {name: entry}
    key, ending = told
    return {name: entry, key: replace(entry, id=key, kind=ending, intent=name)}


@st.composite
def requests_for(
    draw: st.DrawFn,
    policy: Policy,
    seen: Mapping[FleetId, FleetSeen],
    changes: tuple[Change, ...],
) -> tuple[Requests, dict[EntryId, Entry]]:
    """Some requests, and the entries they are about: of changes that may have happened."""
    cited: dict[EntryId, Entry] = {}
    for number, change in enumerate(changes):
        kind = draw(some("applied", "applied", "awaiting", "awaiting", "failed", "lapsed", "on"))
        was = change if draw(some(True, False)) else _as_it_left_the_world(change)
        cited |= cited_entries(was, number, kind)
    names = [name for name in cited if name.count("#") == 1]
    asked = [draw(_asked(policy, seen, names)) for _ in range(draw(some(1, 2, 4)))]
    found = tuple(
        Request(EntryId(f"01ASKED#{i:03d}"), "ann", at(-1), "because", what)
        for i, what in enumerate(asked)
    )
    return Requests(draw(some(1, 7)), found), cited


def _as_it_left_the_world(change: Change) -> Change:
    """A change that led to what is seen now: its undo has something to do."""
    return change if isinstance(change, Eject) else inverse_of(change) or change


@st.composite
def _asked(
    draw: st.DrawFn, policy: Policy, seen: Mapping[FleetId, FleetSeen], names: list[EntryId]
) -> Asked:
    kinds = ("approve", "reject", "eject", "restore", "size", "weights", "protect")
    kind = draw(some("undo", "undo", *kinds))
    entry = draw(st.sampled_from([*names, EntryId("01GONE#000")]))
    fleet = draw(st.sampled_from([*sorted(policy.fleets), STRANGE]))
    until = draw(some(at(60), at(5), NOON, at(-5)))
    here = seen.get(fleet)
    known = [(t.instance, t.port) for t in (here.targets if here else None) or ()]
    instance, port = draw(st.sampled_from([*known, (InstanceId(f"i-{fleet}-out-0"), 8080)]))
    match kind:
        case "undo":
            return Undo(entry)
        case "approve":
            return Approve(entry)
        case "reject":
            return Reject(entry)
        case "eject":
            return EjectTarget(fleet, instance, port, until)
        case "restore":
            return RestoreTarget(fleet, instance, port)
        case _:
            target = ProtectTarget(fleet, instance, port, until)
            return draw(_asked_to_keep(policy, target, kind))


@st.composite
def _asked_to_keep(draw: st.DrawFn, policy: Policy, target: ProtectTarget, kind: str) -> Asked:
    fleet, until = target.fleet, target.until
    route = draw(st.sampled_from([*(r.name for r in policy.routes), RouteId("elsewhere")]))
    split = next((r.split for r in policy.routes if r.name == route), {fleet: 1.0})
    asked = draw(some(*_protections(target, route)))
    if kind == "protect":
        return asked
    if kind == "size":
        return HoldCapacity(fleet, draw(some(0, 1, 4, 6, 9, 16, 99)), until)
    weights = {f: draw(some(0, 1, 50, 100, 999)) for f in split}
    if draw(some(True, False)):
        return HoldWeights(route, weights, until)
    return Release(draw(some(size_subject(fleet), protection_subject(asked))))


def _protections(target: ProtectTarget, route: RouteId) -> tuple[Protect, ...]:
    return (target, ProtectFleet(target.fleet, target.until), ProtectRoute(route, target.until))


@st.composite
def _protecting(
    draw: st.DrawFn, policy: Policy, fleet: FleetId, seen: Mapping[FleetId, FleetSeen]
) -> Hold:
    here = seen.get(fleet)
    known = [(t.instance, t.port) for t in (here.targets if here else None) or ()]
    instance, port = draw(st.sampled_from([*known, (InstanceId("i-gone"), 80)]))
    route = draw(st.sampled_from([*(r.name for r in policy.routes), RouteId("elsewhere")]))
    target = ProtectTarget(fleet, instance, port, draw(some(at(30), NOON)))
    asked = draw(some(*_protections(target, route)))
    return replace(draw(_holds()), until=target.until, undoes=(), protects=asked)


@st.composite
def holds_for(
    draw: st.DrawFn, policy: Policy, seen: Mapping[FleetId, FleetSeen]
) -> dict[str, Hold]:
    """Holds and protections from earlier requests, some of them over."""
    held: dict[str, Hold] = {}
    for fleet in policy.fleets:
        if draw(some(*[False] * 4, True)):
            hold = draw(_protecting(policy, fleet, seen))
            assert hold.protects is not None
            held[protection_subject(hold.protects)] = hold
    for fleet in policy.fleets:
        if draw(some(*[False] * 7, True)):
            held[size_subject(fleet)] = replace(draw(_holds()), size=draw(some(1, 5, 9)))
    for route in policy.routes:
        if draw(some(*[False] * 7, True)):
            weights = {f: draw(some(0, 10, 90)) for f in route.split}
            held[weights_subject(route.name)] = replace(draw(_holds()), weights=weights)
    return held


@st.composite
def _holds(draw: st.DrawFn) -> Hold:
    undoes = draw(some((), (EntryId("01OLD#000"),)))
    until = draw(some(at(30), NOON))
    return Hold(EntryId("01HELD#000"), "bob", "as I said", at(-10), until, undoes=undoes)
