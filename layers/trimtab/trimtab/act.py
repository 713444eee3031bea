"""Act: carry out one intent that the log holds, once, if the world still is what it says.

The log is the only source of orders: an intent that is not in it does not exist. Each write is
desired-state and compared with the world first, so doing it twice does nothing twice; its outcome
has one possible key, so it is written once. No retries: the next tick decides anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from trimtab.codec import iso
from trimtab.errors import (
    Conflict,
    Denied,
    NotFound,
    Throttled,
    TrimtabError,
    Unclear,
)
from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight, lever_of
from trimtab.model.entry import Call, Entry, Kind, outcome_id
from trimtab.model.halt import forbids
from trimtab.model.ids import EntryId, InstanceId, ServiceId
from trimtab.model.lease import WARDEN
from trimtab.model.observation import Group, Lifecycle, Target, TargetState
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.request import protected_by
from trimtab.model.signs import KEPT
from trimtab.owned import forbidden_by, forbidden_by_tags
from trimtab.ports import Hands, Infrastructure, Labels, Ledger, Paused, Signs

GONE = (TargetState.DRAINING, TargetState.UNHEALTHY_DRAINING, TargetState.UNUSED)


@dataclass(frozen=True, slots=True)
class Found:
    """What the world says of a change: go ahead, already so, or no longer the same."""

    kind: Kind | None
    reason: Reason


GO = Found(None, Reason(ReasonCode.WITHIN_LIMITS, "the world is as the intent says"))


@dataclass(frozen=True, slots=True)
class Role:
    """By what name intents are carried out, who tells whose a thing is, who tags what is kept.

    ``None``: nobody.
    """

    name: str = "act"
    signs: Signs | None = None
    labels: Labels | None = None


ACT = Role()


class Actor:
    """The only one who changes anything in AWS: act, and for what has expired the warden."""

    def __init__(
        self,
        ledger: Ledger,
        paused: Paused,
        infrastructure: Infrastructure,
        hands: Hands,
        role: Role = ACT,
    ) -> None:
        """Work on the given ports, in a role; keeps no state between intents."""
        self._name = role.name
        self._signs = role.signs
        self._labels = role.labels
        self._ledger = ledger
        self._paused = paused
        self._infrastructure = infrastructure
        self._hands = hands

    def carry_out(self, service: ServiceId, intent: EntryId, now: datetime) -> Entry | None:
        """Carry out one intent and return its outcome; ``None`` if there is nothing to do.

        Nothing to do: the log holds no such intent, or its outcome already, or it is the other's:
        the warden carries out its own intents, and nobody else's. Raises only if
        the log cannot be read or written: then nothing was done, or the outcome is found by
        looking when the intent is delivered again.
        """
        held = self._ledger.entries(service, [intent, outcome_id(intent)])
        entry = held.get(intent)
        if entry is None or entry.kind is not Kind.INTENDED or entry.change is None:
            return None
        if outcome_id(intent) in held or (entry.by == WARDEN) != (self._name == WARDEN):
            return None
        kind, reason, calls = self._try(entry, entry.change, now)
        if kind in (Kind.APPLIED, Kind.UNNEEDED):
            reason, more = self._labelled(entry, entry.change, reason, now)
            calls += more
        outcome = replace(
            entry, id=outcome_id(intent), at=now, kind=kind, by=self._name, reason=reason,
            checks=(), evidence=(), intent=intent, deadline=None, calls=calls,
        )  # fmt: skip
        return outcome if self._ledger.append(outcome) else None

    def _try(
        self, entry: Entry, change: Change, now: datetime
    ) -> tuple[Kind, Reason, tuple[Call, ...]]:
        refusal = self._refusal(entry, change, now)
        if refusal is not None:
            refusal = self._unless_done(refusal, change)
            return refusal.kind or Kind.FAILED, refusal.reason, ()
        try:
            found = self._look_or_doubt(change, entry)
            if found.kind is not None:
                return found.kind, found.reason, ()
            calls = self._hands.apply(change)
        except TrimtabError as error:
            kind, reason = outcome_of(error)
            return kind, reason, ()
        return Kind.APPLIED, Reason(ReasonCode.APPLIED, "done, and AWS agreed"), calls

    def _labelled(
        self, entry: Entry, change: Change, reason: Reason, now: datetime
    ) -> tuple[Reason, tuple[Call, ...]]:
        """Tag what is kept, once it is out, and once it is back; also if an earlier try moved it.

        The log is what counts: where the tag cannot be set, the outcome says so and stands.
        """
        if self._labels is None or not isinstance(change, Eject | Restore) or change.keep is None:
            return reason, ()
        text = f"back since {iso(now)}"
        if isinstance(change, Eject):
            text = f"by trimtab, until {iso(entry.at + change.keep)}"
        try:
            return reason, (self._labels.label(change.instance, text),)
        except TrimtabError as error:
            return replace(reason, text=f"{reason.text}; but for its tag {KEPT}: {error}"), ()

    def _refusal(self, entry: Entry, change: Change, now: datetime) -> Found | None:
        """Say why it may not be done any more: too late, or paused or protected meanwhile.

        An unreadable pause switch counts as paused: in doubt, change nothing. It is nobody's word,
        so what an earlier try did before is left for the next tick to find.
        """
        if entry.deadline is None or now > entry.deadline:
            return Found(Kind.EXPIRED, Reason(ReasonCode.TOO_LATE, "its deadline has passed"))
        try:
            halts = self._paused.halts(entry.service)
        except TrimtabError as error:
            text = f"the pause switch could not be read, so nothing was done now: {error}"
            return Found(Kind.FAILED, Reason(ReasonCode.UNCONFIRMED, text))
        for pause in halts.pauses:
            if pause.holds(lever_of(change), now):
                return Found(
                    Kind.FAILED, Reason(ReasonCode.PAUSED, f"paused by {pause.by}: {pause.why}")
                )
        for each in halts.newer_than(entry.at, now):
            if forbids(each.asked, change):
                text = f"{each.by} protects {protected_by(each.asked)} by now: {each.why}"
                return Found(Kind.CONFLICT, Reason(ReasonCode.PROTECTED_BY_REQUEST, text))
        return None

    def _unless_done(self, refusal: Found, change: Change) -> Found:
        """Refuse what is paused or protected, unless it was done and nobody could say so yet.

        Calling that failed would forget a target that is out. What cannot be seen is left open.
        """
        if refusal.kind is Kind.EXPIRED:
            return refusal
        try:
            found = self._look_at(change)
        except TrimtabError as error:
            text = f"{refusal.reason.text}; whether an earlier try did it is not known: {error}"
            return Found(Kind.FAILED, Reason(ReasonCode.UNCONFIRMED, text))
        return found if found.kind is Kind.UNNEEDED else refusal

    def _look_or_doubt(self, change: Change, entry: Entry) -> Found:
        """Look; a group that is not there for a moment leaves open what an earlier try took out."""
        try:
            return self._look(change, entry)
        except NotFound as error:
            if not isinstance(change, Eject):
                raise
            raise Unclear(f"{error}; whether an earlier try did it is not known") from error

    def _look(self, change: Change, entry: Entry) -> Found:
        """Compare the world with what the intent was made for.

        A target that was to leave because its health checks failed, and passes them now, serves:
        nobody has asked whether the others can do without it. Who forbids it is asked last, and
        only if there is something to do.
        """
        found = self._look_at(change)
        because = entry.wanted.code if entry.wanted else None
        if found is GO and isinstance(change, Eject) and because is ReasonCode.EJECT_UNHEALTHY:
            state = _state_of(change, self._targets(change))
            if state is TargetState.HEALTHY:
                return _changed(f"{change.target} is healthy again")
            if state in (None, *GONE) and change.method is EjectMethod.DEREGISTER:
                return _already(f"{change.target} is out")
        if found is GO and self._signs is not None:
            forbidden = forbidden_by_tags(change, self._signs)
            return _changed(forbidden) if forbidden else GO
        return found

    def _look_at(self, change: Change) -> Found:
        match change:
            case Eject() | Restore():
                if change.method is EjectMethod.STANDBY and change.group:
                    return self._look_at_member(change, change.group)
                return self._look_at_target(change)
            case Retire():
                return _is_ready_to_end(change, self._group(change.group))
            case Resize():
                return _compare_size(self._group(change.group), change)
            case Reweight():
                return self._look_at_route(change)
            case _:
                assert_never(change)

    def _group(self, name: str) -> Group:
        answer = self._infrastructure.groups([name]).get(name)
        if isinstance(answer, Group):
            return answer
        raise _unseen(f"group {name}", answer)

    def _look_at_member(self, change: Eject | Restore, name: str) -> Found:
        group = self._group(name)
        lifecycle = {m.instance: m.lifecycle for m in group.members}.get(change.instance)
        if lifecycle is None:
            text = f"{change.instance} is no longer in {name}"
            return Found(Kind.CONFLICT, Reason(ReasonCode.NOT_FOUND, text))
        wants_out = isinstance(change, Eject)
        is_out = lifecycle in (Lifecycle.STANDBY, Lifecycle.ENTERING_STANDBY)
        if wants_out == is_out:
            return _already(f"{change.instance} is {lifecycle}")
        if lifecycle is not (Lifecycle.IN_SERVICE if wants_out else Lifecycle.STANDBY):
            return _changed(f"{change.instance} is {lifecycle}")
        return _unless_forbidden(group, change.instance) if wants_out else GO

    def _targets(self, change: Eject | Restore) -> tuple[Target, ...]:
        answer = self._infrastructure.targets([change.target_group]).get(change.target_group)
        if answer is None or isinstance(answer, Reason):
            raise _unseen(f"target group {change.target_group}", answer)
        return answer

    def _look_at_target(self, change: Eject | Restore) -> Found:
        is_out = _state_of(change, self._targets(change)) in (None, *GONE)
        if isinstance(change, Eject) == is_out:
            return _already(f"{change.target} is {'out' if is_out else 'registered'}")
        return GO

    def _look_at_route(self, change: Reweight) -> Found:
        answer = self._infrastructure.routes([change.rule]).get(change.rule)
        if answer is None or isinstance(answer, Reason):
            raise _unseen(f"rule {change.rule}", answer)
        now = {group: answer.weights.get(group) for group in change.after}
        if now == dict(change.after):
            return _already("the weights are so already")
        if now == dict(change.before):
            return GO
        return _changed(f"weights are {now}, the intent was made for {dict(change.before)}")


def _state_of(change: Eject | Restore, targets: tuple[Target, ...]) -> TargetState | None:
    return next((t.state for t in targets if t.id == change.target), None)


def _unless_forbidden(group: Group, instance: InstanceId | None = None) -> Found:
    """Go ahead unless a group's tags, or for a member scale-in protection, forbid it by now."""
    member = next((m for m in group.members if m.instance == instance), None)
    if member is not None and member.protected:
        return _changed(f"{instance} is protected from scale-in")
    forbidden = forbidden_by(group.marks, group.name)
    return _changed(forbidden) if forbidden else GO


