"""Reads what an operator means by a name: a target, a fleet or a route of a service's policy."""

from __future__ import annotations

from datetime import datetime

from trimtab.model.ids import FleetId, InstanceId, RouteId
from trimtab.model.policy import Policy
from trimtab.model.request import Protect, ProtectFleet, ProtectRoute, ProtectTarget
from trimtab_cli.stop import USAGE, Stop

LONGEST_NAME = 256
FLEET, ROUTE = "fleet:", "route:"
"""Said before a name that a fleet and a route both bear."""


def name_given(given: str) -> str:
    """Take a name from the command line."""
    if not given.strip() or len(given) > LONGEST_NAME or not given.isprintable():
        raise Stop(f"{given[:40]!r} cannot be a name", "see `trimtab policy show SERVICE`", USAGE)
    return given


def target_given(given: str) -> tuple[InstanceId, int]:
    """Take an instance (or address) and its port from the command line."""
    instance, _, port = given.rpartition(":")
    if not instance or not (port.isascii() and port.isdecimal()) or not 0 < int(port) <= 65_535:
        expected = "expected an instance (or address) and a port, such as i-0abc:8080"
        raise Stop(f"{given[:80]!r} is no target", expected, USAGE)
    return InstanceId(name_given(instance)), int(port)


def protection_of(given: str, policy: Policy, until: datetime) -> Protect:
    """Say what is to be protected: ``FLEET/INSTANCE:PORT``, ``FLEET`` or ``ROUTE``."""
    name_given(given)
    fleet, slash, target = given.partition("/")
    if slash:
        _known(fleet, [str(f) for f in policy.fleets], "fleet", policy)
        instance, port = target_given(target)
        return ProtectTarget(FleetId(fleet), instance, port, until)
    bare = given.removeprefix(FLEET).removeprefix(ROUTE)
    routes = [str(r.name) for r in policy.routes]
    is_fleet = bare in policy.fleets and not given.startswith(ROUTE)
    is_route = bare in routes and not given.startswith(FLEET)
    if is_fleet and is_route:
        todo = f"say {FLEET}{bare} or {ROUTE}{bare}"
        raise Stop(f"{bare!r} is a fleet and a route of {policy.service}", todo, USAGE)
    if is_fleet:
        return ProtectFleet(FleetId(bare), until)
    _known(bare, [*policy.fleets, *routes] if given == bare else routes, "fleet or route", policy)
    return ProtectRoute(RouteId(bare), until)


def _known(name: str, names: list[str], kind: str, policy: Policy) -> None:
    if name not in names:
        there = ", ".join(sorted({*policy.fleets, *(r.name for r in policy.routes)}))
        raise Stop(f"{policy.service} has no {kind} {name[:80]!r}", f"there are: {there}")
