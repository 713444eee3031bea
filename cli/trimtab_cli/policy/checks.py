"""Relations between values of a document.

They look at the tree, so that they also find their mistakes in a document that has others; a value
that is itself wrong is left to its own fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from trimtab.model.access_logs import CountSource
from trimtab.model.detectors import Use
from trimtab.model.ladder import ProbationPolicy
from trimtab.model.policy import EjectMethod, EjectPolicy, FleetSigns, GuardPolicy
from trimtab.model.zones import ZonePolicy
from trimtab_cli.policy.fault import Fault, did_you_mean, found
from trimtab_cli.policy.forms import MetricUnit, as_written, default_of
from trimtab_cli.policy.place import Step, at, children, fault_at, key_fault
from trimtab_cli.policy.source import Node
from trimtab_cli.policy.units import duration_of, latency_of, rate_of, share_of

T = TypeVar("T")


def check(root: Node, file: str) -> Iterator[Fault]:
    """Yield a fault for each relation that does not hold."""
    for rule in RULES:
        yield from rule(root, file)


def _sizes(root: Node, file: str) -> Iterator[Fault]:
    """`scaling.min` is at most `scaling.max`."""
    least, most = _value(root, "scaling", "min"), _value(root, "scaling", "max")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        message = f"found {least}, above scaling.max {most}; expected min at most max"
        yield fault_at(root, file, ("scaling", "min"), message)


def _keep_out(root: Node, file: str) -> Iterator[Fault]:
    """`health.eject.keep_out` is at most `max_keep_out`."""
    steps: tuple[Step, ...] = ("health", "eject")
    first = _value(root, *steps, "keep_out") or default_of(EjectPolicy, "keep_out")
    longest = _value(root, *steps, "max_keep_out") or default_of(EjectPolicy, "max_keep_out")
    a, b = _read(duration_of, first), _read(duration_of, longest)
    if a is not None and b is not None and a > b:
        message = f"keep_out {first} is above max_keep_out {longest}; expected at most that"
        yield fault_at(root, file, (*steps, "keep_out"), message)


def _probation(root: Node, file: str) -> Iterator[Fault]:
    """`health.probation.lasts` is at most `health.eject.keep_out`."""
    steps: tuple[Step, ...] = ("health", "probation", "lasts")
    lasts = _value(root, *steps) or default_of(ProbationPolicy, "lasts")
    first = _value(root, "health", "eject", "keep_out") or default_of(EjectPolicy, "keep_out")
    a, b = _read(duration_of, lasts), _read(duration_of, first)
    if a is None or b is None or a <= b:
        return
    message = f"lasts {lasts} is above health.eject.keep_out {first}; expected at most that"
    is_said = at(root, *steps) is not None
    yield fault_at(root, file, steps if is_said else ("health", "eject", "keep_out"), message)


def _panic(root: Node, file: str) -> Iterator[Fault]:
    """`guard.panic_share` is above `health.eject.max_share`.

    What Trimtab ejects counts as bad, so otherwise its own ejections would be the panic.
    """
    panic = _value(root, "guard", "panic_share") or default_of(GuardPolicy, "panic_share")
    ejected = _value(root, "health", "eject", "max_share") or default_of(EjectPolicy, "max_share")
    a, b = _read(share_of, panic), _read(share_of, ejected)
    if a is None or b is None or a > b:
        return
    steps = ("guard", "panic_share") if at(root, "guard", "panic_share") else _MAX_SHARE
    message = (
        f"panic_share {panic} is not above health.eject.max_share {ejected}; expected more, "
        "or what Trimtab ejects would itself be the panic"
    )
    yield fault_at(root, file, steps, message)


def _signs(root: Node, file: str) -> Iterator[Fault]:
    """`health.signs.error_share` is at most `down_error_share`."""
    steps: tuple[Step, ...] = ("health", "signs")
    some = _value(root, *steps, "error_share") or default_of(FleetSigns, "error_share")
    most = _value(root, *steps, "down_error_share") or default_of(FleetSigns, "down_error_share")
    a, b = _read(share_of, some), _read(share_of, most)
    if a is not None and b is not None and a > b:
        message = f"error_share {some} is above down_error_share {most}; expected at most that"
        yield fault_at(root, file, (*steps, "error_share"), message)


def _floors(root: Node, file: str) -> Iterator[Fault]:
    """An outlier's `floor` is a latency exactly when `metric.unit` is a unit of time."""
    for index, outlier in children(at(root, "health", "outliers")):
        floor, unit = _value(outlier, "floor"), _value(outlier, "metric", "unit")
        timed = unit in (MetricUnit.SECONDS, MetricUnit.MILLISECONDS)
        steps: tuple[Step, ...] = ("health", "outliers", index, "floor")
        if _read(latency_of, floor) is not None and not timed:
            message = (
                f"found {found(floor)} for a metric without unit; expected metric.unit to say "
                "seconds or milliseconds, or a plain number"
            )
            yield fault_at(root, file, steps, message)
        elif timed and isinstance(floor, int | float) and not isinstance(floor, bool):
            message = f"found {found(floor)}; expected a latency such as 250ms or 1.5s"
            message += f" (a bare number has no unit; write {floor}ms or {floor}s)"
            yield fault_at(root, file, steps, message)


