"""The demo on the terminal: a clock, what happens as it happens, and the day in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from trimtab.model.entry import Kind
from trimtab.told.words import safe
from trimtab_lab.demo.day import Day, Moment, moment_of, numbers_of, told
from trimtab_lab.demo.page import rows_of
from trimtab_lab.simulator.run import Minute
from trimtab_lab.world.journal import EventKind

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {
    "world": "bold red",
    "intended": "cyan",
    "applied": "green",
    "refused": "yellow",
    "failed": "red",
    "conflict": "red",
    "expired": "red",
    "trouble": "bold red",
    "noted": "magenta",
    "shadowed": "blue",
    "awaiting": "blue",
}
QUIET = frozenset({Kind.APPLIED, Kind.VERIFIED})
"""Not printed: the intent above it said the same. Outcomes that differ are."""


class Show:
    """Prints minutes as they come; use as a context manager around a run."""

    def __init__(self, console: Console, minutes: int, *, timeline: bool = True) -> None:
        self._console = console
        self._timeline = timeline
        self._progress = Progress(
            TextColumn("[bold]{task.fields[clock]}"),
            BarColumn(bar_width=36),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[state]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("day", total=minutes, clock="--:--", state="")
        self._failed = self._requests = 0

    def __enter__(self) -> Show:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def minute(self, minute: Minute) -> None:
        """Show one minute: its lines of the timeline, and the clock."""
        if self._timeline:
            for event in minute.events:
                if event.kind is EventKind.FAULT:
                    self._line(told(event))
            for entry in minute.entries:
                if entry.kind not in QUIET:
                    self._line(moment_of(entry))
        for trouble in minute.troubles:
            self._line(Moment(minute.at, "trouble", "no tick", trouble))
        self._progress.update(
            self._task, completed=minute.number, clock=f"{minute.at:%H:%M}", state=_state(minute)
        )
        if not self._console.is_terminal and minute.number % 180 == 0:
            self._console.print(f"{minute.at:%H:%M} ...")

    def _line(self, moment: Moment) -> None:
        source = (f"{moment.source:<9} ", STYLES.get(moment.source, ""))
        subject = (safe(moment.subject), "bold")
        dash = ": " if moment.entry else " " if moment.subject else ""
        line = Text.assemble(f"{moment.at:%H:%M} ", source, subject, dash, safe(moment.text))
        self._console.print(line, soft_wrap=not self._console.is_terminal)


def _state(minute: Minute) -> str:
    return f"{minute.ticks} tick" if minute.ticks == 1 else f"{minute.ticks} ticks"


def show_numbers(console: Console, days: Sequence[Day]) -> None:
    """Print the day in numbers, side by side."""
    table = Table(title="The day in numbers", title_justify="left")
    table.add_column("")
    for day in days:
        table.add_column(day.name, justify="right")
    for label, values in rows_of(tuple(numbers_of(day) for day in days)):
        table.add_row(label, *values)
    console.print(table)
