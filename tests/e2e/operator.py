"""Whoever deploys and operates: the real `sam` and `trimtab` commands, and the AWS SDK."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3

ROOT = Path(__file__).parents[2]
SAM = ROOT / ".venv-sam" / "bin" / "sam"
TRIMTAB = ROOT / ".venv" / "bin" / "trimtab"
STACK = "trimtab"
REGION = "us-east-1"
NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there: what is not for this machine fails, at once."""
T = TypeVar("T")


@dataclass(frozen=True)
class Operator:
    """Somebody at a terminal, with ``AWS_ENDPOINT_URL`` set to a local cloud."""

    endpoint: str
    control: str
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """All that a command sees: fake credentials, this endpoint, nothing of the machine's."""
        return {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "HOME": str(self.home),
            "HTTP_PROXY": NOWHERE,
            "HTTPS_PROXY": NOWHERE,
            "NO_PROXY": "localhost,127.0.0.1",
            "LANG": "C.UTF-8",
            "COLUMNS": "200",
            "PATH": f"{SAM.parent}:/usr/bin:/bin",
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "1",
        }

    def sam(self, *words: str) -> str:
        """Run `sam` in the project's folder and return what it said."""
        return self._run(SAM, words)

    def deploy(self, **parameters: str) -> str:
        """Run `sam deploy` with the project's samconfig.toml and some parameters."""
        overrides = " ".join(f"{name}={value}" for name, value in parameters.items())
        return self.sam(
            "deploy", "--no-confirm-changeset", "--no-progressbar",
            "--parameter-overrides", overrides,
        )  # fmt: skip

    def trimtab(self, *words: str | Path) -> str:
        """Run `trimtab` on the stack and return what it said."""
        return self._run(TRIMTAB, ("--stack", STACK, *(str(word) for word in words)))

    @functools.cache  # noqa: B019 (as long-lived as the tests)
    def aws(self, service: str) -> Any:
        """Return an SDK client of a service."""
        session: Any = boto3.Session(
            aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION
        )
        return session.client(service, endpoint_url=self.endpoint)

    def world(self) -> Any:
        """Look at the world behind the server, past every AWS API."""
        return self._ask("GET", "/world")

    def functions(self) -> Any:
        """What became of each function's invocations."""
        return self._ask("GET", "/functions")

    def calls(self, function: str) -> Mapping[str, int]:
        """How often a function called each AWS operation."""
        counted: Mapping[str, int] = self._ask("GET", "/calls").get(function, {})
        return counted

    def refusals(self) -> Any:
        """What IAM refused each function."""
        return self._ask("GET", "/refusals")

    def as_function(self, function: str, service: str) -> Any:
        """Return an SDK client with a function's own credentials."""
        key = self.functions()[f"{STACK}-{function}"]["access_key"]
        session: Any = boto3.Session(
            aws_access_key_id=key, aws_secret_access_key="local", region_name=REGION
        )
        return session.client(service, endpoint_url=self.endpoint)

    def kill(self, fleet: str) -> None:
        """Let a target of a fleet die."""
        self._ask("POST", "/faults", {"kind": "dead", "fleet": fleet, "k": 0})

    def mend(self) -> None:
        """Let everything that was broken work again."""
        self._ask("DELETE", "/faults")

    def stack(self) -> Any:
        """The stack, as CloudFormation describes it."""
        return self.aws("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]

    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        return {o["OutputKey"]: o["OutputValue"] for o in self.stack()["Outputs"]}

    def resources(self) -> dict[str, tuple[str, str]]:
        """Type and physical id of every resource of the stack, by logical id."""
        found = self.aws("cloudformation").list_stack_resources(StackName=STACK)
        return {
            each["LogicalResourceId"]: (each["ResourceType"], each["PhysicalResourceId"])
            for each in found["StackResourceSummaries"]
        }

    def log(self) -> list[Any]:
        """Every entry of the audit log, oldest first, read from the table itself."""
        items = self.aws("dynamodb").scan(TableName=self.outputs()["LogTable"])["Items"]
        entries = [json.loads(item["body"]["S"]) for item in items]
        return sorted(entries, key=lambda entry: (entry["at"], entry["id"]))

    def ticks(self) -> list[Any]:
        """What reconcile printed of each tick it finished, oldest first."""
        lines = self.functions().get(f"{STACK}-reconcile", {}).get("lines", [])
        said = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in said if line.get("message") == "reconcile.tick"]

    def _run(self, program: Path, words: tuple[str, ...]) -> str:
        done = subprocess.run(
            [str(program), *words], cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False,
        )  # fmt: skip
        command = f"{program.name} {' '.join(words)}"
        assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout[-6000:]}"
        return done.stdout

    def invoke(self, function: str, event: object) -> Any:
        """Run a function of the stack at once and return its answer."""
        wanted = {"function": f"{STACK}-{function}", "event": event}
        said = self._ask("POST", "/invocations", wanted, timeout_s=60)
        assert "answer" in said, said
        return said["answer"]

    def _ask(self, method: str, path: str, body: object = None, timeout_s: float = 10) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control + path, data, method=method)
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return json.load(answer)


def wait_for(what: str, look: Callable[[], T | None], most_s: float) -> T:
    """Look until something is found; fail saying what was waited for."""
    ends = time.monotonic() + most_s
    while time.monotonic() < ends:
        found = look()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"waited {most_s:.0f} s in vain for {what}")
