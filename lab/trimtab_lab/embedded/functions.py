"""The real handlers, run as Lambda runs them: one at a time, with the stack's environment."""

from __future__ import annotations

import importlib
import io
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from trimtab import telemetry
from trimtab_lab.embedded.stack import Stack
from trimtab_lab.embedded.template import STACK
from trimtab_lab.embedded.wire import Killed, Switchboard

KEPT_LINES = 5000


class FunctionError(Exception):
    """An invocation ended in an error, as Lambda reports it to whoever invoked."""


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda tells a handler of itself."""

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    remaining_ms: int
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 512

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds before the time-out; here time stands still."""
        return self.remaining_ms


class Output(io.TextIOBase):
    """What the functions print: the newest lines of their log groups."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.trouble: list[str] = []
        """Lines logged as errors since last taken."""

    def write(self, text: str) -> int:
        """Take what was printed."""
        for line in text.splitlines():
            if line.strip():
                self.lines.append(line)
                if '"level":"ERROR"' in line:
                    self.trouble.append(line)
        return len(text)

    def take_trouble(self) -> list[str]:
        """Take the errors logged since last asked."""
        taken, self.trouble = self.trouble, []
        return taken


class Functions:
    """Invokes the handlers of ``functions/*/handler.py``."""

    def __init__(self, stack: Stack, board: Switchboard) -> None:
        self.output = Output()
        self.stopped: set[str] = set()
        """Functions that Lambda does not run, as with a reserved concurrency of 0."""
        self._board = board
        self._arn = f"arn:aws:lambda:{stack.template.region}:{stack.template.account}:function"
        self._environment = {name: stack.environment(name) for name in stack.functions}
        self._timeouts_ms = {name: 1000 * stack.timeout(name) for name in stack.functions}
        self._count = 0

    @contextmanager
    def started(self) -> Iterator[None]:
        """Let the handlers connect anew, here and after; their lines go to ``output``."""
        handler = telemetry.logger.registered_handler
        stream = handler.stream  # type: ignore[attr-defined]  # Powertools registers a StreamHandler
        self._restart_all()
        handler.setStream(self.output)  # type: ignore[attr-defined]
        try:
            yield
        finally:
            handler.setStream(stream)  # type: ignore[attr-defined]
            self._restart_all()

    def invoke(self, function: str, event: object) -> Any:
        """Run a handler; raise ``FunctionError`` if it raised or was killed."""
        if function in self.stopped:
            raise FunctionError(f"{function}: stopped")
        self._count += 1
        context = Context(
            f"{STACK}-{function}",
            f"{self._arn}:{STACK}-{function}",
            f"00000000-0000-4000-8000-{self._count:012}",
            self._timeouts_ms[function],
        )
        caller, self._board.function = self._board.function, function
        try:
            with _environment(self._environment[function]), redirect_stdout(self.output):
                return _handler(function)(event, context)
        except Killed:
            restart(function)
            raise FunctionError(f"{function}: killed") from None
        except Exception as error:
            raise FunctionError(f"{function}: {type(error).__name__}: {error}") from error
        finally:
            self._board.function = caller

    def _restart_all(self) -> None:
        for function in self._environment:
            restart(function)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while. Unlike ``patch.dict`` it leaves the others alone, for speed."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def restart(function: str) -> None:
    """Forget what a handler keeps between events, as a new execution environment would."""
    for value in vars(_module(function)).values():
        if callable(getattr(value, "cache_clear", None)):
            value.cache_clear()


def _module(function: str) -> ModuleType:
    code = function.rstrip("0123456789")  # the probe, in several places
    return importlib.import_module(f"functions.{code}.handler")


def _handler(function: str) -> Callable[[object, Context], Mapping[str, Any]]:
    handler: Callable[[object, Context], Mapping[str, Any]] = _module(function).lambda_handler
    return handler
