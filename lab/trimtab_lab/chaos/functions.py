"""The functions as they run in a campaign: the real code, behind one invocation's gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from trimtab.act import Actor, Role
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.reports import TableReports
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Tables
from trimtab.errors import EventRefused
from trimtab.events import Home, asks_of, intents_of
from trimtab.loop import Loop
from trimtab.model.change import Eject, Resize, Restore, Retire, Reweight, change_key
from trimtab.model.entry import Entry
from trimtab.model.reason import Reason
from trimtab.model.tick import Tick
from trimtab.ports import Owners, Queue, Store
from trimtab.schedule import ask_for_all
from trimtab.wake import wake
from trimtab.warden import Warden
from trimtab_lab.chaos.delivery import Post
from trimtab_lab.chaos.gates import (
    Gate,
    GatedHands,
    GatedQueue,
    GatedTables,
)
from trimtab_lab.chaos.oracle import Oracle
from trimtab_lab.chaos.sights import GatedInfrastructure
from trimtab_lab.chaos.signals import GatedLabels, GatedSigns
from trimtab_lab.chaos.versions import TablesBefore
from trimtab_lab.simulator.signs import WorldLabels, WorldSigns

if TYPE_CHECKING:
    from trimtab.ports import Ledger

MAX_AGE = timedelta(minutes=3)

Event = dict[str, Any]


@dataclass(frozen=True)
class _Wakes:
    """What wake works on."""

    store: Store
    queue: Queue
    owners: Owners


class Functions:
    """What each function does with its event."""

    def __init__(
        self,
        tables: Tables,
        oracle: Oracle,
        post: Post,
        tell: Callable[[str], None],
    ) -> None:
        self._tables, self._oracle, self._post, self._tell = tables, oracle, post, tell
        self._signs, self._labels = WorldSigns(oracle.world), WorldLabels(oracle.world)

    def _seen_by(self, gate: Gate) -> Tables:
        tables = GatedTables(self._tables, gate)
        return TablesBefore(tables) if gate.is_old else tables

    def _ports(self, gate: Gate) -> tuple[TableStore, Ledger, GatedInfrastructure]:
        tables = self._seen_by(gate)
        ledger = cast("Ledger", JudgedLedger(TableLedger(tables, None), self._oracle))
        return (
            TableStore(tables, most_removals=self._oracle.most_removals),
            ledger,
            GatedInfrastructure(self._oracle.world, gate),
        )

    def schedule(self, gate: Gate, _event: Event) -> None:
        """Ask for a look at every service."""
        store, _, _ = self._ports(gate)
        ask_for_all(store, GatedQueue(self._post, gate), gate.now.replace(microsecond=0))

    def wake(self, gate: Gate, event: Event) -> None:
        """Turn an event into asks; one that is refused is given back to nobody."""
        store, _, _ = self._ports(gate)
        topology = self._oracle.world.scenario.topology
        home = Home(topology.account, topology.region)
        try:
            queue, owners = GatedQueue(self._post, gate), GatedSigns(self._signs, gate)
            wake(event, _Wakes(store, queue, owners), gate.now, home)
        except EventRefused as error:
            self._tell(f"{gate.running.name}: refuses an event: {error}")

    def reconcile(self, gate: Gate, event: Event) -> None:
        """Look at what is asked for, and write down what should happen."""
        store, ledger, infrastructure = self._ports(gate)
        batch = asks_of(event, gate.now, MAX_AGE)
        for _, text in batch.refused:
            self._tell(f"{gate.running.name}: refuses a message: {text}")
        if not batch.asks:
            return
        reports = TableReports(self._seen_by(gate))
        loop = Loop(store, ledger, infrastructure, reports, GatedSigns(self._signs, gate))
        for result in loop.tick([ask for _, ask in batch.asks], gate.now).values():
            self._told(gate, result)

    def _told(self, gate: Gate, result: Tick | Reason) -> None:
        name = gate.running.name
        if isinstance(result, Reason):
            self._tell(f"{name}: no tick: {result.text}")
            self._oracle.law("report it" not in result.text, f"{name}: {result.text}")
            return
        self._oracle.was_committed(result)
        for entry in result.entries:
            self._tell(f"{name}: {entry.kind} {_in_words(entry)} ({entry.reason.code})")

    def act(self, gate: Gate, event: Event) -> None:
        """Carry out the intents of a stream record."""
        _, ledger, infrastructure = self._ports(gate)
        hands = GatedHands(self._oracle.world, gate)
        signs = GatedSigns(self._signs, gate)
        role = Role(signs=signs, labels=GatedLabels(self._labels, gate))
        actor = Actor(ledger, TableStore(self._seen_by(gate)), infrastructure, hands, role)
        for _, service, intent in intents_of(event):
            gate.intent, gate.tagged = intent, None
            done = actor.carry_out(service, intent, gate.now)
            if done is not None:
                self._tell(f"{gate.running.name}: {done.kind} {done.subject}: {done.reason.text}")

    def warden(self, gate: Gate, _event: Event) -> None:
        """Give back what has expired."""
        store, ledger, infrastructure = self._ports(gate)
        hands = GatedHands(self._oracle.world, gate)
        for watched in Warden(store, ledger, infrastructure, hands).run(gate.now):
            for done in watched.outcomes:
                self._tell(f"{gate.running.name}: {done.kind} {done.subject}: {done.reason.text}")
            if watched.trouble is not None:
                text = watched.trouble.text
                self._tell(f"{gate.running.name}: {text}")
                self._oracle.law("report it" not in text, f"{gate.running.name}: {text}")

    def request(self, gate: Gate, entries: Sequence[Entry]) -> None:
        """Store what an operator asks for, as the command line does."""
        store, _, _ = self._ports(gate)
        store.request(entries)
        for entry in entries:
            self._tell(f"{entry.by}: asks to {entry.subject}")


def _in_words(entry: Entry) -> str:
    """Say an entry in a few words."""
    match entry.change:
        case Eject() | Restore():
            how = f"by {entry.change.method}"
            replaced = (
                ", replaced" if isinstance(entry.change, Eject) and entry.change.replace else ""
            )
            return f"{change_key(entry.change)} {how}{replaced}"
        case Retire():
            return f"{change_key(entry.change)} for good"
        case Resize():
            return f"{change_key(entry.change)} {entry.change.before} to {entry.change.after}"
        case Reweight():
            before, after = (list(m.values()) for m in (entry.change.before, entry.change.after))
            return f"{change_key(entry.change)} {before} to {after}"
        case None:
            return f"{entry.subject}: {entry.reason.text}" if entry.subject else entry.reason.text


class JudgedLedger:
    """A ledger whose ticks the oracle sees before they are committed."""

    def __init__(self, inner: TableLedger, oracle: Oracle) -> None:
        self._inner, self._oracle = inner, oracle

    def commit(self, tick: Tick) -> None:
        """Judge, then commit."""
        self._oracle.judge(tick)
        self._inner.commit(tick)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


__all__ = ["Functions"]
