"""The plots of the report: one time axis, faults shaded, actions marked where they happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from trimtab.model.change import Eject, Resize, Restore, Retire, Reweight
from trimtab.model.entry import Entry, Kind
from trimtab.told.words import sentence_of
from trimtab_lab.demo.day import Day, serving_of
from trimtab_lab.world.faults import Fault
from trimtab_lab.world.recorder import TargetTrack
from trimtab_lab.world.scenario import Scenario

# Okabe and Ito's colours, told apart by colour-blind readers too.
BLUE, GREEN, ORANGE, RED, SKY, GREY = (
    "#0072B2", "#009E73", "#E69F00", "#D55E00", "#56B4E9", "#9AA0A6",
)  # fmt: skip
FLEET_COLOURS = (BLUE, GREEN, ORANGE, SKY)
HELD_OUT = "held out"
"""Not registered, but registered again later."""
STATE_COLOURS = {
    "healthy": "#7FC8A9",
    "initial": SKY,
    "unhealthy": RED,
    "draining": ORANGE,
    "unused": "#B39DDB",
    HELD_OUT: "#7B5EA7",
}
MARKS: Mapping[type, tuple[str, str, str]] = {
    Eject: ("eject", "triangle-down", RED),
    Restore: ("restore", "triangle-up", GREEN),
    Retire: ("replace", "x", RED),
    Resize: ("resize", "square", BLUE),
    Reweight: ("reweight", "diamond", ORANGE),
}
MARGIN = 130
"""Left of every plot, in pixels: one time axis, also from one figure to the next."""
SHADE = {"fillcolor": RED, "opacity": 0.08, "line_width": 0, "layer": "below"}
SHORT_FAULT = timedelta(minutes=1)


def overview(scenario: Scenario, with_it: Day, without: Day) -> go.Figure:
    """Draw traffic, failures, capacity against need, latency, weights and actions over the day."""
    titles = (
        "Requests per minute",
        "Failed requests per minute",
        "Serving targets against need",
        "95th percentile of latency (ms)",
        "Share of traffic by weight (%)",
        "What Trimtab did",
    )
    figure = make_subplots(
        rows=6, cols=1, shared_xaxes=True, vertical_spacing=0.035,
        row_heights=[1, 1, 1.3, 1, 0.8, 0.7], subplot_titles=titles,
    )  # fmt: skip
    _traffic(figure, with_it, without)
    _capacity(figure, with_it, without)
    _latency(figure, with_it, without)
    _weights(figure, with_it)
    _actions(figure, with_it.entries)
    _faults(figure, scenario)
    figure.update_layout(
        height=1250, template="plotly_white", hovermode="x unified",
        legend={"orientation": "h", "y": 1.03, "yanchor": "bottom"},
        margin={"l": MARGIN, "r": 20, "t": 120, "b": 40},
    )  # fmt: skip
    figure.update_xaxes(range=_span(with_it))
    figure.update_yaxes(rangemode="tozero")
    return figure


def _span(day: Day) -> list[datetime]:
    minutes = day.recorder.minutes
    return [minutes[0], minutes[-1] + timedelta(minutes=1)]


def _line(name: str, day: Day, values: Sequence[float], **more: object) -> go.Scatter:
    return go.Scatter(x=day.recorder.minutes, y=list(values), name=name, mode="lines", **more)


def _traffic(figure: go.Figure, with_it: Day, without: Day) -> None:
    thin = {"width": 1.4}
    requests = _line("requests", with_it, with_it.recorder.requests, line={"color": GREY, **thin})
    figure.add_trace(requests, row=1, col=1)
    for day, colour in ((without, ORANGE), (with_it, BLUE)):
        failed = _line(
            f"failed, {day.name}", day, day.recorder.failed, line={"color": colour, **thin}
        )
        figure.add_trace(failed, row=2, col=1)


def _capacity(figure: go.Figure, with_it: Day, without: Day) -> None:
    rec = with_it.recorder
    for (name, fleet), colour in zip(rec.fleets.items(), FLEET_COLOURS, strict=False):
        trace = _line(
            f"serving, {name}", with_it, fleet.serving, stackgroup="serving",
            line={"color": colour, "width": 0.5, "shape": "hv"},
        )  # fmt: skip
        figure.add_trace(trace, row=3, col=1)
    need = _line(
        "needed", with_it, rec.needed, line={"color": "#000000", "width": 1.6, "shape": "hv"}
    )
    figure.add_trace(need, row=3, col=1)
    other = _line(
        f"serving, {without.name}", without, serving_of(without.recorder),
        line={"color": ORANGE, "width": 1.2, "dash": "dot", "shape": "hv"},
    )  # fmt: skip
    figure.add_trace(other, row=3, col=1)


def _latency(figure: go.Figure, with_it: Day, without: Day) -> None:
    for day, colour in ((without, ORANGE), (with_it, BLUE)):
        trace = _line(
            f"p95, {day.name}", day, day.recorder.p95_ms, line={"color": colour, "width": 1.2}
        )
        figure.add_trace(trace, row=4, col=1)


def _weights(figure: go.Figure, day: Day) -> None:
    fleets = day.recorder.fleets
    totals = [sum(minute) or 1 for minute in zip(*(f.weight for f in fleets.values()), strict=True)]
    for (name, fleet), colour in zip(fleets.items(), FLEET_COLOURS, strict=False):
        shares = [100 * w / total for w, total in zip(fleet.weight, totals, strict=True)]
        trace = _line(
            f"weight, {name}", day, shares, stackgroup="weights",
            line={"color": colour, "width": 0.5, "shape": "hv"}, showlegend=False,
        )  # fmt: skip
        figure.add_trace(trace, row=5, col=1)


def _actions(figure: go.Figure, entries: Sequence[Entry]) -> None:
    """Mark each applied change by its kind; hover tells what and why."""
    done = {e.intent for e in entries if e.kind is Kind.APPLIED}
    for kind, (name, symbol, colour) in MARKS.items():
        mine = [e for e in entries if e.id in done and isinstance(e.change, kind)]
        figure.add_trace(
            go.Scatter(
                x=[e.at for e in mine], y=[name] * len(mine), name=name, mode="markers",
                marker={"symbol": symbol, "size": 9, "color": colour}, showlegend=False,
                text=[_why(e) for e in mine], hovertemplate="%{text}<extra></extra>",
            ),
            row=6, col=1,
        )  # fmt: skip
    names = [name for name, _, _ in MARKS.values()]
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], row=6, col=1)


def _why(entry: Entry) -> str:
    what = sentence_of(entry.change) if entry.change else entry.subject
    why = entry.wanted.text if entry.wanted else entry.reason.text
    return _inert(f"{what}: {why}")


def _inert(text: str) -> str:
    """Plotly reads a little HTML in labels; names from outside must stay text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _faults(figure: go.Figure, scenario: Scenario) -> None:
    """Shade the time of each fault over all plots and name it once."""
    for fault, begins, ends in _times(scenario):
        figure.add_vrect(x0=begins, x1=ends, row="all", col=1, **SHADE)
        figure.add_annotation(
            x=begins, y=1.0, yref="y domain", text=_inert(str(fault.kind).replace("_", " ")),
            showarrow=False, xanchor="left", yanchor="top", font={"size": 11, "color": RED},
            row=1, col=1,
        )  # fmt: skip


