"""What awaited an answer and stands no more."""

from __future__ import annotations

from tests.builders import NOON, an_entry
from trimtab.answers import lapses
from trimtab.model.entry import Kind
from trimtab.model.ids import EntryId
from trimtab.model.memory import Standing
from trimtab.model.reason import ReasonCode

ASKED = EntryId("T#001")
CODES = (ReasonCode.LOAD_ABOVE_TARGET, ReasonCode.AWAITING_APPROVAL)
SAID = Standing(CODES, "awaiting 8", NOON, ASKED)
KEY = "Resize group blue/blue-asg"


def test_what_is_approved_awaits_no_more_though_it_was_wanted_twice() -> None:
    """The second of the same tick has to wait its turn, and keeps what stood before."""
    now = {KEY: SAID}
    approved = an_entry(kind=Kind.APPROVED, intent=ASKED)
    assert lapses({KEY: SAID}, now, (approved,), an_entry()) == []
    assert now == {}
    assert lapses(now, {}, (), an_entry()) == []


def test_what_is_not_proposed_any_more_lapses_once() -> None:
    (lapsed,) = lapses({KEY: SAID}, {}, (), an_entry())
    assert (lapsed.kind, lapsed.intent) == (Kind.LAPSED, ASKED)
