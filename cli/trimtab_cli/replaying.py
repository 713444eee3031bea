"""Runs the pure part of recorded ticks again, and says where it rules otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from trimtab import codec
from trimtab.errors import NotFound
from trimtab.loop import think
from trimtab.model.ids import Arn
from trimtab.model.policy import Policy
from trimtab.model.signs import Marks
from trimtab.model.tick import Tick
from trimtab.model.verdict import Verdict
from trimtab.told.words import sentence_of
from trimtab_cli.policy.draft import Draft
from trimtab_cli.policy.resolve import resolve
from trimtab_cli.stop import Stop

Found = TypeVar("Found")

LEFT_OUT = "tick_record"
"""The gap that says that a record was too big to hold all that its tick saw."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A tick run again: what it said then and says now, where that differs."""

    tick: Tick
    then: tuple[str, ...] = ()
    now: tuple[str, ...] = ()
    skipped: str = ""

    @property
    def differs(self) -> bool:
        """Whether it came out otherwise."""
        return bool(self.then or self.now)


def again(tick: Tick) -> Replayed:
    """Run a tick on its recorded inputs; verdicts, entries and memory must come out the same."""
    if cut := _cut(tick):
        return cut
    try:
        other = think(tick.inputs, tick.by)
    except Exception as error:  # what failed is the answer, whatever it was
        return Replayed(tick, ("a tick",), (f"{type(error).__name__}: {error}",))
    then, now = _said(tick), _said(other)
    return Replayed(tick, *_difference(then, now))


def under(tick: Tick, policy: Policy) -> Replayed:
    """Run a tick under another policy; only what it would have ruled is compared."""
    if cut := _cut(tick):
        return cut
    held = replace(policy, version=tick.inputs.policy.version)
    try:
        other = think(replace(tick.inputs, policy=held), tick.by)
    except Exception as error:
        return Replayed(tick, ("a tick",), (f"{type(error).__name__}: {error}",))
    then = [_ruling(verdict) for verdict in tick.verdicts]
    now = [_ruling(verdict) for verdict in other.verdicts]
    return Replayed(tick, *_difference(then, now))


def _cut(tick: Tick) -> Replayed | None:
    if any(gap.what == LEFT_OUT for gap in tick.inputs.seen.gaps):
        return Replayed(tick, skipped="its record was too big and goes without its targets")
    return None


def _said(tick: Tick) -> list[str]:
    verdicts = [f"verdict {codec.dumps(verdict)}" for verdict in tick.verdicts]
    entries = [f"entry {codec.dumps(entry)}" for entry in tick.entries]
    return [*verdicts, *entries, f"memory {codec.dumps(tick.memory)}"]


def _ruling(verdict: Verdict) -> str:
    wanted, said = verdict.proposal.reason, verdict.reason
    return f"{verdict.ruling}: {sentence_of(verdict.change)} ({wanted.code}; {said.code})"


def _difference(then: Sequence[str], now: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return _without(then, now), _without(now, then)


def _without(these: Iterable[str], those: Iterable[str]) -> tuple[str, ...]:
    left = list(those)
    kept: list[str] = []
    for each in these:
        if each in left:
            left.remove(each)
        else:
            kept.append(each)
    return tuple(kept)


class RecordedNames:
    """Port ``Names`` without AWS: what a document names is what the recorded policy's fleets are.

    Fleets and routes are matched by their names in the document, whatever they name in AWS.
    """

    def __init__(self, draft: Draft, recorded: Policy) -> None:
        """Match the names of a document with a recorded policy."""
        self._groups: dict[str, tuple[Arn, str]] = {}
        self._scaling: dict[str, str] = {}
        self._rules: dict[str, Arn] = {}
        self._slow_starts = {f.target_group: f.slow_start for f in recorded.fleets.values()}
        fleets = {str(name): fleet for name, fleet in recorded.fleets.items()}
        for name, doc in draft.document.fleets.items():
            fleet = fleets.get(name)
            if fleet is not None:
                self._groups[doc.target_group] = (fleet.target_group, fleet.load_balancer)
                if doc.scaling_group and fleet.group:
                    self._scaling[doc.scaling_group] = fleet.group
        rules = {str(route.name): route.rule for route in recorded.routes}
        for route in draft.document.routes:
            rule = rules.get(route.name or route.listener_rule.rsplit("/", 1)[-1])
            rule = rule or rules.get(route.listener_rule)
            if rule is not None:
                self._rules[route.listener_rule] = rule

    def target_group(self, name: str) -> tuple[Arn, str]:
        """What the fleet of this target group was."""
        return _known(self._groups.get(name), name)

    def slow_start(self, target_group: Arn) -> timedelta:
        """What the fleet's was."""
        return self._slow_starts.get(target_group, timedelta(0))

    def marks(self, target_group: Arn, group: str | None) -> tuple[Marks, Marks]:
        """What was in force was accepted: of nobody else's management is known."""
        return Marks(), Marks()

    def group(self, name: str) -> str:
        """What the fleet's scaling group was."""
        return _known(self._scaling.get(name), name)

    def rule(self, name: str) -> Arn:
        """What the route's rule was."""
        return _known(self._rules.get(name), name)


def _known(found: Found | None, name: str) -> Found:
    if found is None:
        raise NotFound(f"no fleet or route of that name in the recorded policy has {name!r}")
    return found


def policy_for(draft: Draft, recorded: Policy) -> Policy:
    """Resolve a document by a recorded policy's own names; ``Stop`` says what has none."""
    policy = resolve(draft, RecordedNames(draft, recorded))
    if isinstance(policy, tuple):
        what = "that policy cannot be compared: it names what the recorded one does not have"
        raise Stop(what, "", more=tuple(str(fault) for fault in policy))
    if policy.service != recorded.service:
        raise Stop(f"that is a policy of {policy.service}, not of {recorded.service}")
    return policy


def unseen_by(recorded: Policy, other: Policy) -> tuple[str, ...]:
    """Name what the other policy goes by that the recorded ticks did not look at."""
    seen = recorded.health.target_metrics
    metrics = [
        f"{each.namespace} {each.name} {each.statistic} of each target"
        for each in dict.fromkeys(other.health.target_metrics)
        if each not in seen
    ]
    rules = {rule.metric for rule in recorded.scaling.rules}
    scaling = [f"scaling by {r.metric}" for r in other.scaling.rules if r.metric not in rules]
    return (*metrics, *scaling)
