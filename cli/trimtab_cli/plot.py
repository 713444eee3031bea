"""Draws a target beside its peers as bars, and its states over time as a strip, in a terminal.

Colour only helps: the target's bar has a texture of its own, and where a terminal has no more than
ASCII so has the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from trimtab_cli.against import Beside, Shown, States
from trimtab_cli.plain import plain

MOST_PEERS = 8
"""Peers with a bar of their own; the others are summed up in a line."""
LABEL, NARROW_LABEL = 24, 12
VALUE = 9
INDENT = "  "
BARS = ("█", "▒", "┃")
ASCII_BARS = ("#", "=", "|")
HEALTHY, UNHEALTHY, OTHER, UNSEEN = "▁", "█", "▄", " "
ASCII_STATES = {HEALTHY: ".", UNHEALTHY: "#", OTHER: "~", UNSEEN: " "}
NARROW = 60


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture, as wide as there is room."""

    shown: Shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw line by line."""
        match self.shown:
            case Beside():
                lines = _beside(self.shown, options.max_width, plain_only=options.ascii_only)
            case States():
                lines = _states(self.shown, plain_only=options.ascii_only)
        for line in lines:
            line.truncate(options.max_width)
            yield line


def _beside(shown: Beside, width: int, *, plain_only: bool) -> Iterator[Text]:
    label = LABEL if width >= NARROW else NARROW_LABEL
    scale = _Scale(shown, max(8, width - len(INDENT) - label - VALUE - 2), plain_only)
    yield Text(plain(f"{shown.what}, beside {len(shown.peers)} peers"), style="bold")
    yield _row(shown.target, label, scale, shown.value, is_target=True)
    for name, value in shown.peers[:MOST_PEERS]:
        yield _row(name, label, scale, value, is_target=False)
    others = [value for _, value in shown.peers[MOST_PEERS:]]
    if others:
        usual, most = _number(median(others), shown), _number(max(others), shown)
        yield Text(f"{INDENT}{len(others)} more: median {usual}, at most {most}", style="dim")
    yield Text(f"{INDENT}{scale.mark} threshold {_number(shown.threshold, shown)}", style="dim")


class _Scale:
    """Turns values into columns: from zero to the largest there is, the threshold included."""

    def __init__(self, shown: Beside, columns: int, plain_only: bool) -> None:
        self.shown, self.columns = shown, columns
        self.own, self.peer, self.mark = ASCII_BARS if plain_only else BARS
        largest = max(shown.value, shown.threshold, *(v for _, v in shown.peers), 0.0)
        self._unit = columns / largest if largest > 0 else 0.0

    def bar(self, value: float, *, is_target: bool) -> Text:
        """A bar, with the threshold drawn over it."""
        length = min(self.columns, max(0, round(value * self._unit)))
        if value > 0:
            length = max(1, length)
        over = value > self.shown.threshold
        drawn = (self.own if is_target else self.peer) * length
        bar = Text(drawn.ljust(self.columns), style=("red" if over else "green"))
        at = min(self.columns - 1, round(self.shown.threshold * self._unit))
        return Text.assemble(bar[:at], (self.mark, "yellow"), bar[at + 1 :])


def _row(name: str, label: int, scale: _Scale, value: float, *, is_target: bool) -> Text:
    shown = plain(name)
    cut = shown if len(shown) <= label - 1 else f"{shown[: label - 3]}.."
    return Text.assemble(
        (INDENT + cut.ljust(label), "bold" if is_target else ""),
        scale.bar(value, is_target=is_target),
        (_number(value, scale.shown).rjust(VALUE), "bold" if is_target else ""),
    )


def _number(value: float, shown: Beside) -> str:
    return f"{value:.1%}" if shown.is_share else f"{value:.4g}"


def _states(shown: States, *, plain_only: bool) -> Iterator[Text]:
    steps = [(at, _sign(state)) for at, state in shown.steps]
    signs = {old: ASCII_STATES[old] if plain_only else old for old in ASCII_STATES}
    yield Text(plain(f"what the load balancer said of {shown.target}"), style="bold")
    strip = Text(f"{INDENT}{steps[0][0]:%H:%M} ") if steps else Text()
    for _, sign in steps:
        strip.append(signs[sign], style=_COLOURS[sign])
    if steps:
        strip.append(f" {steps[-1][0]:%H:%M}")
    yield strip
    legend = f"{signs[HEALTHY]} healthy  {signs[UNHEALTHY]} unhealthy  {signs[OTHER]} other"
    yield Text(f"{INDENT}{legend}; a gap where it was not seen", style="dim")


def _sign(state: str) -> str:
    match state:
        case "":
            return UNSEEN
        case "healthy":
            return HEALTHY
        case "unhealthy" | "unhealthy.draining":
            return UNHEALTHY
        case _:
            return OTHER


_COLOURS = {HEALTHY: "green", UNHEALTHY: "red", OTHER: "yellow", UNSEEN: ""}
