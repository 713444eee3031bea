"""What scripts of scenarios do, minute by minute, and what they expect besides the laws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from trimtab.adapters.records import current_key, memory_key
from trimtab.adapters.tables import Put, Range, Remove, Table
from trimtab.model.change import Eject, Resize, Reweight
from trimtab.model.entry import Kind
from trimtab.model.lease import WARDEN
from trimtab.model.policy import Lever, Mode
from trimtab.model.reason import ReasonCode
from trimtab.model.request import Approve, Reject
from trimtab.model.tick import Pause
from trimtab_lab.chaos.campaign import Campaign
from trimtab_lab.chaos.delivery import TO_RECONCILE, TO_WAKE
from trimtab_lab.chaos.plan import Trouble
from trimtab_lab.chaos.scenarios import MINUTES
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.faults import Fault, FaultKind, KthTarget, WholeFleet
from trimtab_lab.world.shop import native_scaling


def fault(*faults: Fault, minute: int = 3) -> Callable[[Campaign, int], None]:
    """Start faults at a minute."""

    def at(campaign: Campaign, now: int) -> None:
        for fault in faults if now == minute else ():
            campaign.world.switch_on(fault)

    return at


def dice(
    trouble: Trouble, rate: float = 1.0, call: str = "", until: int = MINUTES, since: int = 1
) -> Callable[[Campaign, int], None]:
    """Load the dice for one kind of trouble, from one minute to another."""

    def at(campaign: Campaign, now: int) -> None:
        if now == since:
            campaign.dice.load(trouble, rate, call)
        if now == until:
            campaign.dice.load(trouble, 0.0)

    return at


def both(*scripts: Callable[[Campaign, int], None]) -> Callable[[Campaign, int], None]:
    """Follow several scripts."""

    def at(campaign: Campaign, now: int) -> None:
        for script in scripts:
            script(campaign, now)

    return at


def pause(campaign: Campaign, now: int) -> None:
    """Pause everything in every fourth minute, and resume two minutes later."""
    if now % 4 == 0:
        pause = Pause(frozenset(Lever), "ops", "scripted", campaign.world.now)
        campaign.operators.set_pause(None, pause)
    if now % 4 == 2:
        campaign.operators.set_pause(None, None)


def resizes(campaign: Campaign, now: int) -> None:
    """Let a human set another size every minute."""
    campaign.world.set_desired_capacity("shop-blue-asg", 5 + now % 3)


def bound(campaign: Campaign, now: int) -> None:
    """Let the group's largest size be what it has."""
    if now == 1:
        campaign.world.update_group("shop-blue-asg", 3, 4)


def suspend(campaign: Campaign, now: int) -> None:
    """Suspend what a group does by itself."""
    if now == 1:
        for process in ("Launch", "Terminate", "AddToLoadBalancer"):
            campaign.world.suspend_processes("shop-blue-asg", (process,))


def weigh(campaign: Campaign, now: int) -> None:
    """Let somebody edit the weights every minute."""
    rule = campaign.world.rules()[0]
    blue = 80 - 10 * (now % 3)
    arns = [arn for arn, _ in rule.weights]
    campaign.world.modify_rule(rule.arn, dict(zip(arns, (blue, 100 - blue), strict=True)))


def flap(campaign: Campaign, now: int) -> None:
    """Let a target fail for two minutes and a half of every four."""
    if now % 4 == 0:
        ids = sorted(i.id for i in campaign.world.instances())[:1]
        campaign.world.switch_on(Fault(FaultKind.DEAD, KthTarget("blue", 0), lasts_s=150))
        campaign.tell(f"{ids} flaps")


def terminate(campaign: Campaign, now: int) -> None:
    """End whatever we hold out, so that nothing can come back."""
    for eject in campaign.oracle.held_out():
        try:
            campaign.world.terminate_instance(eject.instance, decrement=False)
        except WorldError:
            campaign.tell(f"{eject.instance} is ending already")
    del now


