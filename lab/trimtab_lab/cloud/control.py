"""A second port, for whoever plays with the local cloud: look into the world, and break it.

``GET /world``, ``/functions``, ``/calls``, ``/refusals``; ``POST /faults`` with ``{"kind": "dead",
"fleet": "blue", "k": 0}``; ``DELETE /faults`` ends them all; ``POST /invocations`` with
``{"function": "trimtab-anchor", "event": {}}`` runs a function at once, as nobody's schedule would.
JSON both ways. Not an AWS API.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from trimtab_lab.cloud.desk import Desk
from trimtab_lab.cloud.lambdas import Lambdas
from trimtab_lab.cloud.runtime import LOOPBACK, FunctionFailed
from trimtab_lab.world.faults import Everywhere, Fault, FaultKind, KthTarget, Where, WholeFleet

Json = dict[str, Any]


class Control:
    """Answers about the world, on loopback."""

    def __init__(self, desk: Desk, lambdas: Lambdas) -> None:
        self._desk = desk
        self._lambdas = lambdas
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://localhost:{self._server.server_address[1]}"

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def world(self) -> Json:
        """What is the case in the world."""
        world = self._desk.world
        with self._desk.lock:
            return {
                "now": world.now.isoformat(),
                "targets": {
                    group.name: [
                        {"id": t.id, "state": t.state, "reason": t.reason}
                        for t in world.describe_target_health(group.arn)
                    ]
                    for group in world.target_groups()
                },
                "groups": {
                    group.name: {
                        "desired": group.desired,
                        "instances": {i.id: i.lifecycle for i in group.instances},
                    }
                    for group in world.describe_groups()
                },
                "weights": {rule.arn: dict(rule.weights) for rule in world.rules()},
                "alarms": {view.spec.name: view.state.value for view in world.alarms()},
                "faults": [fault.kind for fault in world.active_faults()],
            }

    def functions(self) -> Json:
        """What became of each function's invocations, and what it printed last."""
        pids = self._lambdas.pids()
        return {
            name: {
                "counts": dict(record.counts),
                "errors": list(record.errors),
                "lines": list(record.lines)[-200:],
                "pid": pids.get(name),
                "runs_in": record.folder,
                "access_key": self._desk.key_of(name),
            }
            for name, record in self._lambdas.records.items()
        }

    def calls(self) -> Json:
        """How often each function called each operation of each service."""
        with self._desk.lock:
            counted = self._desk.calls.counted()
        calls: Json = {}
        for (function, service, operation), times in sorted(counted.items()):
            calls.setdefault(function, {})[f"{service}:{operation}"] = times
        return calls

    def refusals(self) -> Json:
        """What each function called and IAM refused."""
        with self._desk.lock:
            calls = list(self._desk.calls.calls)
        refused: Json = {}
        for call in calls:
            if call.error.startswith("AccessDenied"):
                refused.setdefault(call.function, []).append(f"{call.service}:{call.operation}")
        return refused

    def break_something(self, wanted: Json) -> Json:
        """Switch a fault on."""
        fault = fault_of(wanted)
        with self._desk.lock:
            self._desk.world.switch_on(fault)
        return {"on": wanted}

    def run_function(self, wanted: Json) -> Json:
        """Run a function now; its answer, or what went wrong."""
        if wanted.keys() != {"function", "event"}:
            raise ValueError("expected an object with function and event")
        try:
            return {"answer": self._lambdas.invoke(str(wanted["function"]), wanted["event"])}
        except FunctionFailed as failed:
            return {"failed": str(failed)}

    def mend_everything(self) -> Json:
        """Switch every fault off."""
        with self._desk.lock:
            for fault in self._desk.world.active_faults():
                self._desk.world.switch_off(fault)
        return {}


def fault_of(wanted: Json) -> Fault:
    """Read a fault; raise ``ValueError`` saying what is wrong with it."""
    known = {"kind", "fleet", "k", "lasts_s", "amount"}
    if not {"kind"} <= wanted.keys() <= known:
        raise ValueError(f"expected an object with kind, and of {sorted(known)}")
    where: Where = Everywhere()
    if "fleet" in wanted:
        fleet = str(wanted["fleet"])
        where = KthTarget(fleet, int(wanted["k"])) if "k" in wanted else WholeFleet(fleet)
    lasts = wanted.get("lasts_s")
    return Fault(
        FaultKind(wanted["kind"]),
        where,
        lasts_s=None if lasts is None else int(lasts),
        amount=float(wanted.get("amount", 1.0)),
    )


def _handler(control: Control) -> type[BaseHTTPRequestHandler]:
    looks: dict[str, Callable[[], Json]] = {
        "/world": control.world,
        "/functions": control.functions,
        "/calls": control.calls,
        "/refusals": control.refusals,
    }

    does: dict[str, Callable[[Json], Json]] = {
        "/faults": control.break_something,
        "/invocations": control.run_function,
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Look."""
            look = looks.get(self.path)
            self._answer(404, {"try": list(looks)}) if look is None else self._answer(200, look())

        def do_POST(self) -> None:
            """Break something, or run something."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                do = does.get(self.path, control.break_something)
                self._answer(200, do(dict(json.loads(body))))
            except (TypeError, ValueError) as error:
                self._answer(400, {"error": str(error)})

        def do_DELETE(self) -> None:
            """Mend."""
            self._answer(200, control.mend_everything())

        def _answer(self, status: int, answer: Json) -> None:
            body = json.dumps(answer, default=str).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name it has there)
            """Say nothing."""

    return Handler
