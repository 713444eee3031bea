"""The report: one HTML file that needs nothing else, to be opened, kept or mailed."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape

from trimtab_lab.demo.day import Day, Numbers, counts_of, numbers_of, timeline
from trimtab_lab.demo.figures import overview, targets
from trimtab_lab.world.scenario import Scenario


def write_report(path: Path, scenario: Scenario, with_it: Day, without: Day) -> Path:
    """Write the report of a day, with and without Trimtab; return its path."""
    env = Environment(
        loader=PackageLoader("trimtab_lab", "demo"),
        autoescape=select_autoescape(("html", "html.j2")),
    )
    both = (numbers_of(with_it), numbers_of(without))
    drawn = overview(scenario, with_it, without).to_html(full_html=False, include_plotlyjs=True)
    states = targets(scenario, with_it, with_it.recorder.fleets).to_html(
        full_html=False, include_plotlyjs=False
    )
    text = env.get_template("page.html.j2").render(
        title=f"A bad day at {scenario.topology.load_balancer}",
        notes=scenario.notes,
        seed=scenario.seed,
        names=(with_it.name, without.name),
        rows=rows_of(both),
        counts=counts_of(with_it.entries),
        overview=drawn,
        targets=states,
        timeline=timeline(with_it.entries, with_it.events),
        told=with_it.told,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def rows_of(days: tuple[Numbers, ...]) -> list[tuple[str, list[str]]]:
    """Lay days side by side, one row a number, in the order a person would ask."""
    return [
        ("requests", [f"{d.requests:,}" for d in days]),
        ("failed requests", [f"{d.failed:,}" for d in days]),
        ("share that failed", [f"{d.failed_share:.3%}" for d in days]),
        ("slower than the objective", [f"{d.slow:,}" for d in days]),
        ("latency p50 / p95 / p99 (ms)", [_latencies(d) for d in days]),
        (
            "minutes in which users noticed (1 % failed)",
            [str(d.minutes_with_failures) for d in days],
        ),
        ("minutes short of capacity", [str(d.minutes_short) for d in days]),
        ("under-provisioned, mean lack (%)", [f"{d.under_percent:.2f}" for d in days]),
        ("over-provisioned, mean surplus (%)", [f"{d.over_percent:.1f}" for d in days]),
        ("instance-hours", [f"{d.instance_hours:.1f}" for d in days]),
    ]


def _latencies(day: Numbers) -> str:
    return f"{day.p50_ms:.0f} / {day.p95_ms:.0f} / {day.p99_ms:.0f}"