def lower(campaign: Campaign, now: int) -> None:
    """Apply lower limits now and then."""
    if now % 5 == 3:
        campaign.dice.load(Trouble.POLICY, 0.3)
    elif now % 5 == 4:
        campaign.dice.load(Trouble.POLICY, 0.0)


def garbled_policy(campaign: Campaign, now: int) -> None:
    """Let the policy in force be no policy for five minutes, whoever wrote it so."""
    key = current_key(campaign.policy.service)
    held = campaign.tables.get(key)
    if now == 4 and held is not None:
        broken = {**held, "body": '{"service": "shop", "levers": "=cmd()"}'}
        campaign.tables.write([Put(Table.MEMORY, broken, "a malformed policy", None)])
        campaign.kept["policy"] = held
    if now == 9:
        whole = Put(Table.MEMORY, campaign.kept["policy"], "the policy as it was", None)
        campaign.tables.write([whole])


def edited_log(campaign: Campaign, now: int) -> None:
    """Let somebody with the table edit what the newest entry of the log says."""
    if now == 12:
        whole = campaign.tables.query(Range(Table.LOG, campaign.policy.service))
        item = max(whole, key=lambda found: int(found.get("n", 0)))
        edited = {**item, "body": str(item["body"]).replace('"at"', '"At"')}
        campaign.tables.write([Put(Table.LOG, edited, "an edited entry", None)])


def alarms(campaign: Campaign) -> bool:
    """The daily walk has raised the alarm, and what had to be done was done all the same."""
    later = campaign.started + timedelta(minutes=13)
    told = any(alarm.startswith("broken at ") for alarm in campaign.tellers.alarms)
    return told and any(effect.at > later for effect in campaign.oracle.effects)


def poison(campaign: Campaign, _now: int) -> None:
    """Send a message that nobody can read, every minute."""
    body = {"Records": [{"messageId": "poison", "body": "{" * 40}]}
    campaign.post.send(TO_RECONCILE, body, 1)


def own_event(campaign: Campaign, _now: int) -> None:
    """Send our own event back to us, every minute."""
    topology = campaign.world.scenario.topology
    home = {"account": topology.account, "region": topology.region}
    said = {"source": "trimtab", "detail-type": "Trimtab Action", "detail": {"service": "shop"}}
    campaign.post.send(TO_WAKE, {**home, **said}, 1)


def refuses_its_own(campaign: Campaign) -> bool:
    """Nobody is woken by it."""
    return any("no wake-up is defined for 'Trimtab Action'" in line for line in campaign.story)


def tracked(campaign: Campaign, now: int) -> None:
    """Let AWS's own target tracking scale the same groups by the same load."""
    if now == 1:
        native_scaling(campaign.world)
    if now == MINUTES - 1:
        campaign.world.tenants.clear()


def triple(campaign: Campaign, now: int) -> None:
    """Let a human make a group three times as large as anybody planned."""
    if now == 4:
        campaign.world.set_desired_capacity("shop-blue-asg", 12)


def step_by_step(campaign: Campaign) -> bool:
    """No step takes more than a third."""
    resizes = [c for c in changes(campaign, Resize) if isinstance(c, Resize)]
    return all(c.after >= c.before * 0.66 - 1 for c in resizes)


def undo_all(campaign: Campaign, now: int) -> None:
    """Undo everything of the last minutes, and undo it all once more."""
    if now in (7, 12, 20):
        campaign.kept["undone"] = campaign.operators.undo_since(15)
        campaign.ask(*campaign.kept["undone"])
    if now in (9, 14, 22):
        campaign.ask(*campaign.kept["undone"])


def undone_once(campaign: Campaign) -> bool:
    """Something was undone; what was asked twice was answered, and undone once."""
    book = campaign.oracle.book
    codes = [e.reason.code for e in book.log.values() if e.request is not None]
    return ReasonCode.ALREADY_UNDONE in codes and bool(book.carried)


