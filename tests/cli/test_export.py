"""trimtab log export: complete, verifiable, and inert wherever it is opened."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.builders import SHOP, a_policy, an_entry, at
from tests.cli.operating import Terminal
from trimtab import codec
from trimtab.adapters.chain import hash_of
from trimtab.model.entry import Kind
from trimtab.model.ids import EntryId
from trimtab.model.link import Link
from trimtab.model.reason import Reason, ReasonCode
from trimtab_cli.exported import COLUMNS, as_csv, as_jsonl, cell

HOSTILE = '=HYPERLINK("http://x","y")\x1b[31m\r\n\x00\u202e@SUM(1)'


@pytest.fixture
def logged(terminal: Terminal) -> Terminal:
    entry = an_entry(when=at(-60), kind=Kind.POLICY, seed="policy")
    terminal.state.store.apply_policy(a_policy(), frozenset(), entry)
    reason = Reason(ReasonCode.PAUSE_SET, HOSTILE)
    assert terminal.state.ledger.append(an_entry(when=at(1), subject=HOSTILE, reason=reason))
    return terminal


def test_json_lines_can_be_verified_again_by_anyone(logged: Terminal) -> None:
    lines = [json.loads(line) for line in logged.lines("log", "export")]
    prev = "0" * 64
    for n, line in enumerate(lines, start=1):
        body = json.dumps(line["entry"], sort_keys=True, separators=(",", ":"))
        assert (line["n"], line["prev"], line["hash"]) == (n, prev, hash_of(n, prev, body))
        prev = line["hash"]
    assert prev == logged.state.store.heads([SHOP])[SHOP].hash


def test_a_spreadsheet_gets_every_column_and_no_formula(logged: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    logged.lines("log", "export", "--format", "csv", "--out", file)
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
    assert [row["n"] for row in rows] == ["1", "2"]
    assert tuple(rows[0]) == COLUMNS
    assert rows[1]["subject"] == '\'=HYPERLINK("http://x","y")  @SUM(1)'
    assert all(value[:1] not in ("=", "+", "-", "@") for row in rows for value in row.values())


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@A1", "\t=1", "\r=1", " =1", "\x00=1", "\u200b=1", "\n@A"]
)
def test_what_a_spreadsheet_would_run_is_neutralised(text: str) -> None:
    assert cell(text).startswith("'")


def test_what_it_would_not_run_is_left_as_it_is() -> None:
    assert [cell(each) for each in ("i-1:80", "a=b", 12, "")] == ["i-1:80", "a=b", "12", ""]


def test_json_lines_hold_no_control_character(logged: Terminal) -> None:
    out = logged.run("log", "export").stdout
    assert "\x1b" not in out
    assert out.replace("\n", "").isprintable()
    assert out.isascii()


def test_a_time_and_a_service_narrow_it(logged: Terminal) -> None:
    assert len(logged.lines("log", "export", "--since", "2026-03-02T12:00")) == 1
    assert len(logged.lines("log", "export", "--until", "2026-03-02T12:00")) == 1
    assert len(logged.lines("log", "export", "--service", "shop")) == 2
    assert logged.run("log", "export", "--service", "nobody").exit_code == 1


def test_a_damaged_entry_is_exported_as_the_text_it_is() -> None:
    link = Link(SHOP, EntryId("x"), 1, "0" * 64, "f" * 64, '{"a":\x1b}')
    [line] = as_jsonl([link])
    assert json.loads(line)["damaged"] == link.body
    assert "x" in list(as_csv([link]))[1]


def test_no_entry_fails_to_be_exported() -> None:
    body = codec.dumps(an_entry())
    odd = [body, "[]", "null", "{}", '{"calls":[1],"reason":2,"change":[]}', '{"calls":null}', ""]
    links = [Link(SHOP, EntryId(str(n)), n, "", "", text) for n, text in enumerate(odd)]
    assert len(list(as_csv(links))) == len(odd) + 1
    assert len([json.loads(line) for line in as_jsonl(links)]) == len(odd)
