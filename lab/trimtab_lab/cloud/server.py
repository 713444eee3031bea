"""The local cloud as a whole: opened, it serves until it is closed."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any
from unittest.mock import patch

import boto3
from moto.core.responses import BaseResponse
from moto.events.models import EventsBackend
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from trimtab_lab.cloud.bus import Bus
from trimtab_lab.cloud.clockwork import Clockwork
from trimtab_lab.cloud.control import Control
from trimtab_lab.cloud.desk import Desk
from trimtab_lab.cloud.lambdas import Lambdas
from trimtab_lab.cloud.later import Later
from trimtab_lab.cloud.moto_gaps import gaps_closed
from trimtab_lab.cloud.rights import DeployedRoles
from trimtab_lab.cloud.runtime import LOOPBACK
from trimtab_lab.cloud.sources import Sources
from trimtab_lab.cloud.stacks.api import CloudFormation
from trimtab_lab.cloud.stacks.kinds import Aws
from trimtab_lab.embedded import autoscaling, cloudwatch, ec2, elb
from trimtab_lab.embedded.account import FAKE
from trimtab_lab.embedded.calls import CallLog
from trimtab_lab.embedded.moto_fixes import moto_fixed
from trimtab_lab.embedded.wire import passing
from trimtab_lab.world.world import World

PYTHON = Path(__file__).parents[3] / ".venv-runtime" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Cloud:
    """A local cloud that is serving."""

    endpoint: str
    """For ``AWS_ENDPOINT_URL``. `localhost`, not 127.0.0.1: S3 addresses stay as `sam` expects."""
    control: str
    world: World
    lambdas: Lambdas


@contextmanager
def serving(world: World, port: int = 0, python: Path = PYTHON) -> Iterator[Cloud]:
    """Serve a world on loopback; end every thread and child at the end."""
    if not python.exists():
        raise FileNotFoundError(f"{python} is missing; make it with `sh tools/setup runtime`")
    topology = world.scenario.topology
    desk = Desk(world, _answers(), CallLog())
    desk.guardrail = DeployedRoles(world)
    with ExitStack() as stack:
        stack.enter_context(_patched(desk))
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="local-cloud-")))
        server = _listening(port)
        stack.callback(server.server_close)
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        stack.callback(server.shutdown)
        endpoint = f"http://localhost:{server.server_address[1]}"
        aws = Aws(_session(topology.region), endpoint, topology.account, topology.region)
        lambdas = Lambdas(aws, python, work, desk.key_of)
        stack.callback(lambdas.stop)
        control = Control(desk, lambdas)
        control.start()
        stack.callback(control.stop)
        _run(stack, desk, aws, lambdas)
        yield Cloud(endpoint, control.url, world, lambdas)


def _run(stack: ExitStack, desk: Desk, aws: Aws, lambdas: Lambdas) -> None:
    """Start what moves by itself."""
    later = Later(aws, lambdas)
    stack.callback(later.stop)
    bus = Bus(aws, later)
    clockwork = Clockwork(desk, aws, bus)
    lambdas.heard = clockwork.printed.hear
    desk.learn(clockwork.actions.answers())
    stack.enter_context(patch.object(EventsBackend, "put_events", _put_by(bus)))
    desk.learn(CloudFormation(aws).answers())
    sources = Sources(aws, lambdas)
    for part in (bus, clockwork, sources):
        part.start()
        stack.callback(part.stop)


def _put_by(bus: Bus) -> Any:
    def put_events(_: EventsBackend, events: list[dict[str, Any]]) -> list[dict[str, str]]:
        return bus.put_events(events)

    return put_events


def _answers() -> dict[Any, Any]:
    answers = {**elb.ANSWERS, **autoscaling.ANSWERS, **ec2.ANSWERS}
    return {**answers, **cloudwatch.answers(lambda _: False)}


def _session(region: str) -> boto3.Session:
    return boto3.Session(aws_access_key_id=FAKE, aws_secret_access_key=FAKE, region_name=region)


def _listening(port: int) -> BaseWSGIServer:
    class Quiet(MotoRequestHandler):
        def log_request(self, *_: Any) -> None:
            """Say nothing: there are hundreds a second."""

    app = DomainDispatcherApplication(create_backend_app)
    return make_server(LOOPBACK, port, app, threaded=True, request_handler=Quiet)


@contextmanager
def _patched(desk: Desk) -> Iterator[None]:
    """Let moto ask the desk, mend it, and keep real accounts out of reach."""
    quiet = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MOTO_"))}
    safe = {
        "AWS_ACCESS_KEY_ID": FAKE,
        "AWS_SECRET_ACCESS_KEY": FAKE,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    with ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, quiet | safe, clear=True))
        stack.enter_context(moto_fixed(sleep))
        stack.enter_context(
            patch.object(BaseResponse, "call_action", passing(desk, BaseResponse.call_action))
        )
        stack.enter_context(gaps_closed())
        yield
