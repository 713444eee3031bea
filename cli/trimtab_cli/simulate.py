"""``trimtab simulate``: one story of what goes wrong, played in the simulator."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from trimtab_cli.show import console, say, say_json, table, text
from trimtab_cli.stop import USAGE, Stop
from trimtab_lab.campaign.play import Played, Who, play
from trimtab_lab.campaign.story import STORIES, Story, StoryInvalid, read_story

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def simulate(
    file: Annotated[Path, typer.Argument(help="A story (TOML), or the name of one that is here.")],
    seed: Annotated[int, typer.Option(help="Moves arrivals, lags and launches.")] = 1,
    peers: Annotated[bool, typer.Option("--peers", help="Play it with the peers too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what came of it as JSON.")] = False,
) -> None:
    """Play a story of what goes wrong; 0 if everything came as the story expects."""
    story = _story(file)
    played = [play(story, seed, who) for who in (Who if peers else (Who.TRIMTAB,))]
    if json:
        say_json([asdict(p) | {"as_expected": p.as_expected} for p in played])
    else:
        say(f"{story.title} (cause: {story.cause}, seed {seed}, {story.minutes} minutes)")
        _show(played)
    if not played[0].as_expected:
        raise typer.Exit(1)


def _story(file: Path) -> Story:
    shipped = STORIES / f"{file.name.removesuffix('.toml')}.toml"
    try:
        return read_story(shipped if not file.exists() and shipped.exists() else file)
    except StoryInvalid as wrong:
        lines = tuple(str(wrong).splitlines())
        todo = "correct it (docs/campaign.md has the fields), or name one that is shipped"
        raise Stop(f"{file} is no story", todo, USAGE, lines) from None


def _show(played: list[Played]) -> None:
    shown = table("with", "removed (target: minute)", "delay", "missed", "wrong", "failed", "slow")
    for one in played:
        removed = (f"{target}: {minute}" for target, minute in one.removed.items())
        cells = (
            one.who,
            ", ".join(removed) or "nobody",
            ", ".join(map(str, one.delays)),
            ", ".join(map(str, one.missed)),
            ", ".join(one.wrong),
            f"{one.failed:,} of {one.requests:,}",
            f"{one.slow:,}",
        )
        shown.add_row(*map(text, cells))
    console().print(shown)
