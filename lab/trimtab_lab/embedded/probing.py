"""Probes without a network: the survey's and the probe's real handlers, the world's answers.

Lambda's Invoke is answered here, since stock moto would start a container; what the probe would ask
over the network it asks the world.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from trimtab.adapters.aws import probes
from trimtab.model.errand import Addressed, Brought, Errand, Run
from trimtab_lab.embedded.functions import FunctionError, Functions
from trimtab_lab.embedded.template import STACK
from trimtab_lab.embedded.wire import Switchboard
from trimtab_lab.simulator.probes import brought
from trimtab_lab.world.access_log import address_of
from trimtab_lab.world.world import World

AskAll = Callable[[Run, float], Brought]
_INVOKE = probes.invoke


@contextmanager
def probing(world: World, board: Switchboard, functions: Functions) -> Iterator[None]:
    """Let surveys reach the probes, and probes the world."""
    lock = RLock()

    def invoke(_: object, function: str, payload: bytes) -> bytes:
        with lock:  # the threads of a survey: handlers run one at a time here
            refusal = board.judged("lambda", "Invoke", {"FunctionName": function})
            name = function.removeprefix(f"{STACK}-")
            with patch("functions.probe.handler.ask_all", asking(world, name, functions)):
                answer = _answer(functions, name, payload, refusal)
            return _INVOKE(SimpleNamespace(invoke=lambda **_: answer), function, payload)

    with patch.object(probes, "invoke", invoke):
        yield


def _answer(functions: Functions, name: str, payload: bytes, refusal: object) -> Mapping[str, Any]:
    """Answer as Lambda does: a function that failed is no error of the call."""
    if refusal is not None:
        return {"FunctionError": "AccessDenied", "Payload": io.BytesIO(str(refusal).encode())}
    try:
        body = json.dumps(functions.invoke(name, json.loads(payload)))
    except FunctionError as error:
        return {"FunctionError": "Unhandled", "Payload": io.BytesIO(str(error).encode())}
    return {"Payload": io.BytesIO(body.encode())}


def asking(world: World, name: str, functions: Functions) -> AskAll:
    """Ask the world from the zone of a probe, in place of the network."""
    zones = world.scenario.topology.zones
    number = int(name.removeprefix("probe") or "1") - 1
    at = {address_of(instance.id): instance.id for instance in world.instances()}

    def known(errand: Errand) -> Errand:
        targets = (Addressed(t.target, at.get(t.address, ""), t.port) for t in errand.targets)
        return Errand(errand.service, errand.fleet, errand.probe, tuple(targets))

    def ask_all(run: Run, _seconds: float) -> Brought:
        return brought(world, zones[number % len(zones)], Run(tuple(known(e) for e in run.errands)))

    return ask_all


__all__ = ["probing"]
