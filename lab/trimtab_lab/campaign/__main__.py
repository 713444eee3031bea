"""`python -m trimtab_lab.campaign`: play every story with many seeds, Trimtab beside its peers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from trimtab_lab.campaign.judged import Row, rows, shortcomings
from trimtab_lab.campaign.play import Played, Who, play
from trimtab_lab.campaign.story import all_stories

LARGE = 200
"""Stories of more targets than this are played with a tenth of the seeds."""
Task = tuple[str, int, Who]


def main(arguments: list[str] | None = None) -> int:
    """Play what was asked for; 0 if Trimtab came out as promised."""
    asked = _parser().parse_args(arguments)
    wanted = list(_tasks(asked))
    kept = {} if asked.keep is None else _kept(asked.keep)
    played = [kept[task] for task in wanted if task in kept]
    tasks = [task for task in wanted if task not in kept]
    with Progress(console=Console(stderr=True), disable=asked.json) as progress:
        bar = progress.add_task("stories", total=len(wanted), completed=len(played))
        for one in _played(tasks, asked.workers):
            played.append(one)
            if asked.keep is not None:
                _keep(one, asked.keep)
            progress.advance(bar)
    deployed = () if asked.simulated else tuple(_on_embedded_aws(asked.story))
    short = (*shortcomings(played), *_wrong_there(deployed))
    if asked.json:
        text = {
            "rows": [asdict(r) for r in rows(played)],
            "shortcomings": short,
            "on_embedded_aws": [asdict(p) | {"as_expected": p.as_expected} for p in deployed],
            "unexpected": [asdict(p) for p in played if p.who is Who.TRIMTAB and not p.as_expected],
        }
        print(json.dumps(text, indent=2))  # noqa: T201
    else:
        _show(played, deployed, short)
    return 1 if short else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("trimtab_lab.campaign", description=__doc__)
    parser.add_argument("--seeds", type=int, default=50, help="seeds of each story, from 1")
    parser.add_argument("--story", default="", help="only stories with this in their name")
    parser.add_argument("--who", default=",".join(Who), help="whom to play with")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    parser.add_argument("--simulated", action="store_true", help="not on the embedded AWS too")
    parser.add_argument("--keep", type=Path, help="a file of what was played: go on from there")
    return parser


def _tasks(asked: argparse.Namespace) -> Iterator[Task]:
    """Name all there is to play, seed by seed: what was played so far is fair to each story."""
    for seed in range(1, asked.seeds + 1):
        for story in all_stories():
            rarely = story.fleet.targets > LARGE and seed > max(1, asked.seeds // 10)
            if asked.story in story.name and not rarely:
                for who in asked.who.split(","):
                    yield story.name, seed, Who(who)


def _on_embedded_aws(wanted: str) -> Iterator[Played]:
    """Play the important dozen with the real handlers; nothing of moto is imported without it."""
    from trimtab_lab.campaign.embed import DOZEN, play_embedded

    for name in DOZEN:
        if wanted in name:
            yield play_embedded(_STORIES[name], seed=1)


def _wrong_there(played: Sequence[Played]) -> Iterator[str]:
    for one in played:
        if not one.as_expected:
            what = one.broken or (f"missed {one.missed}, late {one.late}, wrong {one.wrong}",)
            yield f"{one.story}, on the embedded AWS: {'; '.join(what)}"


def _keep(one: Played, file: Path) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(asdict(one)) + "\n")


def _kept(file: Path) -> dict[Task, Played]:
    """Read what an earlier run of the same code played."""
    kept: dict[Task, Played] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        data: dict[str, Any] = json.loads(line)
        lists = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
        one = Played(**{**data, **lists, "who": Who(data["who"])})
        kept[one.story, one.seed, one.who] = one
    return kept


def _played(tasks: Sequence[Task], workers: int) -> Iterator[Played]:
    if workers < 2:
        yield from map(_play, tasks)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_play, tasks, chunksize=4)


_STORIES = {story.name: story for story in all_stories()}


def _play(task: Task) -> Played:
    name, seed, who = task
    return play(_STORIES[name], seed, who)


def _show(played: Sequence[Played], deployed: Sequence[Played], short: Sequence[str]) -> None:
    console = Console(highlight=False, width=120)
    table = Table("cause", "with", "runs", "due", "median", "p95", "missed", "late", "wrong",
                  "failed requests", "share")  # fmt: skip
    last = ""
    for row in rows(played):
        if row.cause != last and last:
            table.add_section()
        table.add_row(row.cause if row.cause != last else "", *_cells(row))
        last = row.cause
    console.print(table)
    unexpected = [p for p in played if p.who is Who.TRIMTAB and not p.as_expected]
    for one in unexpected[:20]:
        console.print(
            f"{one.story}, seed {one.seed}: missed {list(one.missed)}, late {list(one.late)}, "
            f"wrong {list(one.wrong)}",
            markup=False,
        )
    if deployed:
        right = sum(p.as_expected for p in deployed)
        console.print(f"on the embedded AWS: {right} of {len(deployed)} came out as they say")
    for text in short:
        console.print(f"not as promised: {text}", style="bold red", markup=False)


def _cells(row: Row) -> tuple[str, ...]:
    def ticks(value: float | None) -> str:
        return "" if value is None else f"{value:g}"

    counts = (row.missed, row.late, row.wrong)
    return (
        row.who.value, str(row.runs), str(row.due), ticks(row.median), ticks(row.p95),
        *(str(c) for c in counts), f"{row.failed:,}", f"{row.share_failed:.2%}",
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
