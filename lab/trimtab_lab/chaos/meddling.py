"""What others do to the world: faults, and other people's changes."""

from __future__ import annotations

import random
from collections.abc import Callable

from trimtab.model.signs import DO_NOT_TOUCH
from trimtab_lab.chaos.plan import Dice, Trouble
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.faults import (
    Everywhere,
    Fault,
    FaultKind,
    InZone,
    KthTarget,
    Where,
    WholeFleet,
)
from trimtab_lab.world.scenario import ZONES
from trimtab_lab.world.views import TargetRef
from trimtab_lab.world.world import World

FLEETS = ("blue", "green")


FOR_THE_PROBE = (FaultKind.DEEP, FaultKind.PROBE_BLIND)
MEDDLED = tuple(k for k in FaultKind if k not in FOR_THE_PROBE)
"""What goes wrong; what only our own probe sees, where there is one."""


class Meddlers:
    """Everybody else. Each draws from dice of its own; all of them stop for the calm."""

    def __init__(
        self, world: World, dice: Dice, tell: Callable[[str], None], probed: bool = False
    ) -> None:
        self._world, self._dice, self._tell = world, dice, tell
        self._kinds = (*MEDDLED, *FOR_THE_PROBE) if probed else MEDDLED
        self._bounds = {g.name: (g.min_size, g.max_size) for g in world.describe_groups()}
        self._standby: set[tuple[str, str]] = set()
        self._serial = 0

    # the world fails

    def fail(self) -> None:
        """Start a fault now and then."""
        if not self._dice.strikes(Trouble.FAULT):
            return
        dice = self._dice.of(Trouble.FAULT)
        kind = dice.choice(
            (FaultKind.DEAD, FaultKind.DEAD, FaultKind.SLOW, FaultKind.SLOW, *self._kinds)
        )
        if kind is FaultKind.THROTTLED:  # the gates throttle, call by call
            return
        if any(on.kind is kind is FaultKind.SLOW_LAUNCHES for on in self._world.active_faults()):
            return  # they would multiply, into launches longer than the calm
        fault = Fault(
            kind,
            _where(kind, dice),
            lasts_s=dice.choice((60, 180, 420, 900)),
            amount=_amount(kind, dice),
        )
        self._tell(f"world: {fault.kind} at {fault.where} for {fault.lasts_s} s")
        self._world.switch_on(fault)

    # somebody else changes things

    def meddle(self) -> None:
        """Change something behind Trimtab's back now and then."""
        if not self._dice.strikes(Trouble.MEDDLE):
            return
        dice = self._dice.of(Trouble.MEDDLE)
        edits = (
            self._resize,
            self._stand_by,
            self._stand_by,
            self._weigh,
            self._terminate,
            self._protect,
            self._suspend,
            self._rebound,
            self._tag,
        )
        edit = dice.choice(edits)
        try:
            self._tell(f"somebody: {edit(dice)}")
        except WorldError as error:
            self._tell(f"somebody: {edit.__name__.strip('_')} refused: {error}")

    def _group(self, dice: random.Random) -> str:
        return dice.choice([g.name for g in self._world.describe_groups()])

    def _member(self, dice: random.Random) -> tuple[str, str]:
        members = [(g.name, i.id) for g in self._world.describe_groups() for i in g.instances]
        return dice.choice(members) if members else ("none", "none")

    def _members(self, name: str) -> list[str]:
        members = [i for g in self._world.describe_groups((name,)) for i in g.instances]
        return [i.id for i in members if not i.lifecycle.startswith("Terminat")]

    def _resize(self, dice: random.Random) -> str:
        name, size = self._group(dice), dice.randint(3, 12)
        self._world.set_desired_capacity(name, size)
        return f"sets {name} to {size}"

    def _stand_by(self, dice: random.Random) -> str:
        held = sorted(self._standby)
        if held and dice.random() < 0.5:
            name, instance = held[0]
            self._standby.discard((name, instance))
            self._world.exit_standby(name, (instance,))
            return f"brings {instance} back"
        name, instance = self._member(dice)
        self._world.enter_standby(name, (instance,), decrement=dice.random() < 0.5)
        self._standby.add((name, instance))
        return f"moves {instance} to standby"

    def _weigh(self, dice: random.Random) -> str:
        rule = self._world.rules()[0]
        blue = dice.choice((0, 30, 50, 80, 100))
        arns = [arn for arn, _ in rule.weights]
        self._world.modify_rule(rule.arn, dict(zip(arns, (blue, 100 - blue), strict=True)))
        return f"weighs {blue} to {100 - blue}"

    def _terminate(self, dice: random.Random) -> str:
        _, instance = self._member(dice)
        self._world.terminate_instance(instance, decrement=False)
        return f"ends {instance}"

    def _protect(self, dice: random.Random) -> str:
        name, _ = self._member(dice)
        self._world.set_instance_protection(name, self._members(name), True)
        return f"protects all of {name}"

    def _suspend(self, dice: random.Random) -> str:
        name = self._group(dice)
        process = dice.choice(("Launch", "Terminate", "AddToLoadBalancer"))
        self._world.suspend_processes(name, (process,))
        return f"suspends {process} of {name}"

    def _rebound(self, dice: random.Random) -> str:
        name = self._group(dice)
        low, high = dice.choice(((3, 5), (3, 8), (5, 16)))
        self._world.update_group(name, low, high)
        return f"bounds {name} to {low} and {high}"

    def _tag(self, dice: random.Random) -> str:
        _, instance = self._member(dice)
        tags = self._world.labels.instance_tags.setdefault(instance, {})
        if tags.pop(DO_NOT_TOUCH, None) is not None:
            return f"lets {instance} be touched again"
        tags[DO_NOT_TOUCH] = "chaos"
        return f"lets nobody touch {instance}"

    # the calm

    def holds(self, group: str, instance: str) -> None:
        """Note what a script has moved to standby in somebody's name: it returns with the calm."""
        self._standby.add((group, instance))

    def leave(self, held: frozenset[str]) -> None:
        """End every fault and take every change of others back, for the calm.

        What launched while AddToLoadBalancer was suspended is registered by nobody else, as on
        AWS; ``held`` are the instances that Trimtab took out, and is to bring back by itself.
        """
        for fault in self._world.active_faults():
            self._world.switch_off(fault)
        for tags in self._world.labels.instance_tags.values():
            tags.pop(DO_NOT_TOUCH, None)
        for name, (low, high) in self._bounds.items():
            self._world.update_group(name, low, high)
            self._world.resume_processes(name)
            self._world.set_instance_protection(name, self._members(name), False)
        for name, instance in sorted(self._standby):
            try:
                self._world.exit_standby(name, (instance,))
            except WorldError as error:
                self._tell(f"somebody: {instance} stays: {error}")
        for name in self._bounds:
            self._register(name, held)

    def _register(self, name: str, held: frozenset[str]) -> None:
        members = [i for g in self._world.describe_groups((name,)) for i in g.instances]
        serving = {i.id for i in members if i.lifecycle == "InService"} - held
        for group in self._world.target_groups():
            if name == f"{group.name}-asg":
                here = {t.id for t in self._world.describe_target_health(group.arn)}
                missing = tuple(TargetRef(i, group.port) for i in sorted(serving - here))
                if missing:
                    self._world.register_targets(group.arn, missing)


def _where(kind: FaultKind, dice: random.Random) -> Where:
    fleet = WholeFleet(dice.choice(FLEETS))
    match kind:
        case FaultKind.DEAD | FaultKind.SLOW | FaultKind.ERRORS | FaultKind.DEEP:
            return KthTarget(fleet.fleet, dice.randrange(6))
        case FaultKind.ZONE_OUTAGE:
            return InZone(dice.choice(ZONES))
        case FaultKind.PROBE_BLIND:
            return dice.choice((Everywhere(), InZone(dice.choice(ZONES))))
        case FaultKind.NO_CAPACITY | FaultKind.SLOW_LAUNCHES | FaultKind.FLEET_DOWN:
            return fleet
        case _:
            return fleet


def _amount(kind: FaultKind, dice: random.Random) -> float:
    match kind:
        case FaultKind.SLOW | FaultKind.SLOW_LAUNCHES:
            return dice.choice((3.0, 5.0))
        case FaultKind.ERRORS | FaultKind.DEEP:
            return dice.choice((0.3, 0.9))
        case FaultKind.METRICS_LATE:
            return dice.choice((60.0, 240.0))
        case _:
            return 1.0


__all__ = ["Meddlers"]
