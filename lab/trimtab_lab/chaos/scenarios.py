"""Scripted trouble: the same functions, the same oracle, one expectation more.

Every one begins with a target that dies and one that turns slow, so that there is something to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trimtab_lab.chaos.campaign import Campaign, Outcome
from trimtab_lab.chaos.plan import Plan
from trimtab_lab.simulator.stores import DictTables
from trimtab_lab.world.faults import Fault, FaultKind, KthTarget

MINUTES = 25


@dataclass(frozen=True, slots=True)
class Named:
    """One scenario: what its script does at each minute, and what must be so besides the laws."""

    number: int
    name: str
    at: Callable[[Campaign, int], None]
    expect: Callable[[Campaign], bool] = lambda _: True
    demand: tuple[float, ...] = ()
    minutes: int = MINUTES
    quiet: bool = False
    """Without the target that dies and the one that turns slow."""
    each: Callable[[Campaign], None] = lambda _: None
    """What is done before every step, of which a minute has six."""
    found: str = ""
    """What must be found broken in the end, and nothing else: where somebody edits the log."""


def play(named: Named, arm: Callable[[DictTables], Any] | None = None, telling: int = 0) -> Outcome:
    """Run a scenario; what it expected and did not find is among what broke.

    It may be told in several ways: the same script, and other dice for what it leaves open.
    """
    done: set[int] = set()

    def script(campaign: Campaign) -> None:
        minute = campaign.minute
        named.each(campaign)
        if minute in done:
            return
        done.add(minute)
        if not named.quiet and minute in (2, 14):
            lasting = Fault(FaultKind.DEAD, KthTarget("blue", 1), lasts_s=240)
            campaign.world.switch_on(lasting)
        if not named.quiet and minute == 8:
            campaign.world.switch_on(Fault(FaultKind.SLOW, KthTarget("blue", 2), 0, 300, 5.0))
        named.at(campaign, minute)

    plan = Plan(named.number + 1000 * telling, frozenset(), named.minutes, demand=named.demand)
    campaign = Campaign(plan, arm, script)
    found = campaign.run()
    if named.found and len(found.broken) == 1 and named.found in found.broken[0]:
        campaign.oracle.broken.clear()
    elif named.found:
        campaign.oracle.broken.append(f"not found: {named.found}")
    if not campaign.oracle.broken and not named.expect(campaign):
        campaign.oracle.broken.append(f"scenario {named.number}: not as expected")
    return campaign.outcome()
