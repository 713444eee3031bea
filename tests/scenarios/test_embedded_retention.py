"""Weeks of a log that is kept for a month, on the embedded AWS: TTL deletes, late and at will."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from tests.builders import an_entry
from tests.scenarios.embedded_shop import (
    A_TARGET_DIES,
    SHOP,
    delete_entry,
    run_until,
    shop,
)
from trimtab.adapters.verify import Heads, Verified, verify
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import EntryId
from trimtab.model.link import Head
from trimtab.model.request import Undo
from trimtab_cli.anchors import anchors_in
from trimtab_lab.embedded import Embedded
from trimtab_lab.embedded.driver import MAY_ACT
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.world.faults import Fault, FaultKind, KthTarget

A_MONTH = {**MAY_ACT, "LogKeepDays": "30"}


def walked(aws: Embedded, *anchors: Head) -> Verified:
    """The chain of the shop as ``trimtab log verify --anchor`` walks it."""
    head = aws.connections.store.heads([SHOP])[SHOP]
    links = list(aws.connections.ledger.links(SHOP))
    return verify(links, Heads(head, head, {each.n: each for each in anchors}), aws.now)


def anchored(aws: Embedded) -> tuple[Head, float]:
    """The anchor that the real function writes, and how many chains it found broken."""
    before = len(aws.functions.output.lines)
    aws.invoke("anchor", {"source": "trimtab.anchor", "scheduled_at": "2026-01-01T00:00:00Z"})
    lines = [json.loads(line) for line in list(aws.functions.output.lines)[before:]]
    text = json.dumps([line for line in lines if line.get("message") == "anchor.heads"])
    [broken] = [line["broken"] for line in lines if line.get("message") == "anchor.walked"]
    [head] = anchors_in(text)[SHOP].values()
    return head, broken


def answers_to_undo(aws: Embedded, intent: EntryId) -> list[Entry]:
    """What somebody hears who asks to undo an action."""
    asked = an_entry(when=aws.now, seed="undo", kind=Kind.REQUESTED, change=None, inverse=None)
    asked = replace(asked, asked=Undo(intent), deadline=None)
    aws.connections.store.request([asked])
    before = len(aws.result.entries)
    aws.run(2)
    return [entry for entry in aws.result.entries[before:] if entry.request == asked.id]


def test_a_log_loses_its_past_and_still_proves_the_rest() -> None:
    again = Fault(
        FaultKind.DEAD, KthTarget("green", 1), after_s=int(timedelta(days=20).total_seconds())
    )
    with Embedded(shop(A_TARGET_DIES, again), parameters=A_MONTH) as aws:
        aws.put(policy_for(aws.scenario, aws.connections.names))
        first = run_until(aws, Kind.APPLIED)
        aws.run(3)
        early, broken = anchored(aws)
        assert broken == 0
        written = walked(aws).checked
        aws.skip(20)
        aws.run(5)
        assert walked(aws, early).expired == 0
        gone = aws.skip(11)
        late, broken = anchored(aws)
        assert (gone > 0, broken) == (True, 0)
        found = walked(aws, early, late)
        assert found.fault is None
        assert 0 < found.expired + found.overdue <= written
        aws.skip(3)
        found = walked(aws, early, late)
        assert (found.fault, found.overdue) == (None, 0)
        assert found.expired >= written, "all that was said before the twenty days, by now"
        intent = first.intent
        assert intent is not None
        assert aws.connections.ledger.entries(SHOP, [intent, outcome_id(intent)]) == {}
        [refusal] = answers_to_undo(aws, intent)
        assert refusal.kind is Kind.REFUSED
        assert "may have expired by now" in refusal.reason.text
        assert walked(aws, early, late).fault is None
        [*_, survivor] = sorted(aws.connections.ledger.links(SHOP), key=lambda link: link.n)[:-1]
        delete_entry(aws, SHOP, survivor.id)
        fault = walked(aws, early, late).fault
        assert fault is not None
        assert (fault.kind, fault.n) == ("deleted", survivor.n)
