"""The functions that only tell, as they run in a campaign: notify in all it does, and anchor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Tables
from trimtab.adapters.tellings import TableTellings
from trimtab.adapters.walk import walk_chains
from trimtab.anchor import EVERYTHING, heads_of_all, lock_away
from trimtab.errors import Unclear
from trimtab.events import entries_of
from trimtab.model.entry import Entry
from trimtab.model.ids import ServiceId
from trimtab.model.link import Head
from trimtab.notify import Report, Teller
from trimtab_lab.chaos.ears import SKEWED, Ears, channels_for
from trimtab_lab.chaos.gates import Gate, GatedTables

Event = dict[str, Any]


class GatedVault:
    """Port ``Vault`` in memory, behind a gate: what lies there stays."""

    def __init__(self, kept: dict[str, str], gate: Gate) -> None:
        self._kept, self._gate = kept, gate

    def keep(self, name: str, text: str) -> bool:
        """Keep a text, unless there is one of that name."""
        return self._gate.call("vault", lambda: self._kept.setdefault(name, text) is text)


class Tellers:
    """What each of them does with its event. None of them may write to the log."""

    def __init__(self, tables: Tables, ears: Ears) -> None:
        self._tables, self._ears = tables, ears
        self.vault: dict[str, str] = {}
        self.alarms: list[str] = []
        """What the daily walk has found broken."""
        self.anchored: list[tuple[ServiceId, Head]] = []

    def _teller(self, gate: Gate) -> Teller:
        gate.counts_for = self._ears
        if abs(self._ears.now() - gate.now) > SKEWED:
            self._ears.struck += 1
        tellings = TableTellings(GatedTables(self._tables, gate))
        return Teller(tellings, channels_for(gate, self._ears))

    def notify(self, gate: Gate, event: Event) -> None:
        """Tell what a batch of the stream says; give back what reached nobody."""
        teller, report = self._teller(gate), Report()
        batch: dict[ServiceId, list[Entry]] = {}
        for _, entry in entries_of(event):
            batch.setdefault(entry.service, []).append(entry)
        for service, entries in batch.items():
            teller.hear(service, entries, gate.now, report)
            if service not in report.lost:
                stored = service not in {name for name, _ in report.unremembered}
                self._ears.took(entries, stored)
        self._reported(gate, report)
        if report.lost:
            raise Unclear(f"{', '.join(report.lost)}: nobody was told, and nothing is stored")

    def sweep(self, gate: Gate, _event: Event) -> None:
        """Tell what had to wait."""
        teller, report = self._teller(gate), Report()
        store = TableStore(GatedTables(self._tables, gate))
        services = [EVERYTHING, *(listed.service for listed in store.services())]
        teller.sweep(services, gate.now, report)
        self._reported(gate, report)

    def digest(self, gate: Gate, _event: Event) -> None:
        """Tell of yesterday."""
        teller, report = self._teller(gate), Report()
        day = (gate.now - timedelta(days=1)).date().isoformat()
        ledger = TableLedger(GatedTables(self._tables, gate), None)
        teller.digest(day, ledger.of_day(day), gate.now, report)
        self._reported(gate, report)
        if report.failures:
            raise Unclear(f"the digest of {day} did not reach everybody")

    def _reported(self, gate: Gate, report: Report) -> None:
        for failure in report.failures:
            gate.say(f"{failure.channel}: {failure.why}")
        for _, why in report.unremembered:
            gate.say(f"not remembered: {why}")

    def anchor(self, gate: Gate, _event: Event) -> None:
        """Write down where the chains end, and walk what is new of them."""
        tables = GatedTables(self._tables, gate)
        store, ledger = TableStore(tables), TableLedger(tables, None)
        heads = heads_of_all(store)
        self.anchored += heads.items()
        lock_away(heads, gate.now, GatedVault(self.vault, gate))
        for mark in walk_chains(store, ledger, gate.now, lambda: True).values():
            if mark.fault:
                gate.say(f"alarm: {mark.fault}")
                self.alarms.append(mark.fault)

    def unsettled(self, service: ServiceId, hashes: dict[int, str]) -> Iterator[str]:
        """Say what was never told, and which anchor says another thing than the log."""
        told = TableTellings(self._tables).recall([service])[service]
        yield from self._ears.unsettled(told)
        for name, head in self.anchored:
            if name == service and hashes.get(head.n) != head.hash:
                yield f"an anchor holds another hash of entry {head.n} than the log"


__all__ = ["Tellers"]
