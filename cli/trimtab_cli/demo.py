"""``trimtab demo``: a bad day on the embedded AWS, with Trimtab and without it."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from trimtab.model.policy import Lever, Mode, Policy
from trimtab_cli.policy.draft import Draft, parse_document
from trimtab_cli.policy.resolve import resolve
from trimtab_cli.show import say_json
from trimtab_cli.stop import REFUSED, USAGE, Stop
from trimtab_lab.demo.day import Day, counts_of, numbers_of
from trimtab_lab.demo.page import write_report
from trimtab_lab.demo.show import Show, show_numbers
from trimtab_lab.demo.stage import Resolve, play, play_without
from trimtab_lab.embedded import Embedded, save
from trimtab_lab.simulator.simulate import length_of
from trimtab_lab.traces import SHIPPED, TraceInvalid
from trimtab_lab.world.shop import shop_day

if TYPE_CHECKING:
    from trimtab.ports import Names
    from trimtab_lab.world.scenario import Scenario

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop.yaml"
TRACES = ", ".join(sorted(SHIPPED))


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Picks the day and what goes wrong when.")] = 1,
    trace: Annotated[str, typer.Option(help=f"Traffic: {TRACES}, or a CSV file.")] = "nasa",
    hours: Annotated[float, typer.Option(min=0.1, max=24, help="How much of the day.")] = 24,
    mode: Annotated[Mode, typer.Option(help="How far Trimtab may go.")] = Mode.ENFORCE,
    policy: Annotated[Path, typer.Option(help="Policy document.", show_default=False)] = SHOP,
    out: Annotated[Path, typer.Option(help="Folder for what it leaves.")] = Path(".trimtab/demo"),
    check: Annotated[
        bool, typer.Option("--check", help="Fail unless fewer requests fail.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Replay a day of real traffic in which much goes wrong, with Trimtab and without."""
    scenario, draft = _scenario(seed, trace), _draft(policy)
    _ready(out)
    minutes = min(length_of(scenario), round(hours * 60))
    console = Console(stderr=json, highlight=False)
    for note in scenario.notes:
        console.print(note, highlight=False, soft_wrap=True)
    began = time.monotonic()
    day = _with_trimtab(scenario, _resolver(draft, mode), minutes, console, out)
    took = time.monotonic() - began
    without = play_without(scenario, minutes)
    report = write_report(out / "report.html", scenario, day, without)
    if json:
        say_json(_result(seed, trace, day, without, report))
    else:
        show_numbers(console, (day, without))
        _say_where(console, day, report, out, took)
    _check(day, without) if check else None


def _ready(out: Path) -> None:
    """Make the folder now: a minute later would be late to learn that it cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as wrong:
        what = f"nothing can be written to {out}: {wrong.strerror}"
        raise Stop(what, "name another folder with --out", USAGE) from None


def _scenario(seed: int, trace: str) -> Scenario:
    try:
        return shop_day(seed, trace)
    except (TraceInvalid, OSError, ValueError) as wrong:
        what = f"the trace {trace!r} cannot be replayed: {wrong}"
        raise Stop(
            what, f"name one of {TRACES}, or a CSV file of timestamp,requests", USAGE
        ) from None


def _draft(file: Path) -> Draft:
    try:
        read = parse_document(file.read_bytes(), str(file))
    except OSError as wrong:
        raise Stop(f"{file} cannot be read: {wrong.strerror}", "name a policy", USAGE) from None
    if isinstance(read, tuple):
        lines = tuple(str(fault) for fault in read)
        raise Stop(f"{file} is no valid policy", "correct it", USAGE, lines)
    return read


def _resolver(draft: Draft, mode: Mode) -> Resolve:
    def resolved(names: Names) -> Policy:
        found = resolve(draft, names)
        if isinstance(found, tuple):
            lines = tuple(str(fault) for fault in found)
            todo = "name those, or start from examples/shop.yaml"
            raise Stop("the demo's world lacks what the policy names", todo, USAGE, lines)
        return replace(found, modes=dict.fromkeys(Lever, mode)) if mode != Mode.ENFORCE else found

    return resolved


def _with_trimtab(
    scenario: Scenario, policy: Resolve, minutes: int, console: Console, out: Path
) -> Day:
    with Embedded(scenario) as aws, Show(console, minutes) as show:
        day = play(aws, policy(aws.connections.names), minutes, show.minute)
        save(aws, out)
        return day


def _result(seed: int, trace: str, day: Day, without: Day, report: Path) -> dict[str, object]:
    return {
        "seed": seed,
        "trace": trace,
        "with": asdict(numbers_of(day)),
        "without": asdict(numbers_of(without)),
        "log": counts_of(day.entries),
        "report": str(report),
    }


def _say_where(console: Console, day: Day, report: Path, out: Path, took: float) -> None:
    counts = ", ".join(f"{n} {kind}" for kind, n in counts_of(day.entries).items())
    console.print(
        f"\nIn the audit log: {counts}. The day took {took:.0f} s.", highlight=False, soft_wrap=True
    )
    console.print(
        f"Report: [bold]{report}[/] (open it in a browser)", highlight=False, soft_wrap=True
    )
    console.print("Read the log:", highlight=False, soft_wrap=True)
    for command in ("status", "log --kind intended --limit 20", "explain ENTRY"):
        console.print(
            f"  .venv/bin/trimtab --local {out} {command}", highlight=False, soft_wrap=True
        )


def _check(day: Day, without: Day) -> None:
    """Fail unless users were better off with Trimtab than without."""
    ours, theirs = numbers_of(day).failed, numbers_of(without).failed
    if ours >= theirs:
        what = f"with Trimtab {ours:,} requests failed, without it {theirs:,}"
        raise Stop(what, "something is wrong with Trimtab, or with the demo", REFUSED)
