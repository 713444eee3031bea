"""What a deployed stack has, counted in the template itself."""

from __future__ import annotations

from pathlib import Path

from trimtab_lab.bench.cost import Stack
from trimtab_lab.sam import load, transform

TEMPLATE = Path(__file__).resolve().parents[3] / "template.yaml"
CUSTOM_METRICS = 4
"""Metrics a quiet deployment sends: heartbeat, ticks, duration, metrics read."""


def stack_of_template() -> Stack:
    """Count alarms, dashboards and keys in the transformed template, every option on."""
    kinds = [r["Type"] for r in transform(load(TEMPLATE))["Resources"].values()]
    return Stack(
        alarms=kinds.count("AWS::CloudWatch::Alarm"),
        custom_metrics=CUSTOM_METRICS,
        dashboards=kinds.count("AWS::CloudWatch::Dashboard"),
        keys=kinds.count("AWS::KMS::Key"),
    )
