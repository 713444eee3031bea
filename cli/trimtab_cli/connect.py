"""Connects a command to a deployment: a stack in AWS, named tables, or one saved by a demo.

The only module of the CLI that knows AWS, and only when asked: nothing heavy is imported before.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.tick import Ask
from trimtab.ports import Ledger, Names, Store
from trimtab_cli.stop import NO_REGION, UNREACHABLE, USAGE, Stop

if TYPE_CHECKING:
    import boto3

    from trimtab.settings import Settings
    from trimtab.wiring import Connections

DEFAULT_STACK = "trimtab"
OUTPUTS = {
    "MemoryTable": "TRIMTAB_MEMORY_TABLE",
    "LogTable": "TRIMTAB_LOG_TABLE",
    "TicksTable": "TRIMTAB_TICKS_TABLE",
}
"""Outputs of the stack, and the variables that may stand in for them."""
QUEUE = "TRIMTAB_QUEUE_URL"
"""Where a service can be woken; without it the next minute's look hears a request."""
LOG_DAYS = "TRIMTAB_LOG_DAYS"
"""How long what is appended here is kept; without it, for ever."""


@dataclass(frozen=True, slots=True)
class Where:
    """Which deployment: the global options of the command line."""

    profile: str | None = None
    region: str | None = None
    stack: str = DEFAULT_STACK
    local: Path | None = None


class Deployment(Protocol):
    """What a command needs of a deployment."""

    @property
    def store(self) -> Store:
        """Policies, memory, pauses."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The log and the recorded ticks."""
        ...

    @property
    def names(self) -> Names:
        """What a policy names, resolved."""
        ...

    def caller(self) -> str:
        """Who is asking, as the log should remember it."""
        ...

    def wake(self, service: ServiceId, about: EntryId) -> bool:
        """Have a service looked at now; ``False``: the next minute's look has to do.

        ``about`` is what was asked for: two requests in a minute are two looks.
        """
        ...

    def now(self) -> datetime:
        """The time there; of a saved demo, when it was saved."""
        ...


@dataclass(frozen=True, slots=True)
class Connected:
    """A deployment whose ports exist."""

    store: Store
    ledger: Ledger
    names: Names
    ask_caller: Callable[[], str]
    ask_time: Callable[[], datetime]
    ask_look: Callable[[ServiceId, EntryId], bool] = lambda _, __: False

    def wake(self, service: ServiceId, about: EntryId) -> bool:
        """Have a service looked at now."""
        return self.ask_look(service, about)

    def caller(self) -> str:
        """Who is asking."""
        return self.ask_caller()

    def now(self) -> datetime:
        """The time there."""
        return self.ask_time()


@contextmanager
def connected(where: Where) -> Iterator[Deployment]:
    """Open the deployment that the options name."""
    if where.local is not None:
        with _saved(where.local) as deployment:
            yield deployment
    else:
        yield _in_aws(where)


@contextmanager
def _saved(path: Path) -> Iterator[Deployment]:
    """Open an embedded AWS as a demo saved it.

    ``trimtab_lab.embedded.local_session(path)`` yields an object with ``session`` (boto3),
    ``settings`` (the names of its tables) and ``now`` (when it was saved).
    """
    if not path.exists():
        raise Stop(f"there is no {path}", "save one with `trimtab demo`", USAGE)
    from trimtab.wiring import connect

    try:
        lab = importlib.import_module("trimtab_lab.embedded")
    except ModuleNotFoundError as missing:
        what = f"--local needs {missing.name}, which is not installed"
        raise Stop(what, "install the project with `make setup`", USAGE) from None
    with ExitStack() as opened:
        try:
            saved = opened.enter_context(lab.local_session(path))
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            todo = "save one with `trimtab demo`; the folder of the last is .trimtab/demo"
            raise Stop(f"{path} holds no embedded AWS that a demo saved", todo, USAGE) from None
        ports = connect(saved.settings, saved.session)
        now = saved.now
        yield Connected(ports.store, ports.ledger, ports.names, lambda: "operator", lambda: now)


def _in_aws(where: Where) -> Deployment:
    from trimtab.wiring import connect

    session = _session(where)
    ports = connect(_settings(session, where, os.environ), session)
    return Connected(
        ports.store,
        ports.ledger,
        ports.names,
        lambda: _caller(session),
        lambda: datetime.now(UTC),
        lambda service, about: _look(ports, session, service, about),
    )


def _look(ports: Connections, session: boto3.Session, service: ServiceId, about: EntryId) -> bool:
    """Send to the work queue, if it is known and we may; what was asked is stored already."""
    from trimtab.errors import TrimtabError

    try:
        ports.queue.ask([Ask(service, _caller(session), datetime.now(UTC), about)])
    except TrimtabError:
        return False
    return True


def _session(where: Where) -> boto3.Session:
    import boto3
    from botocore.exceptions import ProfileNotFound

    try:
        session = boto3.Session(profile_name=where.profile, region_name=where.region)
    except ProfileNotFound as missing:
        raise Stop(str(missing), "see `aws configure list-profiles`", USAGE) from None
    if session.region_name is None:
        raise Stop("no AWS Region is set", NO_REGION, USAGE)
    return session


def _settings(session: boto3.Session, where: Where, environment: Mapping[str, str]) -> Settings:
    """Take the tables from the environment if all are there, else from the stack's outputs."""
    from trimtab.settings import Settings

    named = {variable: environment.get(variable, "") for variable in OUTPUTS.values()}
    beside = {name: environment.get(name, "") for name in (QUEUE, LOG_DAYS)}
    if not all(named.values()):
        outputs = _outputs(session, where.stack)
        missing = sorted(OUTPUTS.keys() - outputs.keys())
        if missing:
            what = f"stack {where.stack!r} has no outputs {', '.join(missing)}"
            raise Stop(what, "is it Trimtab's? name another with --stack", UNREACHABLE)
        named = {variable: outputs[output] for output, variable in OUTPUTS.items()}
        beside = {QUEUE: outputs.get("QueueUrl", ""), LOG_DAYS: outputs.get("LogKeepDays", "")}
    return Settings.from_env(named | beside | {"AWS_REGION": str(session.region_name)})


def _outputs(session: boto3.Session, stack: str) -> dict[str, str]:
    from trimtab.adapters.aws.faults import faults
    from trimtab.errors import Refused

    try:
        with faults("cloudformation:DescribeStacks", stack):
            answer = session.client("cloudformation").describe_stacks(StackName=stack)
    except Refused as refused:
        if "does not exist" not in str(refused):
            raise
        what = f"there is no stack {stack!r} in {session.region_name}"
        todo = "deploy it (`sam deploy`), or name another with --stack, --region or --profile"
        raise Stop(what, todo, UNREACHABLE) from None
    outputs = answer["Stacks"][0].get("Outputs", [])
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


def _caller(session: boto3.Session) -> str:
    from trimtab.adapters.aws.faults import faults

    with faults("sts:GetCallerIdentity", "yourself"):
        return str(session.client("sts").get_caller_identity()["Arn"])
