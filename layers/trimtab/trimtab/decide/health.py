"""Decide which targets leave rotation and which return. Pure; proposes, and knows no limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trimtab.decide.readmission import readmission
from trimtab.decide.replacing import OUR_FINDINGS, is_last_strike
from trimtab.decide.scaling import sizes_wanted
from trimtab.model.assessment import Condition, TargetBelief
from trimtab.model.cause import Cause
from trimtab.model.change import Eject, inverse_of, subject_of
from trimtab.model.detectors import Detector, Use
from trimtab.model.disruption import is_nothing_ready
from trimtab.model.ids import FleetId, InstanceId
from trimtab.model.memory import Ejection, Hold
from trimtab.model.observation import Group, Lifecycle, Member
from trimtab.model.policy import EjectMethod, Policy
from trimtab.model.proof import is_proof
from trimtab.model.reason import Fact, Reason, ReasonCode, in_words
from trimtab.model.situation import Situation
from trimtab.model.size import bounds
from trimtab.model.verdict import Proposal

EJECT_FOR: Mapping[ReasonCode, ReasonCode] = {
    ReasonCode.LB_UNHEALTHY: ReasonCode.EJECT_UNHEALTHY,
    ReasonCode.MACHINE_IMPAIRED: ReasonCode.EJECT_IMPAIRED,
    ReasonCode.MACHINE_SCHEDULED: ReasonCode.EJECT_DEPARTING,
    ReasonCode.SPOT_INTERRUPTION: ReasonCode.EJECT_DEPARTING,
}
"""Why a target leaves, by the finding that is proof; what stands out from peers is an outlier."""


def propose_ejections(at: Situation) -> tuple[Proposal, ...]:
    """Propose to take out each failing target: those that serve nothing first, then the worst.

    Of those that serve nothing, who has for longest. The order matters: the guard's budget goes to
    the first.
    """
    found: list[Proposal] = []
    sizes = sizes_wanted(at)
    for name in sorted(at.policy.fleets):
        failing = [b for b in at.believed(name).targets or () if b.condition is Condition.FAILING]
        crew = _crew(name, sizes.get(name), at)
        ordered = sorted(failing, key=_first_to_leave)
        proposals = (_ejection(name, target, crew, at) for target in ordered)
        found.extend(p for p in proposals if p is not None)
    return tuple(found)


def _first_to_leave(belief: TargetBelief) -> tuple[bool, float, datetime, str]:
    """Sort by the harm done; none is worse than dead, so the dead go in turn."""
    worst = max((e.score / e.threshold for e in belief.evidence if e.threshold > 0), default=0.0)
    since = min(e.since for e in belief.evidence)
    return (belief.serves, -worst if belief.serves else 0.0, since, belief.target.id)


@dataclass(frozen=True, slots=True)
class _Crew:
    """A group's members by instance, and whether one who leaves must be replaced."""

    members: Mapping[InstanceId, Member]
    is_missed: bool


def _crew(fleet: FleetId, wanted: int | None, at: Situation) -> _Crew:
    group = at.fleet(fleet).group
    members = {m.instance: m for m in (group.members if group is not None else ())}
    return _Crew(members, is_missed=_is_missed(wanted, group, at.policy))


def eject_of(fleet: FleetId, belief: TargetBelief, at: Situation) -> Eject | None:
    """Return the change that takes one target out, by the way that fits what it is.

    ``None`` where the way cannot be told, or the group is already moving the instance.
    Whoever asks for it says nothing against the target, so it is never its last strike.
    """
    return _eject(fleet, belief, _crew(fleet, sizes_wanted(at).get(fleet), at), at)


def _ejection(fleet: FleetId, belief: TargetBelief, crew: _Crew, at: Situation) -> Proposal | None:
    """Propose one ejection, by the way that fits what the target is.

    ``None`` where the way cannot be told (the group could not be read) or the group itself is
    already moving the instance.
    """
    proven = (e for e in belief.evidence if is_proof(e, at.policy.health, at.now))
    first = next(proven, belief.evidence[0])
    code = EJECT_FOR.get(first.detector, ReasonCode.EJECT_OUTLIER)
    change = _eject(fleet, belief, crew, at)
    if change is None:
        return None
    standby, rules = change.method is EjectMethod.STANDBY, at.policy.health.replace
    if standby and rules and code in OUR_FINDINGS and is_last_strike(fleet, change.target, at):
        change = replace(change, replace=True, keep=rules.keep or None)
    facts: dict[str, Fact] = {
        "score": first.score,
        "threshold": first.threshold,
        "peers": first.peers,
        "since": first.since.isoformat(),
        "serves": belief.serves,
    }
    return Proposal(change, Reason(code, first.text, facts), belief.evidence)


