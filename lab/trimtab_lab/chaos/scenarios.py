"""The catalogue's scenarios by number and name: scripted trouble, the same oracle, one expectation.

Every one begins with a target that dies and one that turns slow, so that there is something to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from trimtab.model.change import Eject, Resize, Reweight
from trimtab.model.policy import Lever
from trimtab.model.tick import Pause
from trimtab_lab.chaos.campaign import Campaign, Outcome
from trimtab_lab.chaos.plan import Plan, Trouble
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.faults import Everywhere, Fault, FaultKind, InZone, KthTarget, WholeFleet
from trimtab_lab.world.scenario import ZONES

MINUTES = 25
BLUE, GREEN = WholeFleet("blue"), WholeFleet("green")


@dataclass(frozen=True, slots=True)
class Named:
    """One scenario: what its script does at each minute, and what must be so besides the laws."""

    number: int
    name: str
    at: Callable[[Campaign, int], None]
    expect: Callable[[Campaign], bool] = lambda _: True
    demand: tuple[float, ...] = ()


def play(named: Named) -> Outcome:
    """Run a scenario; what it expected and did not find is among what broke."""
    done: set[int] = set()

    def script(campaign: Campaign) -> None:
        minute = campaign.minute
        if minute in done:
            return
        done.add(minute)
        if minute in (2, 14):
            lasting = Fault(FaultKind.DEAD, KthTarget("blue", 1), lasts_s=240)
            campaign.world.switch_on(lasting)
        if minute == 8:
            campaign.world.switch_on(Fault(FaultKind.SLOW, KthTarget("blue", 2), 0, 300, 5.0))
        named.at(campaign, minute)

    plan = Plan(named.number, frozenset(), MINUTES, demand=named.demand)
    campaign = Campaign(plan, script=script)
    found = campaign.run()
    if not found.broken and not named.expect(campaign):
        campaign.oracle.broken.append(f"scenario {named.number}: not as expected")
        return campaign.outcome()
    return found


def _fault(*faults: Fault, minute: int = 3) -> Callable[[Campaign, int], None]:
    def at(campaign: Campaign, now: int) -> None:
        for fault in faults if now == minute else ():
            campaign.world.switch_on(fault)

    return at


def _dice(
    trouble: Trouble, rate: float = 1.0, call: str = "", until: int = MINUTES, since: int = 1
) -> Callable[[Campaign, int], None]:
    def at(campaign: Campaign, now: int) -> None:
        if now == since:
            campaign.dice.load(trouble, rate, call)
        if now == until:
            campaign.dice.load(trouble, 0.0)

    return at


def _both(*scripts: Callable[[Campaign, int], None]) -> Callable[[Campaign, int], None]:
    def at(campaign: Campaign, now: int) -> None:
        for script in scripts:
            script(campaign, now)

    return at


def _pause(campaign: Campaign, now: int) -> None:
    """Pause everything in every third minute's midst, and resume two minutes later."""
    if now % 3 == 0:
        pause = Pause(frozenset(Lever), "ops", "scripted", campaign.world.now)
        campaign.operators.set_pause(None, pause)
    if now % 3 == 2:
        campaign.operators.set_pause(None, None)


def _resizes(campaign: Campaign, now: int) -> None:
    campaign.world.set_desired_capacity("shop-blue-asg", 5 + now % 3)


def _bound(campaign: Campaign, now: int) -> None:
    if now == 1:
        campaign.world.update_group("shop-blue-asg", 3, 4)


def _suspend(campaign: Campaign, now: int) -> None:
    if now == 1:
        for process in ("Launch", "Terminate", "AddToLoadBalancer"):
            campaign.world.suspend_processes("shop-blue-asg", (process,))


def _weigh(campaign: Campaign, now: int) -> None:
    rule = campaign.world.rules()[0]
    blue = 80 - 10 * (now % 3)
    arns = [arn for arn, _ in rule.weights]
    campaign.world.modify_rule(rule.arn, dict(zip(arns, (blue, 100 - blue), strict=True)))


def _flap(campaign: Campaign, now: int) -> None:
    if now % 4 == 0:
        ids = sorted(i.id for i in campaign.world.instances())[:1]
        campaign.world.switch_on(Fault(FaultKind.DEAD, KthTarget("blue", 0), lasts_s=150))
        campaign.tell(f"{ids} flaps")


def _terminate(campaign: Campaign, now: int) -> None:
    """End whatever we hold out, so that nothing can come back."""
    for eject in campaign.oracle.held_out():
        try:
            campaign.world.terminate_instance(eject.instance, decrement=False)
        except WorldError:
            campaign.tell(f"{eject.instance} is ending already")
    del now


def _lower(campaign: Campaign, now: int) -> None:
    if now % 5 == 3:
        campaign.dice.load(Trouble.POLICY, 0.3)
    elif now % 5 == 4:
        campaign.dice.load(Trouble.POLICY, 0.0)


def _changes(campaign: Campaign, *kinds: type) -> list[object]:
    since = campaign.started
    calm = campaign.started + timedelta(minutes=MINUTES)
    found = [e for e in campaign.oracle.effects if since <= e.at < calm]
    return [e.change for e in found if isinstance(e.change, kinds or (object,))]


def _no_ejections(campaign: Campaign) -> bool:
    return not _changes(campaign, Eject)


def _no_shrinking(campaign: Campaign) -> bool:
    resizes = [c for c in _changes(campaign, Resize) if isinstance(c, Resize)]
    return not any(c.after < c.before for c in resizes)


