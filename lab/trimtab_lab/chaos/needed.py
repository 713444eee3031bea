"""Stories that need one guard or condition each: without it they break. Mutants name them.

Most of what a guard refuses today's deciders never ask for. Here a decider gone wild asks for
anything, in each tick, in the situations where only one guard says no.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from trimtab.model.change import Eject, Resize, Restore, Retire, Reweight
from trimtab.model.entry import Kind
from trimtab.model.ladder import ReplacePolicy
from trimtab.model.policy import EjectMethod, Lever, Mode
from trimtab.model.request import ProtectFleet, ProtectRoute, Undo
from trimtab.model.signs import DO_NOT_TOUCH
from trimtab.model.tick import Pause
from trimtab_lab.chaos.campaign import Campaign
from trimtab_lab.chaos.plan import Trouble
from trimtab_lab.chaos.platform import WARDEN
from trimtab_lab.chaos.scenarios import Named
from trimtab_lab.chaos.scripts import (
    both,
    by_warden,
    dice,
    dies,
    down,
    fault,
    nothing,
    pause,
)
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.faults import Everywhere, Fault, FaultKind, KthTarget, WholeFleet
from trimtab_lab.world.views import TargetRef

BLUE, GREEN = WholeFleet("blue"), WholeFleet("green")
WILD = dice(Trouble.WILD)
ILL = tuple(Fault(FaultKind.FLEET_DOWN, fleet, lasts_s=300) for fleet in (BLUE, GREEN))
LONG = 36
"""Minutes of a story that goes on after leases have run out."""
EXPIRED = 21
"""From this minute on what was taken before the controller died has run out."""


def untouchable(campaign: Campaign, now: int) -> None:
    """Let somebody protect all members for a while, then suspend what their groups do."""
    world = campaign.world
    for group in world.describe_groups():
        members = [i.id for i in group.instances if i.lifecycle == "InService"]
        if now % 8 in (1, 2, 3):
            world.set_instance_protection(group.name, members, True)
        if now % 8 == 4:
            world.set_instance_protection(group.name, members, False)
            world.suspend_processes(group.name, ("Launch", "Terminate"))
        if now % 8 == 0:
            world.resume_processes(group.name)


def paused_from_the_start(campaign: Campaign, now: int) -> None:
    """Pause everything at first, for the whole of the trouble."""
    if now == 1:
        stop = Pause(frozenset(Lever), "ops", "scripted", campaign.world.now)
        campaign.operators.set_pause(None, stop)


def protected(campaign: Campaign, now: int) -> None:
    """Protect fleets and the route from the start, until the trouble is nearly over."""
    if now == 1:
        until = campaign.world.now + timedelta(minutes=20)
        fleets = (ProtectFleet(name, until) for name in campaign.policy.fleets)
        routes = (ProtectRoute(route.name, until) for route in campaign.policy.routes)
        campaign.ask(*fleets, *routes)


def returns_undone(campaign: Campaign, _now: int) -> None:
    """Undo the first return of a target, and once more whenever it is back."""
    for name, ended in campaign.oracle.ended.items():
        if ended.kind is Kind.APPLIED and isinstance(ended.change, Restore):
            campaign.ask(Undo(name))
            return


def other_policies(campaign: Campaign, now: int) -> None:
    """Let somebody apply policies while ticks stand still: one that only observes, one that acts.

    An intent is written by the policy in force, or not at all.
    """
    if now == 1:
        campaign.dice.load(Trouble.POLICY, 0.03)
        campaign.dice.load(Trouble.DELAY, 0.3, "transaction")
    modes = dict.fromkeys(Lever, Mode.ENFORCE if now % 2 else Mode.OBSERVE)
    campaign.policy = replace(campaign.policy, modes=modes)


def lives_again(campaign: Campaign, now: int) -> None:
    """Let the controller die, and live again at the very moment its leases are given back."""
    dies(campaign, now)
    if now == EXPIRED:
        campaign.dice.load(Trouble.DELAY, 0.7, "transaction")
        campaign.platform.dead_until = campaign.world.now
        for _ in range(4):
            campaign.platform.invoke(WARDEN, campaign.functions.warden)


def killed_while_giving(campaign: Campaign, now: int) -> None:
    """Let the warden be killed before it can say what it did, and act live again."""
    dies(campaign, now)
    if now == EXPIRED:
        campaign.dice.load(Trouble.CRASH, 1.0, "apply")
        campaign.platform.dead_until = campaign.world.now
        campaign.platform.invoke(WARDEN, campaign.functions.warden)
    if now == EXPIRED + 2:
        campaign.dice.load(Trouble.CRASH, 0.0)


def warden_each_minute(campaign: Campaign, now: int) -> None:
    """Let the controller die, and the warden come each minute; it cannot write all the time."""
    dies(campaign, now)
    if now == 7:
        campaign.dice.load(Trouble.THROTTLE, 0.7, "apply")
        campaign.dice.load(Trouble.CRASH, 0.3, "apply")
    campaign.platform.invoke(WARDEN, campaign.functions.warden)


def taken_again(campaign: Campaign, now: int) -> None:
    """Let somebody take out, for good reasons of their own, whatever the warden gives back."""
    if now == 6:
        campaign.platform.dead_until = campaign.world.now + timedelta(minutes=LONG)
    if now >= EXPIRED:
        campaign.platform.invoke(WARDEN, campaign.functions.warden)
    for ended in campaign.oracle.ended.values():
        back = ended.change
        if ended.by == WARDEN and ended.kind is Kind.APPLIED and isinstance(back, Restore):
            _take(campaign, back)


def _take(campaign: Campaign, back: Restore) -> None:
    try:
        if back.method is EjectMethod.STANDBY and back.group:
            campaign.world.enter_standby(back.group, (back.instance,), decrement=False)
            campaign.meddlers.holds(back.group, back.instance)
        else:
            mine = TargetRef(back.instance, back.port)
            campaign.world.deregister_targets(back.target_group, (mine,))
        campaign.tell(f"somebody: takes {back.target} out")
    except WorldError as error:
        campaign.tell(f"somebody: {back.target} stays as it is: {error}")


def asks_at_once(campaign: Campaign, now: int) -> None:
    """Let two operators ask at the same time, each minute, with pauses between their calls."""
    if now == 1:
        campaign.dice.load(Trouble.DELAY, 0.5)
    until = campaign.world.now + timedelta(minutes=3)
    for name in campaign.policy.fleets:
        campaign.ask(ProtectFleet(name, until))


def pauses_what_was_done(campaign: Campaign) -> None:
    """Pause everything while the world shows a change whose outcome nobody has written."""
    oracle = campaign.oracle
    is_open = any(effect.intent not in oracle.ended for effect in oracle.effects)
    if is_open and not oracle.pauses:
        stop = Pause(frozenset(Lever), "ops", "scripted", campaign.world.now)
        campaign.operators.set_pause(None, stop)
    if not is_open and oracle.pauses:
        campaign.operators.set_pause(None, None)


def protects_what_is_under_way(campaign: Campaign) -> None:
    """Protect whatever an intent is about, before it is carried out."""
    until, oracle = campaign.world.now + timedelta(minutes=3), campaign.oracle
    open_now = [e.change for name, e in oracle.intents.items() if name not in oracle.ended]
    asked = [e.asked for e in oracle.book.requested.values()]
    for change in open_now[:2]:
        if isinstance(change, Reweight):
            wish: ProtectRoute | ProtectFleet = ProtectRoute(change.route, until)
        elif change is not None:
            wish = ProtectFleet(change.fleet, until)
        if change is not None and not any(_alike(wish, was) for was in asked):
            campaign.ask(wish)


def tags_what_is_under_way(campaign: Campaign) -> None:
    """Tag every other instance that an intent takes, before it is carried out."""
    oracle, tags = campaign.oracle, campaign.world.labels.instance_tags
    for name, entry in oracle.intents.items():
        if name not in oracle.ended and isinstance(entry.change, Eject | Retire):
            instance = entry.change.instance
            if int(instance[-1], 16) % 2:
                tags.setdefault(instance, {})[DO_NOT_TOUCH] = "somebody"


def brought_back(campaign: Campaign, _now: int) -> None:
    """Let somebody bring back, each minute, whoever has been set aside."""
    for eject in campaign.oracle.held_out():
        if eject.group is not None:
            with suppress(WorldError):
                campaign.world.exit_standby(eject.group, (eject.instance,))


def _alike(wish: ProtectRoute | ProtectFleet, was: object) -> bool:
    """Tell whether this was asked for, and holds for another minute."""
    if not isinstance(was, ProtectRoute | ProtectFleet):
        return False
    soon = wish.until - timedelta(minutes=2)
    return replace(was, until=wish.until) == wish and was.until > soon


def paused_and_expired(campaign: Campaign, now: int) -> None:
    """Let the controller die, and all be paused when what it took runs out."""
    dies(campaign, now)
    if now == EXPIRED - 4:
        stop = Pause(frozenset(Lever), "ops", "scripted", campaign.world.now)
        campaign.operators.set_pause(None, stop)
    campaign.platform.invoke(WARDEN, campaign.functions.warden)


def warden_all_along(campaign: Campaign, _now: int) -> None:
    """Let the warden come each minute, while the controller lives."""
    campaign.platform.invoke(WARDEN, campaign.functions.warden)


def generous(campaign: Campaign, now: int) -> None:
    """Apply a policy that allows so much an hour that only shares and sizes still limit."""
    if now == 1:
        policy = campaign.policy
        guard = replace(policy.guard, max_actions_per_hour=500, max_removals_per_hour=500)
        campaign.policy = replace(policy, guard=guard)
        campaign.operators.apply(campaign.policy)


def aside(campaign: Campaign, now: int, rules: ReplacePolicy | None = None) -> None:
    """Apply a policy that sets aside by standby, half of a fleet if need be."""
    if now == 1:
        policy = campaign.policy
        eject = replace(policy.health.eject, method=EjectMethod.STANDBY, max_share=0.5)
        health = replace(policy.health, eject=eject, replace=rules)
        campaign.policy = replace(policy, health=health)
        campaign.operators.apply(campaign.policy)


def replacing(campaign: Campaign, now: int) -> None:
    """Apply one that also replaces who comes back bad."""
    aside(campaign, now, ReplacePolicy(after=2, per_day=4, stop_after=4))


def one_a_day(campaign: Campaign, now: int) -> None:
    """Apply one that replaces no more than one a day."""
    aside(campaign, now, ReplacePolicy(after=2, per_day=1, stop_after=4))


def sick_for_good(campaign: Campaign, now: int) -> None:
    """Let one of a fleet die for good, and later another: each fails whenever it is back."""
    if now in (2, 15):
        campaign.world.switch_on(Fault(FaultKind.DEAD, KthTarget("blue", 1)))


def replaced(campaign: Campaign) -> bool:
    """Somebody was ended, and serves nobody."""
    return any(isinstance(e.change, Retire) for e in campaign.oracle.effects)


def done_by_somebody(campaign: Campaign, _now: int) -> None:
    """Do by hand what is intended, before act does; then let operators undo it, as if it were ours.

    What somebody else did is not ours to take back.
    """
    oracle = campaign.oracle
    for name, entry in oracle.intents.items():
        change = entry.change
        if name in oracle.ended or not isinstance(change, Resize | Reweight):
            continue
        if isinstance(change, Resize):
            campaign.world.set_desired_capacity(change.group, change.after)
        else:
            campaign.world.modify_rule(change.rule, {str(g): w for g, w in change.after.items()})
    asked = {e.intent for e in oracle.book.requested.values()}
    idle = [n for n, e in oracle.ended.items() if e.kind is Kind.UNNEEDED and n not in asked]
    campaign.ask(*(Undo(name) for name in idle[:5]))


def never_in_panic(campaign: Campaign, now: int) -> None:
    """Apply a policy that lets all of a fleet leave, and calls nothing a panic."""
    if now == 1:
        policy = campaign.policy
        eject = replace(policy.health.eject, max_share=1.0, max_zone_share=1.0)
        guard = replace(policy.guard, panic_count=100, max_removals_per_hour=100)
        health = replace(policy.health, eject=eject)
        campaign.operators.apply(replace(policy, health=health, guard=guard))


def all_together(most: int) -> Callable[[Campaign, int], None]:
    """Let all services of the account lose only so many targets."""

    def at(campaign: Campaign, now: int) -> None:
        if now == 1:
            campaign.limit(most)

    return at


def one_is_faster(campaign: Campaign, now: int) -> None:
    """Let all services lose one target, and another take it while we think of it."""
    if now == 1:
        campaign.limit(1)
    if now in (3, 24):
        campaign.neighbour.waits_for = campaign.oracle.counts_read


def nobody_answers(campaign: Campaign, now: int) -> None:
    """Let every lever need approval, and nobody give it."""
    if now == 1:
        modes = dict.fromkeys(Lever, Mode.APPROVE)
        campaign.operators.apply(replace(campaign.policy, modes=modes))


def not_by_warden(campaign: Campaign) -> bool:
    """The warden did nothing."""
    return not any(e.by == WARDEN for e in campaign.oracle.intents.values())


def was_lost(campaign: Campaign) -> bool:
    """Something reached nobody, and was given again."""
    return any("nobody was told, and nothing is stored" in line for line in campaign.story)


def grew(campaign: Campaign) -> bool:
    """The wild decider got something through."""
    return any(isinstance(e.change, Resize) for e in campaign.oracle.effects)


NEEDED = (
    Named(201, "a decider gone wild", WILD, grew),
    Named(202, "a decider gone wild while operators pause", both(WILD, pause)),
    Named(203, "a decider gone wild and groups not to be touched", both(WILD, untouchable)),
    Named(204, "a decider gone wild while all is down",
          both(WILD, fault(down(BLUE), down(GREEN), minute=2))),
    Named(205, "a decider gone wild that sees nothing",
          both(WILD, dice(Trouble.BLIND, 0.5),
               fault(Fault(FaultKind.METRICS_DARK, Everywhere(), lasts_s=600), minute=9))),
    Named(206, "a decider gone wild and operators who protect", both(WILD, protected)),
    Named(207, "a return undone, and undone again", returns_undone),
    Named(208, "pauses answered in part",
          both(WILD, paused_from_the_start, dice(Trouble.FULL, 0.7, "get recall")), nothing),
    Named(209, "policies applied beside each tick", other_policies),
    Named(210, "the controller lives again beside the warden", lives_again),
    Named(211, "the warden comes each minute", warden_each_minute, by_warden),
    Named(212, "what the warden gave back is taken by somebody", taken_again, by_warden,
          minutes=LONG),
    Named(213, "two operators ask at once", asks_at_once),
    Named(214, "paused after the write, before its outcome",
          dice(Trouble.CRASH, 1.0, "apply"), each=pauses_what_was_done),
    Named(215, "paused when leases run out", paused_and_expired, not_by_warden),
    Named(216, "the warden beside a living controller", warden_all_along),
    Named(217, "a decider gone wild with little to carry", both(WILD, generous),
          demand=(0.3,) * 25),
    Named(218, "records of one intent carried out side by side",
          both(dice(Trouble.DUPLICATE), dice(Trouble.DOUBLE), dice(Trouble.DELAY, 0.4))),
    Named(219, "deciders gone wild, two at once",
          both(WILD, dice(Trouble.DOUBLE), dice(Trouble.DELAY, 0.3, "transaction"))),
    Named(220, "paused between intent and write, answered in part",
          both(WILD, pause, dice(Trouble.LATE, 0.9, "act"),
               dice(Trouble.FULL, 0.5, "get halts"))),
    Named(221, "the warden is killed, and act lives again", killed_while_giving),
    Named(222, "somebody does what is intended, and it is undone",
          both(WILD, dice(Trouble.LATE, 0.9, "act"), done_by_somebody)),
    Named(224, "protected between intent and write",
          both(WILD, dice(Trouble.LATE, 0.9, "act")), each=protects_what_is_under_way),
    Named(234, "tagged between intent and write",
          both(WILD, dice(Trouble.LATE, 0.9, "act")), each=tags_what_is_under_way),
    Named(225, "a decider gone wild that ends whom it likes", both(WILD, replacing, generous)),
    Named(235, "a decider gone wild that ends whom somebody brings back",
          both(WILD, replacing, generous, brought_back)),
    Named(227, "one after the other sick for good, and one replaced a day",
          both(one_a_day, sick_for_good), replaced, quiet=True, minutes=LONG),
    Named(231, "channels that fail, by turns and for long",
          both(WILD, dice(Trouble.THROTTLE, 0.5, "tell"), dice(Trouble.UNCLEAR, 0.2, "tell"))),
    Named(232, "nobody to be told, and nothing to remember it",
          both(WILD, dice(Trouble.THROTTLE, 0.9, "tell"), dice(Trouble.DENY, 0.8, "get 1 items")),
          was_lost),
    Named(233, "very much to tell", both(WILD, generous), demand=(0.3,) * 25),
    Named(226, "all services of the account lose targets", both(WILD, generous, all_together(2)),
          demand=(0.3,) * 25),
    Named(229, "other services take out between recall and commit",
          both(WILD, generous, one_is_faster), demand=(0.3,) * 25),
    Named(228, "a decider gone wild while zones fail, and nothing is a panic",
          both(WILD, never_in_panic, fault(*ILL, minute=2), fault(*ILL, minute=12)),
          demand=(0.1,) * 25),
    Named(223, "what needs approval, and nobody answers", nobody_answers, nothing),
)  # fmt: skip
"""Each is needed by a mutant, and holds without it."""