def _times(scenario: Scenario) -> Iterable[tuple[Fault, datetime, datetime]]:
    """Yield each fault with when it begins and ends."""
    for fault in scenario.faults:
        begins = scenario.demand.starts_at + timedelta(seconds=fault.after_s)
        lasts = timedelta(seconds=fault.lasts_s) if fault.lasts_s else timedelta(days=1)
        yield fault, begins, begins + max(lasts, SHORT_FAULT)


def targets(scenario: Scenario, day: Day, fleets: Iterable[str]) -> go.Figure:
    """Draw every target's state over the day, one bar a target, grouped by fleet and zone."""
    order = {name: i for i, name in enumerate(fleets)}
    tracks = sorted(
        day.recorder.targets.items(),
        key=lambda item: (order.get(item[1].fleet, 99), item[1].zone, item[1].states[0][0]),
    )
    end = _span(day)[1]
    figure = go.Figure()
    for state, colour in STATE_COLOURS.items():
        bars = [
            (name, at, until) for name, track in tracks for at, until in _spells(track, state, end)
        ]
        if bars:
            figure.add_trace(_bars(state, colour, bars, dict(tracks)))
    labels = [_label(name, track) for name, track in tracks]
    figure.update_layout(
        template="plotly_white", barmode="overlay", bargap=0.15,
        height=140 + 17 * len(labels), margin={"l": MARGIN, "r": 20, "t": 60, "b": 40},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"},
    )  # fmt: skip
    figure.update_yaxes(categoryorder="array", categoryarray=labels[::-1], tickfont={"size": 10})
    figure.update_xaxes(type="date", range=_span(day))
    for _, begins, ends in _times(scenario):
        figure.add_vrect(x0=begins, x1=ends, **SHADE)
    return figure


def _spells(track: TargetTrack, state: str, end: datetime) -> Iterable[tuple[datetime, datetime]]:
    """Yield when a target was in a state, from and to."""
    following = [at for at, _ in track.states[1:]] + [end]
    for (at, held), until in zip(track.states, following, strict=True):
        shown = HELD_OUT if held == "gone" and until < end else held.split(".")[0]
        if shown == state and until > at:
            yield at, until


def _bars(
    state: str,
    colour: str,
    bars: Sequence[tuple[str, datetime, datetime]],
    tracks: Mapping[str, TargetTrack],
) -> go.Bar:
    return go.Bar(
        name=state, orientation="h", marker={"color": colour},
        y=[_label(name, tracks[name]) for name, _, _ in bars],
        base=[at for _, at, _ in bars],
        x=[(until - at).total_seconds() * 1000 for _, at, until in bars],
        hovertemplate="%{y}: " + state + " from %{base}<extra></extra>",
    )  # fmt: skip


def _label(name: str, track: TargetTrack) -> str:
    return f"{track.fleet} {track.zone[-2:]} {name.split(':', maxsplit=1)[0][-8:]}"
