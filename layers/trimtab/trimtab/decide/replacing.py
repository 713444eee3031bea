"""Decide who is replaced: set aside while another launches, and ended once it serves. Pure.

No state of its own: each tick derives the next step from strikes, the group and the policy.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from trimtab.model.change import Retire, subject_of
from trimtab.model.ids import FleetId, TargetId
from trimtab.model.ladder import ReplacePolicy
from trimtab.model.memory import Ejection
from trimtab.model.policy import EjectMethod, Policy
from trimtab.model.reason import Fact, Reason, ReasonCode
from trimtab.model.situation import Situation
from trimtab.model.verdict import Proposal

OUR_FINDINGS = frozenset({
    ReasonCode.EJECT_UNHEALTHY, ReasonCode.EJECT_OUTLIER, ReasonCode.EJECT_IMPAIRED
})  # fmt: skip
"""What a target was taken out for that may cost it its life; never somebody's word."""
TRIED_FOR = timedelta(hours=1)
"""How long a kept target is tried to be ended after its time, before it gets another chance."""


def propose_retirements(at: Situation) -> tuple[Proposal, ...]:
    """Propose to end each target in standby that has failed once too often."""
    found = []
    for name in sorted(at.policy.fleets):
        for target in sorted(at.memory.fleet(name).ejected):
            held = at.memory.fleet(name).ejected[target]
            rules = rules_for(held, at.policy)
            if rules is None or subject_of(held.eject) in at.memory.holds:
                continue
            if held.since + rules.keep <= at.now < back_at(held, at):
                found.append(_retirement(held, at))
    return tuple(found)


def is_last_strike(fleet: FleetId, target: TargetId, at: Situation) -> bool:
    """Tell whether a target that is to leave now is to be replaced."""
    rules, memory = at.policy.health.replace, at.memory.fleet(fleet)
    earlier = memory.strikes.get(target)
    if rules is None or earlier is None or memory.ladder.is_in_vain(rules, at.now):
        return False
    return earlier.count + 1 >= rules.after


def rules_for(held: Ejection, policy: Policy) -> ReplacePolicy | None:
    """Return the rules by which one that is out is replaced; ``None`` if it is not to be.

    Not where its group shrank by it: nobody was launched in its place, since replacing was off or
    in vain then, or its strikes were too few. It gets another chance, as ever.
    """
    rules = policy.health.replace
    is_ours = held.eject.method is EjectMethod.STANDBY and held.reason in OUR_FINDINGS
    is_replaced = is_ours and held.eject.replace
    return rules if rules is not None and is_replaced and held.strikes >= rules.after else None


def back_at(held: Ejection, at: Situation) -> datetime:
    """Return when a target that is out gets another chance, if it is not ended before.

    One that is kept to be looked at stays for as long as that takes.
    """
    rules = rules_for(held, at.policy)
    ladder = at.memory.fleet(held.eject.fleet).ladder
    if rules is None or not rules.keep or ladder.is_in_vain(rules, at.now):
        return held.until
    return max(held.until, held.since + rules.keep + TRIED_FOR)


def _retirement(held: Ejection, at: Situation) -> Proposal:
    eject = held.eject
    change = Retire(
        fleet=eject.fleet,
        target_group=eject.target_group,
        instance=eject.instance,
        port=eject.port,
        zone=eject.zone,
        group=eject.group or "",
    )
    facts: dict[str, Fact] = {"strikes": held.strikes, "out_since": held.since.isoformat()}
    text = f"out {held.strikes} times, and failing again each time it came back"
    return Proposal(change, Reason(ReasonCode.REPLACE_REPEATED, text, facts))
