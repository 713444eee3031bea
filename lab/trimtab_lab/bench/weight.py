"""How heavy the functions are: what their import costs, and how large the built layer is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CLIENTS = {
    "schedule": ("dynamodb", "sqs"),
    "wake": ("dynamodb", "sqs"),
    "reconcile": ("dynamodb", "elb", "autoscaling", "cloudwatch"),
    "act": ("dynamodb", "elb", "autoscaling"),
    "notify": ("dynamodb", "sns"),
    "anchor": ("dynamodb", "s3"),
    "warden": ("dynamodb", "elb", "autoscaling"),
    "access": ("dynamodb", "elb", "ec2", "s3"),
}
"""The boto3 clients each function builds before it can do its work."""
ROOT = Path(__file__).resolve().parents[3]
BUILT_LAYER = ROOT / ".aws-sam" / "build"
IMPORT_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")
OUTERMOST = 1
"""Spaces before the name of a module that nobody else imported."""

PROBE = """
import os, sys, time
began = time.perf_counter()
import functions.{name}.handler as handler
imported = time.perf_counter()
from trimtab.adapters.aws.clients import Clients
clients = Clients(None, "us-east-1")
for client in {clients!r}:
    getattr(clients, client)
wired = time.perf_counter()
print(f"{{(imported - began) * 1000:.1f}} {{(wired - imported) * 1000:.1f}}")
"""


@dataclass(frozen=True, slots=True)
class Start:
    """Milliseconds from a started Python to a function ready to handle its first event."""

    function: str
    import_ms: float
    wiring_ms: float
    heaviest: tuple[tuple[str, float], ...]


def starts() -> list[Start]:
    """Measure each function in fresh processes, compiled once: the median of three."""
    with tempfile.TemporaryDirectory() as compiled:
        return [_start(name, compiled) for name in CLIENTS]


def _start(name: str, compiled: str) -> Start:
    _probe(name, compiled)
    imported, wired = sorted(_probe(name, compiled) for _ in range(3))[1]
    return Start(name, imported, wired, tuple(_heaviest(name, compiled)))


def _environment(compiled: str) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    fake = {
        "PYTHONPYCACHEPREFIX": compiled,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "TRIMTAB_MEMORY_TABLE": "memory",
        "TRIMTAB_LOG_TABLE": "log",
        "TRIMTAB_TICKS_TABLE": "ticks",
        "TRIMTAB_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/work.fifo",
        "TRIMTAB_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:topic",
        "POWERTOOLS_SERVICE_NAME": "trimtab",
        "POWERTOOLS_METRICS_NAMESPACE": "Trimtab",
    }
    return {**inherited, **fake}


def _run(arguments: list[str], compiled: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own interpreter and text)
        [sys.executable, *arguments],
        cwd=ROOT, env=_environment(compiled), capture_output=True, text=True, check=True,
    )  # fmt: skip


def _probe(name: str, compiled: str) -> tuple[float, float]:
    text = PROBE.format(name=name, clients=CLIENTS[name])
    imported, wired = _run(["-c", text], compiled).stdout.split()
    return float(imported), float(wired)


def _heaviest(name: str, compiled: str, most: int = 4) -> Iterator[tuple[str, float]]:
    """Yield the packages that cost most to import, by ``-X importtime``, in milliseconds."""
    text = _run(["-X", "importtime", "-c", f"import functions.{name}.handler"], compiled).stderr
    own: dict[str, int] = {}
    for line in text.splitlines():
        if found := IMPORT_LINE.match(line):
            package = found[4].split(".")[0]
            own[package] = own.get(package, 0) + int(found[1])
    for package in sorted(own, key=lambda p: -own[p])[:most]:
        yield package, own[package] / 1000


@dataclass(frozen=True, slots=True)
class Size:
    """A folder's size: all its files, and ours among them."""

    total_kb: float
    ours_kb: float
    files: int


def layer_size() -> Size | None:
    """Measure the built layer; ``None`` if nothing is built."""
    layers = sorted(BUILT_LAYER.glob("*Layer*/python")) if BUILT_LAYER.exists() else []
    if not layers:
        return None
    files = [f for f in layers[0].rglob("*") if f.is_file() and "__pycache__" not in f.parts]
    ours = [f for f in files if f.relative_to(layers[0]).parts[0] == "trimtab"]
    return Size(
        total_kb=sum(f.stat().st_size for f in files) / 1024,
        ours_kb=sum(f.stat().st_size for f in ours) / 1024,
        files=len(files),
    )
