"""One Lambda execution environment: AWS's own runtime client in a child, and the API it asks.

The child is ``python -m awslambdaric HANDLER``, as in Lambda; the Runtime API it polls for events
is ours, on a loopback port of its own. One invocation at a time.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
VERSION = "/2018-06-01/runtime"
START_S = 20.0
"""How long the child may take before it asks for its first event."""
STOP_S = 3.0


class FunctionFailed(Exception):
    """An invocation ended in an error: raised by the handler, in init, by time or by dying."""


@dataclass(slots=True)
class Invocation:
    """One event on its way through the child."""

    event: bytes
    function_arn: str
    timeout_s: float
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    done: threading.Event = field(default_factory=threading.Event)
    answer: bytes = b""
    error: str = ""

    def end(self, answer: bytes = b"", error: str = "") -> None:
        """Note how it ended; the first end counts."""
        if not self.done.is_set():
            self.answer, self.error = answer, error
            self.done.set()


class RuntimeApi:
    """Lambda's Runtime API for one child.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """

    def __init__(self) -> None:
        self.waiting: queue.Queue[Invocation | None] = queue.Queue()
        self.ready = threading.Event()
        """Set once the child has asked for an event: its init is over."""
        self.init_error = ""
        self.current: Invocation | None = None
        self._server = ThreadingHTTPServer(
            (LOOPBACK, 0), type("Handler", (_Handler,), {"api": self})
        )
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port, as AWS_LAMBDA_RUNTIME_API takes them."""
        return f"{LOOPBACK}:{self._server.server_address[1]}"

    def next(self) -> Invocation | None:
        """Wait for the next invocation; None when there will be none."""
        self.ready.set()
        self.current = self.waiting.get()
        return self.current

    def ended(self, request_id: str, answer: bytes = b"", error: str = "") -> None:
        """Take the child's answer to an invocation; one that is over already is dropped."""
        if self.current is not None and self.current.id == request_id:
            self.current.end(answer, error)

    def failed_to_start(self, error: str) -> None:
        """Take the child's word that its init failed."""
        self.init_error = error
        self.ready.set()

    def close(self) -> None:
        """Let the child's poll end, and stop listening."""
        self.waiting.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    api: RuntimeApi
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each invocation waits 40 ms for an acknowledgement

    def do_GET(self) -> None:
        """Hand out the next invocation."""
        invocation = self.api.next() if self.path == f"{VERSION}/invocation/next" else None
        if invocation is None:
            self._answer(410, b"{}")
            return
        deadline_ms = int(1000 * (time.time() + invocation.timeout_s))
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            "Lambda-Runtime-Trace-Id": _trace_id(),
        }
        self._answer(200, invocation.event, headers)

    def do_POST(self) -> None:
        """Take an answer or an error."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = self.path.removeprefix(f"{VERSION}/").split("/")
        match parts:
            case ["invocation", request_id, "response"]:
                self.api.ended(request_id, answer=body)
            case ["invocation", request_id, "error"]:
                self.api.ended(request_id, error=_error_of(body))
            case ["init", "error"]:
                self.api.failed_to_start(_error_of(body))
            case _:
                self._answer(404, b"{}")
                return
        self._answer(202, b'{"status":"OK"}')

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] = {}) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may have died
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name it has there)
        """Say nothing: every event would be a line."""


class Environment:
    """A child and its API. Made on the first event, kept warm, ended on a time-out or a crash."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        variables: Mapping[str, str],
        heard: Callable[[str], None],
    ) -> None:
        self._heard = heard
        self._api = RuntimeApi()
        self._lock = threading.Lock()
        self._child = subprocess.Popen(  # noqa: S603 (our own interpreter, no shell)
            list(command),
            cwd=folder,
            env={**variables, "AWS_LAMBDA_RUNTIME_API": self._api.address},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._child.pid

    @property
    def is_alive(self) -> bool:
        """Whether it can take another event."""
        return self._child.poll() is None and not self._api.init_error

    def invoke(self, event: bytes, function_arn: str, timeout_s: float) -> bytes:
        """Run the handler on an event and return its answer; raise ``FunctionFailed``."""
        with self._lock:
            self._await_start()
            invocation = Invocation(event, function_arn, timeout_s)
            self._api.waiting.put(invocation)
            ends = time.monotonic() + timeout_s
            while not invocation.done.wait(0.1):
                if self._child.poll() is not None:
                    invocation.end(error=f"Runtime exited with status {self._child.returncode}")
                elif time.monotonic() > ends:
                    self.stop()
                    invocation.end(error=f"Task timed out after {timeout_s:.2f} seconds")
        if invocation.error:
            raise FunctionFailed(invocation.error)
        return invocation.answer

    def kill(self) -> None:
        """End the child, whatever it is doing, without waiting for its end."""
        if self._child.poll() is None:
            self._child.kill()

    def stop(self) -> None:
        """End the child, and all that listens to it."""
        self.kill()
        self._child.wait(STOP_S)
        self._api.close()
        self._reader.join(STOP_S)
        if self._child.stdout is not None:
            self._child.stdout.close()

    def _await_start(self) -> None:
        ends = time.monotonic() + START_S
        while not self._api.ready.wait(0.05):
            if self._child.poll() is not None:
                raise FunctionFailed(f"Init: exited with status {self._child.returncode}")
            if time.monotonic() > ends:
                self.stop()
                raise FunctionFailed(f"Init: not ready after {START_S:.0f} seconds")
        if self._api.init_error:
            raise FunctionFailed(f"Init: {self._api.init_error}")

    def _read(self) -> None:
        assert self._child.stdout is not None  # noqa: S101 (we asked for a pipe)
        for line in self._child.stdout:
            self._heard(line.decode("utf-8", "replace").rstrip("\r\n"))


def _error_of(body: bytes) -> str:
    try:
        said = json.loads(body)
    except json.JSONDecodeError:
        return body.decode("utf-8", "replace")
    return f"{said.get('errorType', 'Error')}: {said.get('errorMessage', '')}"


def _trace_id() -> str:
    digits = uuid.uuid4().hex
    return f"Root=1-{int(time.time()):08x}-{digits[:24]};Parent={digits[:16]};Sampled=0"