def _is_ready_to_end(change: Retire, group: Group) -> Found:
    """Ask again, at the last moment, whether it is in standby and nothing forbids its end."""
    member = next((m for m in group.members if m.instance == change.instance), None)
    if member is None or member.lifecycle is Lifecycle.LEAVING:
        return _already(f"{change.instance} has left {group.name}")
    if member.lifecycle is not Lifecycle.STANDBY:
        return _changed(f"{change.instance} is {member.lifecycle}, not in standby")
    if "Terminate" in group.suspended:
        return _changed(f"{group.name} has suspended Terminate")
    if group.marks is None:  # an end cannot be undone: unread is not absent
        return _changed(f"it is not known how {group.name} is tagged")
    return _unless_forbidden(group, change.instance)


def _compare_size(group: Group, change: Resize) -> Found:
    if group.desired == change.after:
        return _already(f"the size is {group.desired} already")
    if group.desired != change.before:
        return _changed(f"the size is {group.desired}, the intent was made for {change.before}")
    return _unless_forbidden(group)


def _already(text: str) -> Found:
    return Found(Kind.UNNEEDED, Reason(ReasonCode.ALREADY_SO, text))


def _changed(text: str) -> Found:
    return Found(Kind.CONFLICT, Reason(ReasonCode.WORLD_CHANGED, text))


