"""Entries as lines of a file: JSON that can be verified again, CSV that a spreadsheet can open.

Nothing that an entry holds (a tag, a name, an operator's words) can do anything there: JSON is
ASCII with every control character escaped; in CSV control and invisible characters are gone, and
what a spreadsheet would take for a formula is preceded by an apostrophe.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from trimtab.model.link import Link
from trimtab_cli.plain import plain


class Format(StrEnum):
    """What can be written."""

    JSONL = "jsonl"
    CSV = "csv"


FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell must not begin with."""

COLUMNS = (
    "at",
    "service",
    "n",
    "id",
    "kind",
    "lever",
    "mode",
    "subject",
    "change",
    "reason_code",
    "reason",
    "wanted_code",
    "wanted",
    "by",
    "about",
    "policy_version",
    "tick",
    "deadline",
    "calls",
    "prev",
    "hash",
)


def as_jsonl(links: Iterable[Link]) -> Iterator[str]:
    """One object a line: ``n``, ``prev``, ``hash``, and the entry's body as it is stored."""
    for link in links:
        beside = {"n": link.n, "prev": link.prev, "hash": link.hash}
        if _is_object(link.body):
            yield f'{json.dumps(beside)[:-1]}, "entry": {link.body}}}\n'
        else:  # damaged: shown as the text it is
            yield json.dumps({**beside, "id": link.id, "damaged": link.body}) + "\n"


def as_csv(links: Iterable[Link]) -> Iterator[str]:
    """A heading, and one row an entry; columns are only ever added at the end."""
    yield _row(COLUMNS)
    for link in links:
        values = _values(link)
        yield _row([cell(values.get(name, "")) for name in COLUMNS])


FORMATS: Mapping[Format, Callable[[Iterable[Link]], Iterator[str]]] = {
    Format.JSONL: as_jsonl,
    Format.CSV: as_csv,
}


def cell(value: object) -> str:
    """Return a cell that is only ever read, never run."""
    raw = str(value)
    safe = plain(raw).strip()
    # also what became harmless by what was taken from before it
    runs = raw.startswith(FORMULA) or safe.startswith(FORMULA)
    return f"'{safe}" if runs else safe


def _values(link: Link) -> dict[str, object]:
    body = json.loads(link.body) if _is_object(link.body) else {"reason": {"text": link.body}}
    values: dict[str, object] = {
        name: body.get(name) or ""
        for name in ("at", "kind", "lever", "mode", "subject", "by", "tick", "deadline")
    }
    reason, wanted = _object(body.get("reason")), _object(body.get("wanted"))
    return values | {
        "service": link.service,
        "id": link.id,
        "n": link.n or "",
        "change": _change(_object(body.get("change"))),
        "reason_code": reason.get("code", ""),
        "reason": reason.get("text", ""),
        "wanted_code": wanted.get("code", ""),
        "wanted": wanted.get("text", ""),
        "about": body.get("intent") or "",
        "policy_version": body.get("policy_version") or "",
        "calls": " ".join(_call(call) for call in body.get("calls") or ()),
        "prev": link.prev,
        "hash": link.hash,
    }


def _change(change: Mapping[str, Any]) -> str:
    return json.dumps(change, sort_keys=True, separators=(",", ":")) if change else ""


def _call(call: object) -> str:
    made = _object(call)
    return f"{made.get('operation', '')}:{made.get('request_id', '')}"


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_object(body: str) -> bool:
    try:
        return isinstance(json.loads(body), dict) and body.isascii() and body.isprintable()
    except (ValueError, RecursionError):
        return False


def _row(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(cells)
    return line.getvalue()