def _eject(fleet: FleetId, belief: TargetBelief, crew: _Crew, at: Situation) -> Eject | None:
    named, group = at.policy.fleets[fleet], at.fleet(fleet).group
    target = belief.target
    if named.group is not None and group is None:
        return None
    member = crew.members.get(target.instance)
    if member is not None and member.lifecycle is not Lifecycle.IN_SERVICE:
        return None
    method = at.policy.health.eject.method
    if method is EjectMethod.AUTO:
        method = EjectMethod.STANDBY if member else EjectMethod.DEREGISTER
    if method is EjectMethod.STANDBY and member is None:
        return None
    standby = method is EjectMethod.STANDBY
    return Eject(
        fleet=fleet,
        target_group=named.target_group,
        instance=target.instance,
        port=target.port,
        zone=target.zone,
        method=method,
        group=named.group if standby else None,
        replace=standby and crew.is_missed,
    )


def _is_missed(wanted: int | None, group: Group | None, policy: Policy) -> bool:
    """Tell whether the group should launch another in its place, keeping its size.

    Not where the size the load calls for counts the lost member on top already: what is to
    replace it is asked for there, and one replacement is enough. So only with the load unknown, or
    where one less would be below the least size.
    """
    if group is None or wanted is None:
        return True
    low, high = bounds(group, policy)
    return max(group.desired, min(wanted, high)) - 1 < low


def propose_restores(at: Situation) -> tuple[Proposal, ...]:
    """Propose to bring back what has been out for its time.

    In a panic everything, and what is recent once we have been blind for longer than any sample may
    be old: nobody could tell any more that it was right to take it out. What an operator wants back
    is proposed until it is: nothing returns from a standby that it is still entering.
    """
    found = []
    for name in sorted(at.policy.fleets):
        panic = at.believed(name).panic or _has_lost_all(name, at)
        blind = _blind_for(name, at)
        for target in sorted(at.memory.fleet(name).ejected):
            held = at.memory.fleet(name).ejected[target]
            is_doubtful = blind > at.policy.guard.max_age and at.now - held.since < RECENT + blind
            wish = at.memory.holds.get(subject_of(held.eject))
            if wish is not None:
                found.append(_wanted_back(held, wish))
            elif panic:
                found.append(_restore_in_panic(held, at))
            elif not _is_unfit(held, at) and (why := readmission(held, at)) is not None:
                found.append(Proposal(inverse_of(held.eject), why))
            elif is_doubtful:
                found.append(_restore_blindly(held, blind))
    return tuple(found)


def _is_unfit(held: Ejection, at: Situation) -> bool:
    """Tell whether EC2 says that the machine is ill, or will be taken away: no time mends that."""
    closer, health = at.fleet(held.eject.fleet).closer, at.policy.health
    if closer is None:
        return False
    if health.use(Detector.NOTICES) is Use.ON and held.eject.instance in closer.notices:
        return True
    machine = closer.machines.get(held.eject.instance)
    if machine is None or health.use(Detector.MACHINE) is not Use.ON:
        return False
    return bool(machine.impaired or machine.due(at.now, health.patience.leave_before))


def _has_lost_all(fleet: FleetId, at: Situation) -> bool:
    """Tell whether nothing is ready in any zone: what we took out returns, as in a panic."""
    return bool(at.memory.fleet(fleet).ejected) and is_nothing_ready(fleet, at)


RECENT = timedelta(hours=1)
"""What was taken out longer before we went blind has been out for reasons of its own."""


def _blind_for(fleet: FleetId, at: Situation) -> timedelta:
    """Return how long we have been blind to a fleet without a break, this tick included."""
    since = at.memory.fleet(fleet).blind_since
    if at.believed(fleet).cause is not Cause.BLIND or since is None:
        return timedelta()
    return at.now - since


def _restore_blindly(held: Ejection, blind: timedelta) -> Proposal:
    change = inverse_of(held.eject)
    facts: dict[str, Fact] = {"out_since": held.since.isoformat(), "blind_s": blind.total_seconds()}
    text = f"blind for {in_words(blind)}: nobody can tell any more that it should be out"
    return Proposal(change, Reason(ReasonCode.RESTORE_BLIND, text, facts))


def _wanted_back(held: Ejection, wish: Hold) -> Proposal:
    code = ReasonCode.UNDOING if wish.undoes else ReasonCode.REQUESTED
    reason = Reason(code, f"{wish.by} wants it back: {wish.why}")
    return Proposal(inverse_of(held.eject), reason, request=wish.request, undoes=wish.undoes)


def _restore_in_panic(held: Ejection, at: Situation) -> Proposal:
    share = at.believed(held.eject.fleet).bad_share
    facts: dict[str, Fact] = {
        "out_since": held.since.isoformat(),
        "until": held.until.isoformat(),
        "strikes": held.strikes,
        "bad": share,
    }
    text = f"{share:.0%} of the fleet is bad: not this target's fault alone, so it returns"
    return Proposal(inverse_of(held.eject), Reason(ReasonCode.RESTORE_PANIC, text, facts))
