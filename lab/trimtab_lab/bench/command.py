"""``trimtab bench``: prints what Trimtab costs in time, calls and money, side by side."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from trimtab_lab.bench.access import Reading, time_reading
from trimtab_lab.bench.cost import Bill, Stack, monthly
from trimtab_lab.bench.decision import Timing, time_decisions
from trimtab_lab.bench.log import Verifying, time_verifying
from trimtab_lab.bench.stack import stack_of_template
from trimtab_lab.bench.usage import Counted, count
from trimtab_lab.bench.weight import Size, Start, layer_size, starts

app = typer.Typer()
SERVICES = (1, 10, 100)
WIDTH_OF_A_PIPE = 160
WORLDS = ((20, 1, True), (20, 1, False), (20, 2, True), (200, 1, True))
"""Targets, fleets and whether nothing is wrong, of the services that are counted."""


@app.command()
def bench(
    as_json: Annotated[bool, typer.Option("--json", help="Print it all as JSON.")] = False,
) -> None:
    """Measure decisions, AWS calls, cost, start-up and size. Compare within one run only."""
    wide = None if sys.stdout.isatty() else WIDTH_OF_A_PIPE
    console = Console(stderr=as_json, highlight=False, width=wide)
    with console.status("deciding for crowds of targets ..."):
        timings = time_decisions()
    with console.status("counting calls over an hour of a service ..."):
        counted = [count(n, fleets, quiet=quiet) for n, fleets, quiet in WORLDS]
    with console.status("starting each function in a fresh process ..."):
        started = starts()
    with console.status("writing and verifying a log ..."):
        verifying = time_verifying()
    with console.status("reading an access log ..."):
        reading = time_reading()
    stack, size = stack_of_template(), layer_size()
    bills = [monthly(n, counted[0].usage, stack) for n in SERVICES]
    if as_json:
        data = _data(timings, counted, bills, started, size, verifying)
        print(json.dumps(data | {"access_log": asdict(reading)}, indent=2))  # noqa: T201
        return
    for table in (
        _assessing(timings),
        _decisions(timings),
        _calls(counted),
        _money(bills, stack),
        _starts(started),
    ):
        console.print(table, "")
    console.print(_log(verifying), "")
    console.print(_access(reading), "")
    console.print(_size(size))


def _data(  # noqa: PLR0913, PLR0917 (one part of the report each)
    timings: list[Timing],
    counted: list[Counted],
    bills: list[Bill],
    started: list[Start],
    size: Size | None,
    verifying: Verifying,
) -> dict[str, Any]:
    return {
        "decision": [_timing(t) for t in timings],
        "calls": [asdict(c) for c in counted],
        "cost": [asdict(b) | {"total": b.total, "per_service": b.per_service} for b in bills],
        "start": [asdict(s) for s in started],
        "log_verify": asdict(verifying),
        "layer": asdict(size) if size else None,
    }


def _timing(t: Timing) -> dict[str, Any]:
    assessing = {
        sight: asdict(one) | {"times_reading": one.times_reading}
        for sight, one in t.assessing.items()
    }
    return asdict(t) | {"us_per_target": t.us_per_target, "assessing": assessing}


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left")
    return table


def _assessing(timings: list[Timing]) -> Table:
    table = _table(
        "Assessing alone: ms (us a target) + ms for columns, which observing makes; and how many "
        "times as long as looking at it all one by one",
        "targets", "nothing wrong", "a metric of each", "and counts of each",
    )  # fmt: skip
    for t in timings:
        cells = (
            f"{one.ms:.2f} ({1000 * one.ms / t.targets:.1f}) + {one.columns_ms:.2f}, "
            f"{one.times_reading:.1f} x"
            for one in t.assessing.values()
        )
        table.add_row(f"{t.targets:,}", *cells)
    return table


def _decisions(timings: list[Timing]) -> Table:
    table = _table(
        "One tick's pure part (assess, decide, guard, remember)",
        "targets", "ms", "us a target", "times the smallest", "record ms", "verdicts",
    )  # fmt: skip
    base = timings[0].think_ms
    for t in timings:
        table.add_row(
            f"{t.targets:,}", f"{t.think_ms:.2f}", f"{t.us_per_target:.1f}",
            f"{t.think_ms / base:.1f} x ({t.targets / timings[0].targets:.0f} x targets)",
            f"{t.record_ms:.1f}", str(t.verdicts),
        )  # fmt: skip
    return table


def _calls(counted: list[Counted]) -> Table:
    names = sorted({name for c in counted for name in c.calls})
    table = _table("Read per service and tick", "service", *names, "metrics read", "repeated")
    for c in counted:
        what = f"{c.targets} targets, {c.fleets} fleet{'s' if c.fleets > 1 else ''}"
        state = "quiet" if c.quiet else "one slow target"
        calls = [f"{c.calls.get(name, 0):.2f}" for name in names]
        table.add_row(f"{what}, {state}", *calls, f"{c.usage.metrics_read:.2f}", str(c.repeated))
    return table


def _money(bills: list[Bill], stack: Stack) -> Table:
    table = _table(
        f"USD a month, modelled: services of 20 targets, {stack.alarms} alarms of our own",
        "services", "a service", "total", "CloudWatch reads", "DynamoDB", "functions",
        "queue, schedule", "logs", "watching itself",
    )  # fmt: skip
    for b in bills:
        values = (b.per_service, b.total, b.cloudwatch_reads, b.dynamodb, b.functions,
                  b.queue_and_schedule, b.logs, b.watching_itself)  # fmt: skip
        table.add_row(str(b.services), *(f"{v:.2f}" for v in values))
    return table


def _starts(started: list[Start]) -> Table:
    table = _table(
        "Start of a function (fresh process, compiled)",
        "function", "import ms", "wiring ms", "heaviest imports (ms)",
    )  # fmt: skip
    for s in started:
        heaviest = ", ".join(f"{name} {ms:.0f}" for name, ms in s.heaviest)
        table.add_row(s.function, f"{s.import_ms:.0f}", f"{s.wiring_ms:.0f}", heaviest)
    return table


def _log(v: Verifying) -> str:
    ours = f"reading {v.read_ms / 1000:.1f} s, hashing and walking {v.walk_ms / 1000:.1f} s"
    moto = f"moto, in DynamoDB's place, {v.stand_in_ms / 1000:.1f} s"
    return f"Log, {v.entries:,} entries verified: {ours}; {moto}."


def _access(r: Reading) -> str:
    memory = f"{r.peak_mb:.1f} MB at most, {r.peak_of_a_tenth_mb:.1f} MB for a tenth of it"
    speed = f"{r.lines_a_second:,.0f} lines a second"
    return f"Access log of {r.megabytes} MB, {r.lines:,} lines: {speed}; {memory}."


def _size(size: Size | None) -> str:
    if size is None:
        return "Layer: not built here; `make build` builds it."
    ours = f"{size.ours_kb:,.0f} kB of it ours"
    return f"Layer, as built: {size.total_kb:,.0f} kB in {size.files} files, {ours}."
