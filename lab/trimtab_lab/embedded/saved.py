"""An embedded AWS in a file: saved after a run, opened again by ``trimtab --local``."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from trimtab.errors import Conflict
from trimtab.settings import Settings
from trimtab_lab.embedded.account import Account
from trimtab_lab.embedded.driver import Embedded
from trimtab_lab.embedded.snapshot import Json, world_of_json, world_to_json
from trimtab_lab.embedded.stack import Stack
from trimtab_lab.embedded.template import Template
from trimtab_lab.world.world import World

FORMAT = 1
FILE = "aws.json"
"""Its name where a folder is given."""
_BYTES = "base64"
A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Saved:
    """An embedded AWS that was opened again; its clock stands where it was saved."""

    session: boto3.Session
    settings: Settings
    now: datetime
    world: World


def save(embedded: Embedded, path: Path) -> Path:
    """Write the tables and what the world looks like; return the file written."""
    file = _file_of(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    _write(
        file,
        {
            "format": FORMAT,
            "now": embedded.now.isoformat(),
            "world": world_to_json(embedded.world),
            "tables": _tables(embedded.account),
        },
    )
    return file


@contextmanager
def local_session(path: Path) -> Iterator[Saved]:
    """Open what ``save`` wrote, through boto3 as ever; write changes of the tables back at the end.

    No function runs in it: policies, the log and the state can be read and changed, nothing acts.
    """
    file = _file_of(path)
    as_read = file.read_bytes()
    saved = _read(file)
    now = datetime.fromisoformat(saved["now"])
    account = Account(world_of_json(saved["world"], now), now)
    with account.opened():
        session = account.session()
        stack = Stack(Template(account.account, account.region))
        stack.deploy(session)
        _fill(account, saved["tables"])
        before = _tables(account)
        yield Saved(session, stack.settings, now, account.world)
        after = _tables(account)
        if after != before:
            if file.read_bytes() != as_read:
                raise Conflict(
                    f"{file} was changed by another command meanwhile: nothing was saved"
                )
            moved = (now + A_SECOND).isoformat()  # so that what follows is told after it
            _write(file, {**saved, "now": moved, "tables": after})


def _file_of(path: Path) -> Path:
    return path if path.suffix == ".json" else path / FILE


def _read(file: Path) -> Json:
    try:
        saved = json.loads(file.read_text(encoding="utf-8"), object_hook=_with_bytes)
    except json.JSONDecodeError as error:
        raise ValueError(f"{file} is not a saved embedded AWS: {error}") from error
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise ValueError(f"{file} is not a saved embedded AWS of format {FORMAT}; save it anew")
    return dict(saved)


def _write(file: Path, saved: Json) -> None:
    """Write all or nothing: whoever reads meanwhile sees the old file."""
    beside = file.with_suffix(".new")
    text = json.dumps(saved, separators=(",", ":"), default=_bytes_out)
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, file)


def _bytes_out(value: Any) -> dict[str, str]:
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} cannot be saved")


def _with_bytes(found: Json) -> Any:
    return base64.b64decode(found[_BYTES]) if found.keys() == {_BYTES} else found


def _backend(account: Account) -> DynamoDBBackend:
    found: DynamoDBBackend = dynamodb_backends[account.account][account.region]
    return found


def _tables(account: Account) -> dict[str, list[Any]]:
    return {
        str(name): [
            item.to_json()["Attributes"]
            for shelf in table.items.values()
            for item in shelf.values()
        ]
        for name, table in _backend(account).tables.items()
    }


def _fill(account: Account, tables: dict[str, list[Any]]) -> None:
    backend = _backend(account)
    for name, items in tables.items():
        for item in items:
            backend.put_item(name, item)