def _unseen(what: str, answer: object) -> TrimtabError:
    if isinstance(answer, Reason) and answer.code is ReasonCode.NOT_FOUND:
        return NotFound(answer.text)
    text = answer.text if isinstance(answer, Reason) else "no answer"
    # not `Refused`: an earlier try may have done it, and been killed before it could say so
    return Unclear(f"{what} could not be read before the write, so nothing was done now: {text}")


def outcome_of(error: TrimtabError) -> tuple[Kind, Reason]:
    """Tell how an error of a write ends its intent.

    Only ``Unclear`` leaves open whether it took effect; the next tick looks at the world.
    """
    codes: tuple[tuple[type[TrimtabError], Kind, ReasonCode], ...] = (
        (Conflict, Kind.CONFLICT, ReasonCode.WORLD_CHANGED),
        (Denied, Kind.FAILED, ReasonCode.ACCESS_DENIED),
        (Throttled, Kind.FAILED, ReasonCode.THROTTLED),
        (NotFound, Kind.FAILED, ReasonCode.NOT_FOUND),
        (Unclear, Kind.FAILED, ReasonCode.UNCONFIRMED),
    )
    for kind_of_error, kind, code in codes:
        if isinstance(error, kind_of_error):
            return kind, Reason(code, str(error))
    return Kind.FAILED, Reason(ReasonCode.AWS_ERROR, str(error))
