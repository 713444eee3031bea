"""Who asked is in every entry that an operator makes, as STS names them; unnamed nobody asks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.builders import SHOP, an_entry, at
from tests.cli.operating import ANN, Terminal
from trimtab.errors import Denied
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import ServiceId
from trimtab_cli.connect import _caller

AWAITING = an_entry(when=at(-5), seed="waits", kind=Kind.AWAITING, deadline=None)
DONE = an_entry(when=at(-9), seed="done")
WHY = ("--why", "because")
ASKED: dict[str, tuple[str, ...]] = {
    "approve": ("approve", AWAITING.id, *WHY),
    "reject": ("reject", AWAITING.id, *WHY),
    "undo": ("undo", DONE.id, *WHY),
    "undo --since": ("undo", "--since", "1h", *WHY),
    "pause": ("pause", SHOP, *WHY),
    "pause everything": ("pause", *WHY),
    "resume": ("resume", SHOP),
    "request eject": ("request", "eject", SHOP, "blue", "i-1:80", "--for", "2h", *WHY),
    "request restore": ("request", "restore", SHOP, "blue", "i-1:80", *WHY),
    "request hold-capacity": ("request", "hold-capacity", SHOP, "blue", "6", *WHY),
    "request hold-weights": ("request", "hold-weights", SHOP, "main", "blue=90", *WHY),
    "request protect": ("request", "protect", SHOP, "blue", *WHY),
    "request release": ("request", "release", SHOP, "size of blue", *WHY),
}


@pytest.fixture
def run_shop(terminal: Terminal, shop: Path) -> Terminal:
    """A shop with a policy, a proposal that awaits approval and an action that was applied."""
    terminal.lines("policy", "apply", shop)
    done = an_entry(when=at(-8), kind=Kind.APPLIED, intent=DONE.id, id=outcome_id(DONE.id))
    for entry in (AWAITING, DONE, done):
        assert terminal.state.ledger.append(entry)
    return terminal


def entries(terminal: Terminal) -> dict[str, Entry]:
    found = [
        entry
        for service in (SHOP, ServiceId("#all"))
        for entry in terminal.state.ledger.of_service(service, at(-60), at(60))
    ]
    return {entry.id: entry for entry in found}


@pytest.mark.parametrize("words", ASKED.values(), ids=ASKED)
def test_who_asked_is_in_the_entry(run_shop: Terminal, words: tuple[str, ...]) -> None:
    before = entries(run_shop)
    run_shop.lines(*words)
    new = [entry for name, entry in entries(run_shop).items() if name not in before]
    assert new
    assert {entry.by for entry in new} == {ANN}


def test_a_policy_names_who_applied_it(run_shop: Terminal) -> None:
    (entry,) = (e for e in entries(run_shop).values() if e.kind is Kind.POLICY)
    assert entry.by == ANN


def a_session(answer: Any) -> Any:
    """A session whose STS gives that answer."""

    def get_caller_identity() -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    sts = SimpleNamespace(get_caller_identity=get_caller_identity)
    return SimpleNamespace(client=lambda service: {"sts": sts}[service])


def test_the_name_is_what_sts_says_a_role_with_its_session() -> None:
    role = "arn:aws:sts::111122223333:assumed-role/oncall/ann@example.com"
    assert _caller(a_session({"Arn": role})) == role


def test_whom_sts_does_not_name_asks_nothing() -> None:
    with pytest.raises(Denied):
        _caller(a_session(Denied("sts:GetCallerIdentity")))
