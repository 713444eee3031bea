"""Every fuzz target by name: ``target(data: bytes) -> None``, which raises if a promise is broken.

Nothing in them knows who chooses the bytes: Hypothesis does in ``make test`` and ``make fuzz``,
atheris by coverage where it is installed (``python -m tests.fuzz NAME``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.fuzz import answers, handlers, logs, stored

Target = Callable[[bytes], None]

TARGETS: Mapping[str, Target] = {
    "wake": handlers.woken,
    "schedule": handlers.scheduled,
    "reconcile": handlers.reconciled,
    "act": handlers.acted,
    "notify": handlers.told,
    "policy-document": stored.policy_document,
    "stored-json": stored.stored_json,
    "damaged-state": stored.damaged_state,
    "tampered-log": stored.tampered_log,
    "tick-record": stored.tick_record,
    "chain-head": stored.head_item,
    "anchor-file": stored.exported_file,
    "exported-log": stored.exported_log,
    "access": handlers.logged,
    "access-log": logs.read,
    "aws-reads": answers.seen,
    "aws-tick": answers.decided,
    "aws-writes": answers.done,
    "aws-names": answers.resolved,
    "aws-tables": answers.tables,
    "aws-appends": answers.appended,
    "aws-sends": answers.sent,
}
