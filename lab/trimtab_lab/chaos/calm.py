"""What must be so when the faults have ended: three ticks later, every minute after, and at rest.

Three ticks later nothing is believed that is not so, nothing is left open, and whatever is not home
yet waits for a time that the memory names: out until then, the next step, the window watched for a
smaller size. When those times are over, everything is home.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

from trimtab.adapters.chain import head_key, head_of, link_of
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Range, Table
from trimtab.adapters.verify import Heads, verify
from trimtab.model.change import subject_of
from trimtab.model.lease import Leases
from trimtab.model.policy import Policy
from trimtab.model.tick import Remembered, Tick
from trimtab.remember.keep import SETTLING
from trimtab_lab.chaos.oracle import Oracle
from trimtab_lab.chaos.stage import USUAL
from trimtab_lab.chaos.waits import PER_TARGET, waits_for_nothing

THREE_TICKS = timedelta(minutes=2)
"""From the first tick of the calm to the third."""
SOON = timedelta(minutes=6)
"""By then there must have been three, however late the last trouble lets go."""
MINUTE = timedelta(minutes=1)


class Rest:
    """Watches the calm, tick by tick, and looks around when it is over."""

    def __init__(self, oracle: Oracle, policy: Policy) -> None:
        self._oracle, self._policy = oracle, policy
        self._since: datetime | None = None
        self._looked: Tick | None = None

    def begins(self) -> None:
        """All faults have ended now."""
        self._since = self._oracle.world.now
        self._looked = self._oracle.committed

    def after_step(self) -> list[str]:
        """Look at a tick that came three ticks after the calm began, or later."""
        if self._since is None:
            return []
        tick, now = self._oracle.committed, self._oracle.world.now
        if tick is None or tick is self._looked or tick.now < self._since + THREE_TICKS:
            silent = tick is self._looked and now - self._since > SOON
            is_first = tick is None or tick.now < self._since + THREE_TICKS
            return ["no three ticks within minutes of calm"] if silent and is_first else []
        self._looked = tick
        return [f"after three ticks of calm: {text}" for text in self._astray(tick)]

    def _astray(self, tick: Tick) -> Iterator[str]:
        """Say what this tick should have resolved, or should be about to do, and does not."""
        yield from waits_for_nothing(tick)
        yield from self._misbelieved(tick)

    def _misbelieved(self, tick: Tick) -> Iterator[str]:
        """Say what is out and forgotten, or in and believed to be out."""
        moving = {subject_of(p.change) for p in tick.memory.pending}
        believed = {
            subject_of(held.eject): held
            for fleet in tick.memory.fleets.values()
            for held in fleet.ejected.values()
        }
        leases = TableStore(self._oracle.tables).leases().get(self._policy.service)
        leased = {lease.subject for lease in leases.held} if isinstance(leases, Leases) else set()
        for eject in self._oracle.held_out():
            if subject_of(eject) not in believed.keys() | moving | leased:
                yield f"{subject_of(eject)} is out by us, and forgotten"
        alive = {i.id for i in self._oracle.world.instances()}
        for subject, held in believed.items():
            young = held.since > tick.now - SETTLING - MINUTE
            is_gone = held.eject.instance not in alive
            if not (young or is_gone or subject in moving or self._oracle.is_out(held.eject)):
                yield f"{subject} is in, and believed to be out"

    def unsettled(self) -> Iterator[str]:
        """Say what has not come to rest when every time has run out."""
        oracle, policy = self._oracle, self._policy
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
        yield from oracle.book.unsettled()
        yield from oracle.book.lives()

    def unlinked(self) -> Iterator[str]:
        """Say where the log's chain does not hold."""
        return _unlinked(self._oracle, self._policy)

    def hashes(self) -> dict[int, str]:
        """The hash of each entry of the log, by number."""
        whole = self._oracle.tables.query(Range(Table.LOG, self._policy.service))
        return {link.n: link.hash for link in map(link_of, whole)}


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


def _unlinked(oracle: Oracle, policy: Policy) -> Iterator[str]:
    """Say where the log's chain does not hold."""
    item = oracle.tables.get(head_key(policy.service))
    head = head_of(item)
    links = (link_of(i) for i in oracle.tables.query(Range(Table.LOG, policy.service)))
    fault = verify(links, Heads(head, head)).fault
    if fault is not None:
        yield f"the chain of the log is broken at {fault.n}: {fault.text}"


__all__ = ["Rest"]
