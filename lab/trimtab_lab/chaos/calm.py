"""What must be so when all has been quiet for a while."""

from __future__ import annotations

import math
from collections.abc import Iterator

from trimtab.adapters.store import TableStore
from trimtab.model.policy import Policy
from trimtab.model.tick import Remembered
from trimtab_lab.chaos.oracle import Oracle
from trimtab_lab.chaos.stage import USUAL

PER_TARGET = 900.0


def unsettled(oracle: Oracle, policy: Policy) -> Iterator[str]:
    """Say what has not come to rest: intents without an end, targets out, sizes and weights."""
    now = oracle.world.now
    for name, entry in oracle.intents.items():
        if name not in oracle.ended and entry.deadline and now > entry.deadline:
            yield f"intent {name} has no outcome"
    for eject in oracle.held_out():
        yield f"{eject.target} of {eject.fleet} is still out by our doing"
    held = TableStore(oracle.tables).recall([policy.service])[policy.service]
    for fleet, remembered in held.memory.fleets.items() if isinstance(held, Remembered) else ():
        for target in remembered.ejected:
            yield f"{target} of {fleet} is still remembered as out"
    yield from _away_from_home(oracle, policy)


def _away_from_home(oracle: Oracle, policy: Policy) -> Iterator[str]:
    """Say which fleet has not the traffic, or not the size, that a usual load wants."""
    weights = dict(oracle.world.rule(policy.routes[0].rule).weights)
    for fleet, share in policy.routes[0].split.items():
        mine = policy.fleets[fleet]
        has = weights.get(mine.target_group, 0) / sum(weights.values())
        if abs(has - share) > 0.011:
            yield f"{fleet} has {has:.0%} of the traffic, its home is {share:.0%}"
        group = next(iter(oracle.world.describe_groups((mine.group or "",))))
        needs = max(group.min_size, math.ceil(USUAL * share / PER_TARGET))
        if not needs <= group.desired <= needs + 1:
            yield f"{fleet} has {group.desired} targets and needs {needs}"