def _counts(root: Node, file: str) -> Iterator[Fault]:
    """`health.failures.requests` and `errors` are metrics of different names, and no outlier's."""
    steps: tuple[Step, ...] = ("health", "failures")
    taken = [
        _value(outlier, "metric", "name") for _, outlier in children(at(root, "health", "outliers"))
    ]
    for count in ("requests", "errors"):
        name = _value(root, *steps, count, "name")
        if name is not None and name in taken:
            message = f"found {found(name)}, which is compared already; expected another metric"
            yield fault_at(root, file, (*steps, count, "name"), message)
        taken.append(name)


def _sources(root: Node, file: str) -> Iterator[Fault]:
    """`health.failures` names `requests` and `errors` exactly when its source is metrics."""
    steps: tuple[Step, ...] = ("health", "failures")
    rule = at(root, *steps)
    if rule is None or not children(rule):
        return
    by_metrics = _value(rule, "source") in (None, CountSource.METRICS)
    for count in ("requests", "errors"):
        given = at(rule, count) is not None
        if by_metrics and not given:
            message = "missing; expected a mapping, or source: access_logs without it"
            yield fault_at(root, file, (*steps, count), message)
        elif given and _value(rule, "source") == CountSource.ACCESS_LOGS:
            message = "is for source: metrics; expected none, as the access logs have counts"
            yield fault_at(root, file, (*steps, count), message)


def _uses(root: Node, file: str) -> Iterator[Fault]:
    """`health.detectors.load_balancer` is off where `health.load_balancer` is."""
    steps: tuple[Step, ...] = ("health", "detectors", "load_balancer")
    wanted = _value(root, *steps)
    if wanted in (Use.ON, Use.SHADOW) and _value(root, "health", "load_balancer") in ("off", False):
        message = f"found {wanted}, and health.load_balancer is off; expected off in both, or none"
        yield fault_at(root, file, steps, message)


def _splits(root: Node, file: str) -> Iterator[Fault]:
    """A route's `split` names fleets of the document, and at least one number is above 0."""
    fleets = [str(name) for name, _ in children(at(root, "fleets"))]
    for index, route in children(at(root, "routes")):
        steps: tuple[Step, ...] = ("routes", index, "split")
        split = at(route, "split")
        shares = children(split)
        for name, _ in shares:
            if fleets and isinstance(name, str) and name not in fleets:
                hint = did_you_mean(name, fleets)
                message = f"unknown fleet; expected one of {', '.join(map(_shown, fleets))}"
                yield key_fault(
                    root, file, (*steps, name), message + (f" ({hint})" if hint else "")
                )
        numbers = [node.value for _, node in shares]
        if numbers and all(number == 0 and not isinstance(number, bool) for number in numbers):
            message = "every number is 0; expected at least one above 0, or nobody gets traffic"
            yield fault_at(root, file, steps, message)


