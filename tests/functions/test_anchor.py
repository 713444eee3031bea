"""Anchor writes down where every chain ends, and what it writes verifies the log."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.anchor.handler import lambda_handler as anchor
from tests.builders import SHOP, an_entry, at
from tests.functions.deployment import Deployment, metrics_in, sample
from trimtab import telemetry
from trimtab.adapters.chain import head_key
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.tables import Key, Put, Remove, Table
from trimtab.errors import Denied
from trimtab.model.entry import Kind, answer_id
from trimtab.model.ids import ServiceId
from trimtab.model.link import Head
from trimtab_cli.anchors import anchors_in

if TYPE_CHECKING:
    import time_machine

ALL = ServiceId("#all")


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The log lines as Lambda gets them."""
    formatter = telemetry.logger.registered_formatter
    return [formatter.format(r) for r in caplog.records if r.message == "anchor.heads"]


@pytest.fixture(autouse=True)
def level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


def test_every_head_is_in_one_line_that_verify_reads(
    deployment: Deployment, context: object, caplog: pytest.LogCaptureFixture
) -> None:
    deployment.serve("search")
    deployment.ledger.append(an_entry(seed="another"))
    deployment.store.set_pause(None, None, an_entry(ALL, kind=Kind.PAUSE))
    assert anchor(sample("anchor-daily"), context) == {"anchored": 3, "walked": 3}
    [line] = lines(caplog)
    heads = deployment.store.heads([SHOP, ServiceId("search"), ALL])
    assert {name: head.n for name, head in heads.items()} == {SHOP: 2, "search": 1, ALL: 1}
    assert anchors_in(line) == {name: {head.n: head} for name, head in heads.items()}


