"""Lambda: the functions that were uploaded, each in one warm execution environment.

As in Lambda, the code lies in a folder that is the task root, layers in another that is /opt to it,
and the interpreter has awslambdaric and boto3 and nothing else. Unlike Lambda: one environment per
function, so invocations of one wait for each other; this machine's processor, whatever
``Architectures`` says (the code is pure Python); ``AWS_ENDPOINT_URL`` leads back here.
"""

from __future__ import annotations

import io
import json
import shutil
import threading
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.awslambda.models import lambda_backends

from trimtab_lab.cloud.runtime import Environment, FunctionFailed
from trimtab_lab.cloud.stacks.kinds import Aws

KEPT_LINES = 2000
_VOLATILE = ("LastModified", "RevisionId", "ResponseMetadata", "StateReason", "Description")


@dataclass(slots=True)
class Record:
    """What became of a function's invocations."""

    counts: Counter[str] = field(default_factory=Counter)
    """``invoked`` and ``failed``, and ``started`` environments."""
    folder: str = ""
    """Holds ``task``, the unpacked code, and ``opt``, the unpacked layers."""
    errors: deque[str] = field(default_factory=lambda: deque(maxlen=50))
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))


class Lambdas:
    """Runs functions. ``heard`` gets every line they print."""

    def __init__(self, aws: Aws, python: Path, work: Path, key_of: Callable[[str], str]) -> None:
        self.records: dict[str, Record] = {}
        self.heard: Callable[[str], None] = _ignore
        self._aws = aws
        self._python = python
        self._work = work
        self._key_of = key_of
        self._running: dict[str, tuple[str, Environment]] = {}
        self._lock = threading.Lock()
        self._in_turn: dict[str, threading.Lock] = {}
        self._stopped = False

    def invoke(self, function: str, event: object) -> Any:
        """Run a function on an event; raise ``FunctionFailed`` with what went wrong."""
        name = name_of(function)
        with self._lock:
            record = self.records.setdefault(name, Record())
            turn = self._in_turn.setdefault(name, threading.Lock())
        with turn:
            record.counts["invoked"] += 1
            try:
                config = self._configuration(name)
                environment = self._environment(name, config, record)
                answer = environment.invoke(
                    json.dumps(event, default=str).encode(),
                    config["FunctionArn"],
                    float(config["Timeout"]),
                )
                return json.loads(answer or b"null")
            except FunctionFailed as failed:
                record.counts["failed"] += 1
                record.errors.append(str(failed))
                raise FunctionFailed(f"{name}: {failed}") from None

    def stop(self) -> None:
        """End every child."""
        with self._lock:
            self._stopped = True
            running, self._running = list(self._running.values()), {}
        for _, environment in running:
            environment.kill()
        for _, environment in running:
            environment.stop()

    def pids(self) -> dict[str, int]:
        """Process ids of the children, by function."""
        return {name: environment.pid for name, (_, environment) in self._running.items()}

    def _configuration(self, name: str) -> dict[str, Any]:
        lambdas = self._aws.client("lambda")
        try:
            found: dict[str, Any] = lambdas.get_function_configuration(FunctionName=name)
        except lambdas.exceptions.ResourceNotFoundException:
            raise FunctionFailed("there is no such function") from None
        return found

    def _environment(self, name: str, config: Mapping[str, Any], record: Record) -> Environment:
        """The function's warm environment; a new one if it has none, or was deployed anew."""
        made_from = json.dumps(
            {k: v for k, v in config.items() if k not in _VOLATILE}, sort_keys=True, default=str
        )
        known, environment = self._running.get(name, ("", None))
        if environment is not None and known == made_from and environment.is_alive:
            return environment
        if environment is not None:
            environment.stop()
        started = self._start(name, config, record)
        with self._lock:
            if self._stopped:
                started.stop()
                raise FunctionFailed("the local cloud is shutting down")
            self._running[name] = (made_from, started)
        return started

    def _start(self, name: str, config: Mapping[str, Any], record: Record) -> Environment:
        record.counts["started"] += 1
        record.folder = str(self._work / name)
        task, opt = self._work / name / "task", self._work / name / "opt"
        for folder in (task, opt):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        backend = lambda_backends[self._aws.account][self._aws.region]
        _unpack(backend.get_function(name).code_bytes, task)
        for layer in config.get("Layers", []):
            version = backend.layers_versions_by_arn(layer["Arn"])
            if version is None:
                raise FunctionFailed(f"Init: there is no layer {layer['Arn']}")
            _unpack(version.code_bytes, opt)

        def heard(line: str) -> None:
            record.lines.append(line)
            self.heard(line)

        command = [str(self._python), "-m", "awslambdaric", config["Handler"]]
        return Environment(command, task, self._variables(config, task, opt), heard)

    def _variables(self, config: Mapping[str, Any], task: Path, opt: Path) -> dict[str, str]:
        """What Lambda sets, what the function's configuration sets, and the way back here."""
        name = config["FunctionName"]
        logging = config.get("LoggingConfig") or {}
        given = config.get("Environment", {}).get("Variables", {})
        return {
            **given,
            "_HANDLER": config["Handler"],
            "AWS_ACCESS_KEY_ID": self._key_of(name),
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
            "AWS_REGION": self._aws.region,
            "AWS_DEFAULT_REGION": self._aws.region,
            "AWS_ENDPOINT_URL": self._aws.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat", "Text"),
            "AWS_LAMBDA_LOG_LEVEL": logging.get("ApplicationLogLevel", "INFO"),
            "LAMBDA_TASK_ROOT": str(task),
            "LANG": "en_US.UTF-8",
            "PYTHONPATH": f"{task}:{opt / 'python'}",
            "TZ": ":UTC",
        }


def name_of(function: str) -> str:
    """The name in a function's ARN, or the name itself."""
    return function.split(":function:", 1)[-1].split(":", 1)[0]


def _unpack(code: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(code)) as packed:
        packed.extractall(folder)


def _ignore(_: str) -> None:
    """Let a line pass."""
