"""A decider gone wild: it proposes anything at all, and the guard has to hold the laws alone.

Without it some guards would never be needed: today's deciders do not ask for what they refuse.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import trimtab.decide
from trimtab.model.change import Change, Eject, Resize, Retire, Reweight
from trimtab.model.ids import Arn
from trimtab.model.observation import Lifecycle
from trimtab.model.policy import EjectMethod, FleetPolicy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.situation import Situation
from trimtab.model.verdict import Proposal
from trimtab_lab.chaos.plan import Dice, Trouble

WHY = Reason(ReasonCode.EJECT_OUTLIER, "a decider gone wild")
SOMEBODY_ELSES = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/other/0/0/0"

SOMEBODYS_GROUP = "other-asg"
PORT = 8080


@contextmanager
def wild(dice: Dice) -> Iterator[None]:
    """Let a wild decider speak first while the dice say so."""
    said: dict[object, tuple[Proposal, ...]] = {}
    own = random.Random(f"{dice.seed}:ends")

    def propose(at: Situation) -> tuple[Proposal, ...]:
        """Say the same whenever the same tick is thought through again."""
        tick = (at.now, at.memory.version)
        if tick not in said:
            said.clear()
            said[tick] = tuple(_wild(at))
        return said[tick]

    def _wild(at: Situation) -> Iterator[Proposal]:
        if dice.strikes(Trouble.WILD):
            mine = dice.of(Trouble.WILD)
            for _ in range(mine.randint(1, 4)):
                change = _anything(at, mine)
                if change is not None:
                    yield Proposal(change, WHY)
            end = _an_end(at, own)
            if end is not None:
                yield Proposal(end, WHY)

    whole = trimtab.decide.DECIDERS
    trimtab.decide.DECIDERS = (propose, *whole)  # type: ignore[assignment]
    try:
        yield
    finally:
        trimtab.decide.DECIDERS = whole


def _anything(at: Situation, dice: random.Random) -> Change | None:
    fleet = at.policy.fleets[dice.choice(sorted(at.policy.fleets))]
    match dice.randrange(4):
        case 0:
            return _weights(at, dice)
        case 1:
            group = at.fleet(fleet.name).group
            if group is None:
                return None
            name = SOMEBODYS_GROUP if dice.random() < 0.1 else group.name
            return Resize(fleet.name, name, group.desired, dice.randint(0, 20))
        case _:
            return _ejection(at, fleet, dice)


def _ejection(at: Situation, fleet: FleetPolicy, dice: random.Random) -> Change | None:
    targets = at.fleet(fleet.name).targets
    if not targets:
        return None
    chosen = dice.choice(targets)
    group = at.fleet(fleet.name).group
    is_member = group is not None and any(m.instance == chosen.instance for m in group.members)
    standby = is_member and dice.random() < 0.5
    return Eject(
        fleet=fleet.name,
        target_group=fleet.target_group,
        instance=chosen.instance,
        port=chosen.port,
        zone=chosen.zone,
        method=EjectMethod.STANDBY if standby else EjectMethod.DEREGISTER,
        group=fleet.group if standby else None,
        replace=standby and dice.random() < 0.5,
    )


def _an_end(at: Situation, dice: random.Random) -> Change | None:
    """End any member of a group: mostly one that was set aside, wherever it is by now."""
    fleet = at.policy.fleets[dice.choice(sorted(at.policy.fleets))]
    group = at.fleet(fleet.name).group
    if group is None or not group.members:
        return None
    held = at.memory.fleet(fleet.name).ejected.values()
    replaced = {e.eject.instance for e in held if e.eject.replace}
    aside = [m for m in group.members if m.instance in replaced]
    aside = aside or [m for m in group.members if m.lifecycle is Lifecycle.STANDBY]
    member = dice.choice(aside if aside and dice.random() < 0.7 else group.members)
    place = (fleet.name, fleet.target_group, member.instance, PORT, member.zone)
    return Retire(*place, group.name)


def _weights(at: Situation, dice: random.Random) -> Change | None:
    route = at.policy.routes[0]
    seen = at.seen.routes.get(route.name)
    if seen is None:
        return None
    ours = [at.policy.fleets[f].target_group for f in route.split]
    before = {arn: seen.weights.get(arn, 0) for arn in ours}
    after = {arn: dice.choice((0, 0, 20, 50, 80, 100, 1200)) for arn in ours}
    rule = Arn(SOMEBODY_ELSES) if dice.random() < 0.1 else route.rule
    return Reweight(route.name, rule, before, after)
