"""A stage for act: the log it reads, the switch it asks and a small world to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN_ARN,
    RULE,
    SHOP,
    a_group,
    an_eject,
    an_entry,
    at,
    targets,
)
from tests.fakes import SmallWorld, Switch
from tests.unit.core.worlds import a_reweight
from trimtab.act import Actor
from trimtab.model.change import Change, Resize, inverse_of
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId
from trimtab.model.observation import RouteSeen
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import ReasonCode as Code
from trimtab_lab.simulator.stores import InMemory

GROW = Resize(BLUE, "blue-asg", before=4, after=5)
STANDBY = an_eject(1, method=EjectMethod.STANDBY, group="blue-asg")
SHIFT = a_reweight({BLUE_ARN: 100, GREEN_ARN: 0}, {BLUE_ARN: 80, GREEN_ARN: 20})
SO_ALREADY = (Kind.UNNEEDED, Code.ALREADY_SO)


@dataclass
class Stage:
    """An actor, the log it reads, the switch it asks and the world it changes."""

    state: InMemory
    world: SmallWorld
    switch: Switch

    def intend(self, change: Change, **changes: Any) -> EntryId:
        entry = an_entry(change=change, inverse=inverse_of(change), **changes)
        assert self.state.ledger.append(entry)
        return entry.id

    def carry_out(self, intent: EntryId, minutes: float = 1) -> Entry | None:
        actor = Actor(self.state.ledger, self.switch, self.world, self.world)
        return actor.carry_out(SHOP, intent, at(minutes))

    def outcomes(self) -> list[Entry]:
        every = self.state.ledger.of_service(SHOP, at(-60), at(60))
        return [e for e in every if e.intent is not None]


def a_stage() -> Stage:
    """Blue has four members, all registered, and all the weight."""
    world = SmallWorld(
        members={"blue-asg": a_group(4)},
        registered={BLUE_ARN: targets(4)},
        rules={RULE: RouteSeen(RULE, {BLUE_ARN: 100, GREEN_ARN: 0})},
    )
    return Stage(InMemory(), world, Switch())


def ended(outcome: Entry | None) -> tuple[Kind, Code]:
    assert outcome is not None
    return outcome.kind, outcome.reason.code
