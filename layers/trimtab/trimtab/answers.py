"""Answers: the entries that say what became of requests, proposals and intents. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from trimtab.codec import iso
from trimtab.model.change import subject_of
from trimtab.model.entry import Entry, Kind, answer_id, lapse_id, outcome_id
from trimtab.model.heard import Answer, Approval, Heard
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.kept import SHORTEST
from trimtab.model.memory import Pending, Standing
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.request import words_of
from trimtab.model.verdict import Verdict

MOST_LAPSES = 10
"""Of a tick's entries, those that say that a proposal stands no more; others wait a tick."""


def linked(entry: Entry, verdict: Verdict, heard: Heard) -> tuple[Entry, bool]:
    """Link an entry to the request behind it; tell whether that was heard this very tick."""
    wish = verdict.proposal
    if wish.request is not None:
        about = wish.undoes[-1] if wish.undoes else None
        is_new = any(r.id == wish.request for r in heard.requests)
        return replace(entry, request=wish.request, intent=about), is_new
    if wish.undoes and entry.kind is not Kind.AWAITING:  # what awaits has a story of its own
        entry = replace(entry, intent=wish.undoes[-1])
    approval = heard.approval_of(verdict.change)
    if approval is None:
        return entry, False
    return replace(entry, request=approval.request.id, intent=approval.entry.id), True


def answers_of(
    heard: Heard, verdicts: Sequence[Verdict], drafts: Sequence[Entry], blank: Entry
) -> list[Entry]:
    """Write what is answered without a verdict, and which approvals were honoured.

    ``drafts`` answer already; whoever is left without an answer gets one.
    """
    found = [_answer(answer, blank) for answer in heard.answers]
    for approval in heard.approvals:
        if any(v.may_act and approval.covers(v.change) for v in verdicts):
            found.append(_approved(approval, blank))
        elif not any(approval.covers(v.change) for v in verdicts):
            found.append(_too_late(approval, verdicts, blank))
    answered = {e.request for e in (*drafts, *found)}
    return found + [
        _nothing(r.id, words_of(r.what), blank) for r in heard.requests if r.id not in answered
    ]


def _answer(answer: Answer, blank: Entry) -> Entry:
    entry = replace(
        blank,
        kind=answer.kind,
        reason=answer.reason,
        subject=answer.subject,
        intent=answer.about,
        request=answer.request.id if answer.request else None,
    )
    if answer.kind is Kind.REJECTED and answer.request and answer.about:
        return replace(entry, id=answer_id(answer.about), by=answer.request.by)
    return entry


def _nothing(request: EntryId, words: str, blank: Entry) -> Entry:
    text = "nothing follows from it: it is so already, or what the load needs comes first"
    reason = Reason(ReasonCode.NOT_POSSIBLE, text)
    return replace(blank, kind=Kind.REFUSED, reason=reason, request=request, subject=words)


def _approved(approval: Approval, blank: Entry) -> Entry:
    request = approval.request
    reason = Reason(ReasonCode.APPROVED, f"approved by {request.by}: {request.why}")
    name = answer_id(approval.entry.id)
    return replace(
        _about(approval, blank), id=name, kind=Kind.APPROVED, by=request.by, reason=reason
    )


def _too_late(approval: Approval, verdicts: Sequence[Verdict], blank: Entry) -> Entry:
    others = [v for v in verdicts if subject_of(v.change) == approval.entry.subject]
    found = "another one is proposed now" if others else "it is not proposed any more"
    text = f"{approval.entry.id} no longer stands: {found}"
    reason = Reason(ReasonCode.NO_LONGER_STANDS, text)
    return replace(_about(approval, blank), kind=Kind.LAPSED, reason=reason)


def _about(approval: Approval, blank: Entry) -> Entry:
    entry = approval.entry
    return replace(
        blank,
        lever=entry.lever,
        mode=entry.mode,
        subject=entry.subject,
        change=entry.change,
        inverse=entry.inverse,
        intent=entry.id,
        request=approval.request.id,
    )


def lapses(
    said: Mapping[str, Standing], now: dict[str, Standing], drafts: Sequence[Entry], blank: Entry
) -> list[Entry]:
    """Say of proposals that awaited an answer that they stand no more.

    ``said`` is what stood before, ``now`` what stands; what ``drafts`` approve or reject awaits no
    more, and what is rejected is not asked again while it stands.
    """
    found: list[Entry] = []
    rejected = {e.intent for e in drafts if e.kind is Kind.REJECTED}
    approved = {e.intent for e in drafts if e.kind is Kind.APPROVED}
    for key in [k for k, stands in now.items() if stands.entry in approved]:
        del now[key]  # wanted twice in this tick: what is approved, and one that waits its turn
    for key, held in sorted(said.items()):
        name, stands = held.entry, now.get(key)
        if name is None or name in approved:
            continue
        if name in rejected:
            if stands is not None and stands.entry == name:
                now[key] = replace(stands, entry=None)
        elif stands is None or stands.entry != name:
            if len(found) < MOST_LAPSES:
                found.append(_lapsed(name, key, stands, blank))
            else:
                now.setdefault(key, held)
    return found


def _lapsed(name: EntryId, key: str, stands: Standing | None, blank: Entry) -> Entry:
    text = "it is not proposed any more" if stands is None else "something else stands by now"
    return replace(
        blank,
        id=lapse_id(name),
        kind=Kind.LAPSED,
        reason=Reason(ReasonCode.NO_LONGER_STANDS, text),
        subject=key.split(" ", maxsplit=1)[-1],
        intent=name,
    )


def expiry_of(late: Pending, service: ServiceId, now: datetime, by: str) -> Entry:
    """Return the outcome of an intent that nobody carried out before its deadline.

    After a month it may have been carried out, and the entry that said so have expired.
    """
    text = f"not carried out by {late.deadline:%H:%M:%S}; the next tick decides anew"
    if now - late.deadline >= SHORTEST:
        text = f"what became of it by {iso(late.deadline)} may have expired; the world is asked"
    return Entry(
        service=service,
        id=outcome_id(late.entry),
        at=now,
        kind=Kind.EXPIRED,
        by=by,
        tick=late.entry.split("#", maxsplit=1)[0],
        reason=Reason(ReasonCode.TOO_LATE, text),
        change=late.change,
        intent=late.entry,
    )
