"""Printing: colours on a terminal only, and nothing from outside ever read as markup."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trimtab.model.entry import Kind
from trimtab_cli.plain import plain
from trimtab_cli.policy.units import duration_text
from trimtab_cli.stop import Stop

WIDTH_OF_A_PIPE = 200
STYLE_OF = {
    Kind.INTENDED: "cyan",
    Kind.REFUSED: "yellow",
    Kind.SHADOWED: "blue",
    Kind.AWAITING: "magenta",
    Kind.REQUESTED: "bold",
    Kind.APPROVED: "green",
    Kind.REJECTED: "yellow",
    Kind.LAPSED: "dim",
    Kind.NOTED: "dim",
    Kind.APPLIED: "green",
    Kind.FAILED: "bold red",
    Kind.CONFLICT: "red",
    Kind.EXPIRED: "red",
    Kind.UNNEEDED: "dim",
    Kind.VERIFIED: "green",
    Kind.INEFFECTIVE: "bold yellow",
    Kind.POLICY: "bold",
    Kind.PAUSE: "bold",
}


def console() -> Console:
    """Where results go. In a pipe lines are long, so that no word is cut for a screen's sake."""
    wide = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else WIDTH_OF_A_PIPE
    return Console(highlight=False, markup=False, emoji=False, width=wide)


def text(value: object, style: str = "") -> Text:
    """Make anything safe to print: no control characters, no markup."""
    return Text(plain(str(value)), style=style)


def table(*headings: str, title: str = "") -> Table:
    """A table without lines, headings in bold."""
    made = Table(title=Text(plain(title)) if title else None, title_justify="left", box=None)
    for heading in headings:
        made.add_column(Text(heading, style="bold"), overflow="fold")
    return made


def say(value: object, style: str = "") -> None:
    """Print one line, as long as it is."""
    console().print(text(value, style), soft_wrap=True)


def say_lines(lines: Iterable[str]) -> None:
    """Print several."""
    for line in lines:
        say(line)


def complain(stop: Stop) -> None:
    """Print why a command ends early, to the standard error."""
    errors = Console(stderr=True, highlight=False, markup=False, emoji=False)
    errors.print(text("error: ", "bold red") + text(stop.what), soft_wrap=True)
    for line in stop.more:
        errors.print(text("    " + line), soft_wrap=True)
    if stop.todo:
        errors.print(text("  " + stop.todo), soft_wrap=True)


def say_json(data: object) -> None:
    """Print one line of JSON. ASCII only, so that hostile text stays escaped."""
    sys.stdout.write(json.dumps(data, sort_keys=True, ensure_ascii=True) + "\n")


def moment(at: datetime) -> str:
    """Show a time, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def ago(age: timedelta) -> str:
    """Show an age in its two largest units: ``2m5s ago``."""
    seconds = int(age.total_seconds())
    if seconds <= 0:
        return "now"
    kept = seconds if seconds < 3_600 else seconds - seconds % 60
    return f"{duration_text(timedelta(seconds=kept))} ago"
