"""Mutants: the code with one guard or condition taken out. The campaign must find each of them.

Each names the story that needs what it takes out; seeds are tried only if that story does not
notice, and then the mutant counts as found by luck.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import trimtab.act
import trimtab.guard
import trimtab.narrate
from trimtab import notify
from trimtab.adapters import store
from trimtab.adapters.tables import Table
from trimtab.decide import takeback
from trimtab.lease.plan import Case
from trimtab.model.halt import Halts
from trimtab.model.heard import Approval
from trimtab.notify import Teller
from trimtab.told import due
from trimtab.warden import Warden
from trimtab_lab.chaos.campaign import Outcome, run
from trimtab_lab.chaos.catalogue import PLAYED
from trimtab_lab.chaos.mutations import (
    Arm,
    Deaf,
    Hopeful,
    Patch,
    all_due,
    all_unpaused,
    allowed,
    anybodys,
    as_refused,
    careless_of,
    forgotten,
    go,
    halts_as_whole,
    instead_of,
    never_late,
    nothing_lost,
    reading_pauses,
    recalled_as_whole,
    same_subject,
    spendthrift,
    unchecked,
    unprotected,
    without_guard,
)
from trimtab_lab.chaos.plan import Plan
from trimtab_lab.chaos.scenarios import Named, play

ACTOR = trimtab.act.Actor
STORIES = {named.number: named for named in PLAYED}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One thing taken out: by patching while it runs, or by tables that forget a condition."""

    name: str
    story: int
    """Number of the scenario that needs it."""
    patched: Patch = nullcontext
    arm: Arm | None = None

    @property
    def needed_by(self) -> Named:
        """The scenario that needs what this takes out."""
        return STORIES[self.story]


NEEDED_BY = {
    "check_named": 217,
    "check_pause": 202,
    "check_in_flight": 201,
    "check_size_is_free": 217,
    "check_setback": 45,
    "check_sight": 205,
    "check_protection": 203,
    "check_group_is_free": 203,
    "check_readmission": 217,
    "check_out_of_use": 235,
    "check_substitute": 225,
    "check_replacements": 227,
    "check_panic": 204,
    "check_cause": 204,
    "check_fleet_budget": 217,
    "check_zone_budget": 217,
    "check_zone_state": 228,
    "check_rates": 201,
    "check_blast_radius": 226,
    "check_warm_up": 201,
    "check_steps": 201,
    "check_group_bounds": 201,
    "check_weights": 201,
    "check_headroom": 201,
}
"""For each guard the scenario in which nothing else refuses what it refuses."""

MUTANTS = (
    *(Mutant(name, story, without_guard(name)) for name, story in NEEDED_BY.items()),
    Mutant("outcome: attribute_not_exists", 218, arm=careless_of("#outcome", Table.LOG)),
    Mutant("memory: version", 219, arm=careless_of("memory")),
    Mutant("requests: version", 213, arm=careless_of("requests")),
    Mutant("leases: version", 210, arm=careless_of("#leases")),
    Mutant("chain: version of its head", 219, arm=careless_of("head")),
    Mutant("policy: version checked", 209, arm=unchecked),
    Mutant("act: deadline", 16, instead_of(ACTOR, "_refusal", never_late)),
    Mutant("act: pause", 220, instead_of(ACTOR, "_refusal", reading_pauses(Deaf))),
    Mutant("act: unreadable is paused", 32, instead_of(ACTOR, "_refusal", reading_pauses(Hopeful))),
    Mutant("act: look before the write", 63, instead_of(ACTOR, "_look", go)),
    Mutant("act: refused is not undone", 214, instead_of(ACTOR, "_unless_done", as_refused)),
    Mutant("act: protected meanwhile", 224,
           instead_of(Halts, "newer_than", lambda *_: iter(()))),
    Mutant("act: tags set meanwhile", 234,
           instead_of(trimtab.act, "forbidden_by_tags", lambda *_: "")),
    Mutant("act: only its own intents", 221, instead_of(ACTOR, "carry_out", anybodys)),
    Mutant("mode", 103, instead_of(trimtab.guard, "_by_mode", allowed)),
    Mutant("approval: the very change", 102, instead_of(Approval, "covers", same_subject)),
    Mutant("undo: only once", 207, instead_of(takeback, "_taken_back", lambda *_: set())),
    Mutant("undo: only what was done", 222,
           instead_of(takeback, "_may_have_happened", lambda _: True)),
    Mutant("awaiting: lapses", 223, instead_of(trimtab.narrate, "lapses", lambda *_: [])),
    Mutant("protection by request", 206, unprotected),
    Mutant("recall: unread is unknown", 208, instead_of(store, "_remembered", recalled_as_whole)),
    Mutant("pauses: unread is paused", 220,
           instead_of(store.TableStore, "halts", halts_as_whole)),
    Mutant("blast radius: the limit in the transaction", 229, arm=spendthrift),
    Mutant("warden: only what has expired", 216, all_due),
    Mutant("warden: pause", 215, instead_of(Warden, "_unpaused", all_unpaused)),
    Mutant("warden: not beside an earlier try", 211,
           instead_of(Case, "is_ready", lambda *_: True)),
    Mutant("warden: given back once", 212, instead_of(Case, "is_done", lambda *_: False)),
    Mutant("notify: what was told is noted", 201,
           instead_of(Teller, "_settle_up", lambda *_: None)),
    Mutant("notify: who failed is told later", 231, instead_of(notify, "failed", forgotten)),
    Mutant("notify: what is lost is given back", 232, nothing_lost),
    Mutant("notify: ten an hour", 233, instead_of(due, "_may_speak", lambda *_: True)),
)  # fmt: skip

TELLINGS = 8
"""In how many ways a story is told before seeds are tried."""


def hunt(mutant: Mutant, seeds: range) -> tuple[int, Outcome | None]:
    """Play the mutant's story, then seeds; return how many seeds were run, and what broke."""
    with mutant.patched():
        for telling in range(TELLINGS):
            found = play(mutant.needed_by, mutant.arm, telling)
            if found.broken:
                return 0, found
        for number, seed in enumerate(seeds, 1):
            found = run(Plan.of_seed(seed), mutant.arm)
            if found.broken:
                return number, found
    return len(seeds), None
