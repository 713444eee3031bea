"""`python -m trimtab_lab.chaos`: run seeds, or one seed with its story, or the mutants."""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from trimtab_lab.chaos.campaign import Outcome, run
from trimtab_lab.chaos.catalogue import PLAYED
from trimtab_lab.chaos.mutants import MUTANTS, hunt
from trimtab_lab.chaos.plan import Plan, Trouble
from trimtab_lab.chaos.scenarios import play
from trimtab_lab.chaos.shrink import command, ending, shrink

CONSOLE = Console(highlight=False)
WIDTH = 160
"""Characters of what broke: a law, and the beginning of its facts."""
Counts = tuple[int, ...]
"""Of a seed: ticks, intents, changes, port calls, requests."""


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; 0 if nothing broke (or, for mutants, if every one was found)."""
    asked = _parser().parse_args(arguments)
    if asked.mutants:
        return _mutants(asked)
    if asked.scenarios:
        return _scenarios(asked)
    if asked.seed is not None:
        return _one(asked)
    return _many(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("trimtab_lab.chaos", description=__doc__)
    parser.add_argument("--seeds", type=_range, default=range(1, 201), metavar="1-200")
    parser.add_argument("--seed", type=int, help="run one seed, and shrink it if it fails")
    parser.add_argument("--minutes", type=int, help="minutes of trouble before the calm")
    parser.add_argument("--only", help=f"kinds of trouble: {', '.join(Trouble)}")
    parser.add_argument("--trace", action="store_true", help="print the whole story")
    parser.add_argument("--mutants", action="store_true", help="take out guards, one by one")
    parser.add_argument("--scenarios", action="store_true", help="run the catalogue by name")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a file of seeds that held: go on from there")
    parser.add_argument("--json", action="store_true", help="print a summary as JSON")
    return parser


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _one(asked: argparse.Namespace) -> int:
    plan = Plan.of_seed(asked.seed)
    if asked.minutes is not None:
        plan = replace(plan, minutes=asked.minutes)
    if asked.only is not None:
        plan = replace(plan, troubles=frozenset(Trouble(t) for t in asked.only.split(",") if t))
    found = run(plan)
    if asked.trace:
        for line in found.story:
            CONSOLE.print(line, markup=False, soft_wrap=True)
    if asked.json:
        _print_json([found], 1)
    elif found.broken:
        _report(found if asked.trace else shrink(found))
    else:
        CONSOLE.print(f"seed {plan.seed}: {found.ticks} ticks, all laws held")
    return 1 if found.broken else 0


def _many(asked: argparse.Namespace) -> int:
    kept = {} if asked.keep is None else _kept(asked.keep, asked.seeds)
    failed, totals = [], [sum(column) for column in zip([0] * 5, *kept.values(), strict=True)]
    wanted = [seed for seed in asked.seeds if seed not in kept]
    with Progress(console=Console(stderr=True), disable=asked.json) as progress:
        bar = progress.add_task("seeds", total=len(asked.seeds), completed=len(kept))
        for found in _runs(wanted, asked.workers):
            progress.advance(bar)
            counts = (found.ticks, found.intents, found.effects, found.steps, found.requests)
            totals = [a + b for a, b in zip(totals, counts, strict=True)]
            if found.broken:
                failed.append(found)
                progress.console.print(f"seed {found.plan.seed} failed: {found.broken[0]}"[:WIDTH])
            elif asked.keep is not None:
                _keep(found.plan.seed, counts, asked.keep)
    if asked.json:
        _print_json(failed, len(asked.seeds), totals)
    else:
        for found in failed[:5]:
            _report(shrink(found))
        ticks, intents, effects, steps, requests = totals
        CONSOLE.print(
            f"{len(asked.seeds)} seeds: {ticks:,} ticks, {intents:,} intents, {effects:,} changes, "
            f"{requests:,} requests, {steps:,} port calls; {len(failed)} failed"
        )
        if failed:
            CONSOLE.print(f"failed: {', '.join(str(f.plan.seed) for f in failed)}")
    return 1 if failed else 0


def _keep(seed: int, counts: Counts, file: Path) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps([seed, *counts]) + "\n")


def _kept(file: Path, seeds: range) -> dict[int, Counts]:
    """Read which seeds held in an earlier run of the same code; those that failed run again."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = [json.loads(line) for line in lines]
    return {seed: tuple(counts) for seed, *counts in rows if seed in seeds}


def _runs(seeds: Sequence[int], workers: int) -> Iterator[Outcome]:
    if workers < 2:
        yield from map(_seed, seeds)
        return
    with ProcessPoolExecutor(workers, initializer=gc.disable) as pool:
        yield from pool.map(_seed, seeds, chunksize=4)


def _seed(seed: int) -> Outcome:
    found = run(Plan.of_seed(seed))
    gc.collect()  # a worker collects nothing in between: it takes a tenth of its time
    return found if found.broken else replace(found, story=())


def _report(found: Outcome) -> None:
    CONSOLE.rule(f"seed {found.plan.seed}, minute {found.minute}")
    for line in ending(found):
        CONSOLE.print(line, markup=False, soft_wrap=True)
    for broken in found.broken:
        CONSOLE.print(f"broken: {broken}", style="bold red", markup=False, soft_wrap=True)
    CONSOLE.print(f"again: {command(found)}", markup=False, soft_wrap=True)


def _print_json(failed: list[Outcome], seeds: int, totals: list[int] | None = None) -> None:
    names = ("ticks", "intents", "changes", "port_calls", "requests")
    rows = [
        {"seed": f.plan.seed, "minute": f.minute, "broken": f.broken, "again": command(f)}
        for f in failed
    ]
    summary = {"seeds": seeds, **dict(zip(names, totals or (), strict=False)), "failed": rows}
    sys.stdout.write(json.dumps(summary, indent=2) + "\n")


def _scenarios(asked: argparse.Namespace) -> int:
    failed = 0
    with ProcessPoolExecutor(asked.workers) as pool:
        for named, found in zip(PLAYED, pool.map(_play, range(len(PLAYED))), strict=True):
            failed += bool(found.broken)
            how = f"BROKEN: {found.broken[0]}" if found.broken else "held"
            line = f"{named.number:>3} {named.name}: {found.effects} changes, {how}"
            CONSOLE.print(line, markup=False)
    CONSOLE.print(f"{len(PLAYED)} scenarios, {failed} broken")
    return 1 if failed else 0


def _play(number: int) -> Outcome:
    return play(PLAYED[number])


def _mutants(asked: argparse.Namespace) -> int:
    """Say of each mutant, as it is found, which story found it, and what broke there."""
    survived = 0
    with ProcessPoolExecutor(asked.workers) as pool:
        hunts = pool.map(partial(_hunt, asked.seeds), range(len(MUTANTS)))
        for mutant, (where, broken) in zip(MUTANTS, hunts, strict=True):
            survived += not broken
            line = f"killed by {where}: {broken[:WIDTH]}" if broken else f"SURVIVED {where}"
            CONSOLE.print(f"{mutant.name}: {line}", markup=False, soft_wrap=True)
    CONSOLE.print(f"{len(MUTANTS) - survived} mutants killed, {survived} survived")
    return 1 if survived else 0


def _hunt(seeds: range, number: int) -> tuple[str, str]:
    mutant = MUTANTS[number]
    tried, found = hunt(mutant, seeds)
    story = f"{mutant.story} {mutant.needed_by.name}"
    if found is None:
        return f"its story, {story}, and {tried} seeds", ""
    return (f"seed {found.plan.seed}, not its story" if tried else story), found.broken[0]


if __name__ == "__main__":
    sys.exit(main())