def _keeps_four(campaign: Campaign) -> bool:
    """Blue needs four targets for the usual load: a short dip is no reason to have fewer."""
    resizes = [c for c in _changes(campaign, Resize) if isinstance(c, Resize)]
    return not any(c.after < 4 and c.fleet == "blue" for c in resizes)


def _nothing(campaign: Campaign) -> bool:
    return not _changes(campaign)


def _ejects(campaign: Campaign) -> bool:
    return bool(_changes(campaign, Eject))


def _down(where: WholeFleet) -> Fault:
    return Fault(FaultKind.FLEET_DOWN, where, lasts_s=900)


DARK = _fault(Fault(FaultKind.METRICS_DARK, Everywhere(), lasts_s=1200), minute=1)
TABLES = _both(
    _dice(Trouble.THROTTLE, call="transaction", since=1, until=16),
    _dice(Trouble.UNCLEAR, call="get", since=1, until=16),
)

SCENARIOS = (
    Named(1, "everything unhealthy at once", _fault(_down(BLUE), _down(GREEN), minute=1),
          _no_ejections),
    Named(2, "a zone is lost", _fault(Fault(FaultKind.ZONE_OUTAGE, InZone(ZONES[0]), 0, 600))),
    Named(4, "no metrics for twenty minutes", DARK, _no_shrinking),
    Named(5, "every series comes back empty", _dice(Trouble.PARTIAL), _no_shrinking),
    Named(6, "some series come back in part", _dice(Trouble.PARTIAL, 0.3)),
    Named(8, "metrics minutes late",
          _fault(Fault(FaultKind.METRICS_LATE, Everywhere(), 0, 900, 180.0))),
    Named(9, "target health throttled for five ticks",
          _dice(Trouble.THROTTLE, call="read targets", since=3, until=8)),
    Named(10, "throttled at the write", _dice(Trouble.THROTTLE, call="apply", until=12), _ejects),
    Named(11, "the write times out, half of them applied",
          _dice(Trouble.UNCLEAR, call="apply", until=20), _ejects),
    Named(12, "killed before the write", _dice(Trouble.CRASH, 0.7, "apply", until=20), _ejects),
    Named(13, "killed before the outcome is written",
          _dice(Trouble.CRASH, 0.7, "transaction", until=20)),
    Named(14, "every message and record many times", _dice(Trouble.DUPLICATE), _ejects),
    Named(15, "messages out of order", _dice(Trouble.LATE, 0.6)),
    Named(16, "records and events hours late", _dice(Trouble.LATE, 0.9)),
    Named(17, "two controllers at once", _dice(Trouble.DOUBLE), _ejects),
    Named(18, "frozen before the commit", _dice(Trouble.DELAY, 0.5, "transaction")),
    Named(19, "clocks minutes wrong", _dice(Trouble.SKEW)),
    Named(20, "demand high at the largest size", _bound, demand=(1.0,) * 5 + (2.5,) * 20),
    Named(21, "a human resizes every minute", _resizes),
    Named(23, "processes suspended", _suspend),
    Named(27, "newcomers are slow to come",
          _fault(Fault(FaultKind.SLOW_LAUNCHES, BLUE, 0, 900, 4.0)),
          demand=(1.0,) * 5 + (2.0,) * 20),
    Named(28, "what is out is ended by somebody", _terminate),
    Named(29, "a target flaps", _flap),
    Named(31, "paused at any moment", _both(_pause, _dice(Trouble.DELAY, 0.2))),
    Named(32, "the pause switch cannot be read", _dice(Trouble.THROTTLE, call="get 2 items"),
          _nothing),
    Named(33, "no tables for fifteen minutes", TABLES),
    Named(35, "a storm of contention", _both(_dice(Trouble.DOUBLE), _dice(Trouble.DUPLICATE))),
    Named(37, "a policy with lower limits", _lower),
    Named(45, "every write denied", _dice(Trouble.DENY, call="apply"), _nothing),
    Named(46, "weights edited by somebody each minute", _both(_weigh, _fault(_down(BLUE)))),
    Named(48, "both sides of a route down", _fault(_down(BLUE), _down(GREEN), minute=1),
          lambda c: not _changes(c, Reweight)),
    Named(50, "ten times the demand in a minute", _dice(Trouble.DROP, 0.1),
          demand=(0.4,) * 8 + (4.0,) * 17),
    Named(53, "one function stands still", _dice(Trouble.DELAY, 0.5, "series")),
    Named(54, "ticks overlap", _both(_dice(Trouble.DELAY, 0.3), _dice(Trouble.DOUBLE))),
    Named(55, "no schedule for fifteen minutes", _dice(Trouble.DROP, since=5, until=20)),
    Named(59, "no capacity to launch", _fault(Fault(FaultKind.NO_CAPACITY, BLUE, 0, 900)),
          demand=(1.0,) * 5 + (2.0,) * 20),
    Named(60, "a dip of three minutes", _dice(Trouble.DROP, 0.1),
          _keeps_four, demand=(1.0,) * 10 + (0.2,) * 3 + (1.0,) * 12),
    Named(62, "the receiver lacks capacity", _both(
        _fault(_down(BLUE)), _fault(Fault(FaultKind.NO_CAPACITY, GREEN, 0, 900)))),
    Named(63, "a stale snapshot applied late",
          _both(_dice(Trouble.DELAY, 0.4, "apply"), _resizes)),
)  # fmt: skip
"""Every scenario of the catalogue that means something for what exists."""