def forgets(campaign: Campaign, now: int) -> None:
    """Let all that is remembered of the service be lost while a target is out."""
    if now == 6:
        lost = Remove(memory_key(campaign.policy.service), "the memory, lost")
        campaign.tables.write([lost])


def leaves(campaign: Campaign, now: int) -> None:
    """Let a fleet leave the policy while one of its targets is out."""
    if now == 6:
        green = {f: p for f, p in campaign.policy.fleets.items() if f == "green"}
        campaign.operators.apply(replace(campaign.policy, fleets=green, routes=()))


def dies(campaign: Campaign, now: int) -> None:
    """Let reconcile and act be dead for the rest of the trouble, with a target out."""
    if now == 6:
        campaign.platform.dead_until = campaign.world.now + timedelta(minutes=MINUTES)


def by_warden(campaign: Campaign) -> bool:
    """The warden gave something back."""
    return any(e.by == WARDEN for e in campaign.oracle.ended.values())


def in_person(campaign: Campaign, now: int) -> None:
    """Let every lever wait for approval, and an operator approve half of what is proposed."""
    if now == 1:
        modes = dict.fromkeys(Lever, Mode.APPROVE)
        campaign.operators.apply(replace(campaign.policy, modes=modes))
    book = campaign.oracle.book
    waiting = [name for name in book.awaiting if name not in book.said]
    if waiting:
        campaign.ask((Approve if now % 2 else Reject)(waiting[-1]))


def by_approval(campaign: Campaign) -> bool:
    """Some was approved and done, some rejected, and nothing done besides."""
    said = {e.kind for e in campaign.oracle.book.said.values()}
    return {Kind.APPROVED, Kind.REJECTED} <= said and bool(changes(campaign))


def watching(campaign: Campaign, now: int) -> None:
    """Let every lever only observe."""
    if now == 1:
        modes = dict.fromkeys(Lever, Mode.OBSERVE)
        campaign.operators.apply(replace(campaign.policy, modes=modes))


def changes(campaign: Campaign, *kinds: type) -> list[object]:
    """Return what was changed during the trouble."""
    since = campaign.started
    calm = campaign.started + timedelta(minutes=MINUTES)
    found = [e for e in campaign.oracle.effects if since <= e.at < calm]
    return [e.change for e in found if isinstance(e.change, kinds or (object,))]


def no_ejections(campaign: Campaign) -> bool:
    """Nothing was taken out."""
    return not changes(campaign, Eject)


def no_shrinking(campaign: Campaign) -> bool:
    """Nothing was made smaller."""
    resizes = [c for c in changes(campaign, Resize) if isinstance(c, Resize)]
    return not any(c.after < c.before for c in resizes)


def no_reweights(campaign: Campaign) -> bool:
    """No weights were moved while both sides were down."""
    both_down = campaign.started + timedelta(minutes=16)
    moved = [e for e in campaign.oracle.effects if isinstance(e.change, Reweight)]
    return not any(e.at < both_down for e in moved)


def keeps_four(campaign: Campaign) -> bool:
    """Blue needs four targets for the usual load: a short dip is no reason to have fewer."""
    resizes = [c for c in changes(campaign, Resize) if isinstance(c, Resize)]
    return not any(c.after < 4 and c.fleet == "blue" for c in resizes)


def nothing(campaign: Campaign) -> bool:
    """Nothing was changed."""
    return not changes(campaign)


def split(campaign: Campaign) -> bool:
    """Act was killed after it had read a rule, and before it wrote it back."""
    return any("ModifyRule: crashed" in line for line in campaign.story)


def acts(campaign: Campaign) -> bool:
    """Something was changed."""
    return bool(changes(campaign))


def ejects(campaign: Campaign) -> bool:
    """Something was taken out."""
    return bool(changes(campaign, Eject))


def down(where: WholeFleet) -> Fault:
    """A whole fleet answers nothing."""
    return Fault(FaultKind.FLEET_DOWN, where, lasts_s=900)