def _repeated(root: Node, file: str) -> Iterator[Fault]:
    """No two fleets, routes or rules are the same thing twice.

    Each target group, scaling group, listener rule, route name and rule metric stands once.
    """
    advice = {
        "target_group": "two fleets cannot share a target group",
        "scaling_group": "two fleets cannot share a group: each would size it for itself",
        "listener_rule": "two routes cannot move the same weights",
        "name": "expected a name of its own",
        "metric": "expected one rule per metric",
    }
    for section, key in (
        (("fleets",), "target_group"),
        (("fleets",), "scaling_group"),
        (("routes",), "listener_rule"),
        (("routes",), "name"),
        (("scaling", "rules"), "metric"),
    ):
        first: dict[str, int] = {}
        for step, item in children(at(root, *section)):
            node = at(item, key)
            if node is None or not isinstance(node.value, str):
                continue
            if node.value in first:
                message = f"{found(node.value)} stands on line {first[node.value]} already"
                message = f"{message}; {advice[key]}"
                yield fault_at(root, file, (*section, step, key), message)
            first.setdefault(node.value, node.line)


def _groups(root: Node, file: str) -> Iterator[Fault]:
    """Rules need a fleet with a `scaling_group`; `method: standby` needs one in every fleet."""
    fleets = children(at(root, "fleets"))
    without = [str(name) for name, fleet in fleets if at(fleet, "scaling_group") is None]
    if at(root, "scaling", "rules") and fleets and len(without) == len(fleets):
        message = "nothing to size: no fleet has a scaling_group; give one, or remove the rules"
        yield fault_at(root, file, ("scaling", "rules"), message)
    method = ("health", "eject", "method")
    if _value(root, *method) == EjectMethod.STANDBY and without:
        names = ", ".join(map(_shown, without))
        message = f"standby needs a scaling_group, and {names} has none; expected auto"
        yield fault_at(root, file, method, message)


def _replacing(root: Node, file: str) -> Iterator[Fault]:
    """`health.replace` needs a fleet with a `scaling_group`, and members that leave by standby."""
    steps: tuple[Step, ...] = ("health", "replace")
    if not isinstance(_value(root, *steps), dict):
        return
    fleets = children(at(root, "fleets"))
    if fleets and all(at(fleet, "scaling_group") is None for _, fleet in fleets):
        yield fault_at(root, file, steps, "no fleet has a scaling_group; expected off")
    if _value(root, "health", "eject", "method") == EjectMethod.DEREGISTER:
        message = "only what is in standby is replaced, and health.eject.method is deregister"
        yield fault_at(root, file, steps, f"{message}; expected auto there, or off here")


def _zones(root: Node, file: str) -> Iterator[Fault]:
    """`guard.zones.slow_pace` is at most `pace`."""
    steps: tuple[Step, ...] = ("guard", "zones")
    slow = _value(root, *steps, "slow_pace") or as_written("pace", ZonePolicy().slow_pace)
    pace = _value(root, *steps, "pace") or as_written("pace", ZonePolicy().pace)
    a, b = _read(rate_of, slow), _read(rate_of, pace)
    if a is not None and b is not None and a > b:
        here = (*steps, "slow_pace") if at(root, *steps, "slow_pace") else (*steps, "pace")
        message = f"slow_pace {slow} is above pace {pace}; expected no more"
        yield fault_at(root, file, here, message)


RULES: tuple[Callable[[Node, str], Iterator[Fault]], ...] = (
    _sizes,
    _keep_out,
    _probation,
    _panic,
    _zones,
    _signs,
    _floors,
    _counts,
    _sources,
    _uses,
    _splits,
    _repeated,
    _groups,
    _replacing,
)
"""Every relation that is checked."""

_MAX_SHARE = ("health", "eject", "max_share")


def _value(root: Node, *steps: Step) -> object:
    node = at(root, *steps)
    return node.plain() if node is not None else None


def _read(reader: Callable[[object], T], value: object) -> T | None:
    try:
        return reader(value)
    except ValueError:
        return None


def _shown(name: str) -> str:
    return found(name).strip('"')