def test_more_heads_than_fit_into_a_line_go_into_several(
    deployment: Deployment,
    context: object,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = {ServiceId(f"s{n}"): Head(n, "a" * 64) for n in range(1, 2502)}
    monkeypatch.setattr("functions.anchor.handler.heads_of_all", lambda _: many)
    assert anchor(sample("anchor-daily"), context)["anchored"] == 2501
    written = lines(caplog)
    assert len(written) == 3
    assert max(map(len, written)) < 200_000
    assert len(anchors_in("\n".join(written))) == 2501


def test_a_deployment_without_services_says_so(
    deployment: Deployment,
    context: object,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("functions.anchor.handler.heads_of_all", lambda _: {})
    assert anchor(sample("anchor-daily"), context)["anchored"] == 0
    [line] = lines(caplog)
    assert json.loads(line)["heads"] == []


# the vault


class Shelf(dict[str, str]):
    """A vault that keeps what comes first."""

    def keep(self, name: str, text: str) -> bool:
        return self.setdefault(name, text) is text


def test_a_days_first_anchor_is_locked_away_in_the_form_that_verify_reads(
    deployment: Deployment, context: object, clock: time_machine.Traveller
) -> None:
    shelf = Shelf()
    deployment.vault = shelf
    anchor(sample("anchor-daily"), context)
    head = deployment.store.heads([SHOP])[SHOP]
    deployment.ledger.append(an_entry(seed="later"))
    anchor(sample("anchor-daily"), context)
    assert anchors_in(shelf["anchors/2026/03/02.json"]) == {SHOP: {head.n: head}}
    clock.shift(86_400)
    anchor(sample("anchor-daily"), context)
    assert sorted(shelf) == ["anchors/2026/03/02.json", "anchors/2026/03/03.json"]


class Full:
    """A vault that takes nothing."""

    def keep(self, name: str, text: str) -> bool:
        raise Denied("s3:PutObject: not authorized to perform kms:GenerateDataKey")


def test_a_vault_that_refuses_fails_the_function_but_not_the_anchor_nor_the_walk(
    deployment: Deployment,
    context: object,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    deployment.vault = Full()
    with pytest.raises(Denied, match="GenerateDataKey"):
        anchor(sample("anchor-daily"), context)
    assert len(lines(caplog)) == 1
    assert metrics_in(capsys)["ChainBroken"] == [0.0]
    assert deployment.store.checked([SHOP])[SHOP].head == deployment.store.heads([SHOP])[SHOP]


# the walk


def edit(deployment: Deployment, number: int) -> None:
    """Change who an entry says it was, as somebody could who may write to the table."""
    [link] = [each for each in deployment.ledger.links(SHOP) if each.n == number]
    key = Key(Table.LOG, SHOP, link.id)
    held = deployment.state.tables.get(key)
    assert held is not None
    item = {**held, "body": link.body.replace("by", "by ")}
    deployment.state.tables.write([Put(Table.LOG, item, "an edit", None)])


def walked(capsys: pytest.CaptureFixture[str], context: object) -> list[float]:
    anchor(sample("anchor-daily"), context)
    return metrics_in(capsys)["ChainBroken"]


def test_sound_chains_are_marked_and_only_what_is_new_is_read(
    deployment: Deployment,
    context: object,
    capsys: pytest.CaptureFixture[str],
    clock: time_machine.Traveller,
) -> None:
    assert walked(capsys, context) == [0]
    edit(deployment, 1)
    clock.shift(86_400)
    deployment.ledger.append(an_entry(when=datetime.now(UTC), seed="new"))
    assert walked(capsys, context) == [0], "what was sound once is not looked at again"
    assert deployment.store.checked([SHOP])[SHOP].head.n == 2


def test_a_broken_chain_is_counted_named_and_kept_until_it_holds(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert walked(capsys, context) == [0]
    for seed in ("one", "two", "three"):
        deployment.ledger.append(an_entry(when=at(1), seed=seed))
    before = {link.n: link for link in deployment.ledger.links(SHOP)}[3]
    edit(deployment, 3)
    assert walked(capsys, context) == [1]
    mark = deployment.store.checked([SHOP])[SHOP]
    assert (mark.head.n, mark.fault[:11]) == (1, "broken at 3")
    assert before.id in mark.fault
    assert walked(capsys, context) == [1], "and it stays so"


@pytest.mark.parametrize("most", [50_000, 1], ids=["a short chain", "one of years"])
def test_an_answer_that_lies_under_an_old_key_breaks_no_chain(
    deployment: Deployment,
    context: object,
    capsys: pytest.CaptureFixture[str],
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
) -> None:
    monkeypatch.setattr("trimtab.adapters.walk.MOST_WHOLE", most)
    awaiting = an_entry(seed="waits", kind=Kind.AWAITING, deadline=None)
    deployment.ledger.append(awaiting)
    assert walked(capsys, context) == [0]
    clock.shift(86_400)
    assert walked(capsys, context) == [0]
    answer = replace(awaiting, id=answer_id(awaiting.id), kind=Kind.REJECTED, intent=awaiting.id)
    deployment.ledger.append(answer)
    assert walked(capsys, context) == [0]
    assert deployment.store.checked([SHOP])[SHOP].head.n == 3


def test_a_head_that_was_set_back_is_a_broken_chain(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.ledger.append(an_entry(seed="one"))
    old = deployment.state.tables.get(head_key(SHOP))
    assert old is not None
    deployment.ledger.append(an_entry(seed="two"))
    assert walked(capsys, context) == [0]
    deployment.state.tables.write([Put(Table.MEMORY, old, "set back", None)])
    assert walked(capsys, context) == [1]
    assert "set back from 3 to 2" in deployment.store.checked([SHOP])[SHOP].fault


def test_without_time_nothing_is_walked_and_the_anchor_is_written_all_the_same(
    deployment: Deployment, context: Any, caplog: pytest.LogCaptureFixture
) -> None:
    context.get_remaining_time_in_millis = lambda: 1_000
    assert anchor(sample("anchor-daily"), context) == {"anchored": 1, "walked": 0}
    assert len(lines(caplog)) == 1


def test_rightful_expiry_is_quiet_and_a_deletion_is_not(
    deployment: Deployment,
    context: object,
    clock: time_machine.Traveller,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger = TableLedger(deployment.state.tables, keep_log=timedelta(days=30))
    for number in range(4):
        assert ledger.append(an_entry(when=at(number), seed=f"old {number}"))
    delete(deployment, 3)  # what was written under retention, two days too late to be walked on
    clock.shift(timedelta(days=31))
    assert ledger.append(an_entry(when=at(31 * 1440), seed="new"))
    assert walked(capsys, context) == [0.0]
    [anchored, *_] = anchors_in("\n".join(lines(caplog)))[SHOP].values()
    assert [due.n for due in anchored.dues] == [1, 6], "the policy is kept for ever"
    assert ledger.append(an_entry(when=at(31 * 1440 + 1), seed="newer"))
    assert ledger.append(an_entry(when=at(31 * 1440 + 2), seed="newest"))
    delete(deployment, 7)
    assert walked(capsys, context) == [1.0]
    [broken] = [r.why for r in caplog.records if r.message == "anchor.broken"]  # type: ignore[attr-defined]
    assert broken.startswith(
        "broken at 7: deleted: no entry has number 7, which is to be kept until"
    )


def delete(deployment: Deployment, number: int) -> None:
    [link] = [each for each in deployment.ledger.links(SHOP) if each.n == number]
    deployment.state.tables.write([Remove(Key(Table.LOG, SHOP, link.id), "gone")])
