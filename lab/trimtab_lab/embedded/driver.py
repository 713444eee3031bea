"""The embedded AWS: a scenario's world, moto over it, and the stack's real handlers, in process.

Virtual minute by virtual minute the world goes on in its steps; what AWS would deliver (the
schedule, events, messages, stream records) is delivered, and the handlers do the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import SQSBackend, sqs_backends

from trimtab.codec import loads
from trimtab.errors import Malformed
from trimtab.model.entry import Entry
from trimtab.model.policy import Policy
from trimtab.wiring import Connections, connect
from trimtab_lab.embedded.access import Bucket
from trimtab_lab.embedded.account import Account
from trimtab_lab.embedded.calls import CallLog
from trimtab_lab.embedded.delivery import (
    QueueDelivery,
    StreamDelivery,
    Tamper,
    failure_message,
)
from trimtab_lab.embedded.eventbridge import PLACEHOLDER, Event, News
from trimtab_lab.embedded.expiry import expire
from trimtab_lab.embedded.functions import FunctionError, Functions
from trimtab_lab.embedded.guardrail import Guardrail
from trimtab_lab.embedded.heard import messages
from trimtab_lab.embedded.probing import probing
from trimtab_lab.embedded.stack import Stack
from trimtab_lab.embedded.template import Template
from trimtab_lab.embedded.wire import Hook, Killed, Moment
from trimtab_lab.simulator.policies import put_policy
from trimtab_lab.simulator.run import Diary, Minute, OnMinute, Run
from trimtab_lab.simulator.stores import Told
from trimtab_lab.world.build import build_world
from trimtab_lab.world.scenario import Scenario
from trimtab_lab.world.world import World

if TYPE_CHECKING:
    from moto.dynamodb.models.table import StreamShard, Table

A_MINUTE = timedelta(minutes=1)
MAY_ACT = dict.fromkeys(("EnableEject", "EnableReplace", "EnableScale", "EnableRoute"), "true")
"""The stack's consent to every kind of change; the template's own default is none."""
PROBES = {
    "ProbeSubnet1": "subnet-0000000000000000a",
    "ProbeSubnet2": "subnet-0000000000000000b",
    "ProbeSubnet3": "subnet-0000000000000000c",
    "ProbeSecurityGroup": "sg-0123456789abcdef0",
}
"""A stack with our own probe in three places, which are the first three zones of the world."""


class Embedded:
    """An AWS account in this process. A context manager; one at a time.

    Example::

        with Embedded(shop_day(seed=1)) as aws:
            aws.put(policy_for(scenario, aws.connections.names))
            run = aws.run(60)
    """

    def __init__(
        self,
        scenario: Scenario,
        world: World | None = None,
        parameters: Mapping[str, str] = MAY_ACT,
    ) -> None:
        self.scenario = scenario
        self.world = world or build_world(scenario)
        self._account = Account(self.world)
        template = Template(self._account.account, self._account.region, parameters)
        self.stack = Stack(template)
        self.guardrail = Guardrail(template, self.world)
        """The roles that every function is held to, and what was asked of them."""
        self._account.board.guardrail = self.guardrail
        self.functions = Functions(self.stack, self._account.board)
        self.result = Run(self.world)
        self._open = ExitStack()
        self._diary = Diary(self.world.journal)
        self._news = News(self.world)
        self._seen = 0
        self._ticks = 0

    def __enter__(self) -> Embedded:
        with ExitStack() as opening:
            opening.enter_context(self._account.opened())
            opening.enter_context(self.functions.started())
            opening.enter_context(probing(self.world, self._account.board, self.functions))
            self.guardrail.connect()
            self.session = self._account.session()
            self.stack.deploy(self.session)
            self.settings = self.stack.settings
            self.connections: Connections = connect(self.settings, self.session)
            name = self.settings.access_logs_bucket
            self.bucket = Bucket(self.session, name) if name else None
            self._queues = [
                QueueDelivery(source, self.sqs, self.functions) for source in self.stack.queues()
            ]
            self.streams = {
                source.function: StreamDelivery(source, self._shard, self.functions)
                for source in self.stack.streams()
            }
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    # what a run is made of

    def put(self, policy: Policy) -> None:
        """Put a policy in force, as an operator would."""
        put_policy(self.connections.store, policy, self.world)

    def run(self, minutes: int, on_minute: OnMinute | None = None) -> Run:
        """Let ``minutes`` pass; tell of each as it ends."""
        return self.result.go_on(minutes, self._minute, on_minute)

    def skip(self, days: float) -> int:
        """Let days pass in which nothing happens and nobody looks, but what has expired goes.

        Returns how many items DynamoDB deleted, of all tables.
        """
        self.world.stand_still(int(days * 24 * 60))
        self._account.clock.to(self.world.now)
        return expire(self.session, self.stack.expiring(), self.now)

    def invoke(self, function: str, event: object) -> Any:
        """Invoke a function by hand and return its answer; raises ``FunctionError``."""
        return self.functions.invoke(function, event)

    def send(self, event: Event) -> list[str]:
        """Put an event on the bus; the rules decide who gets it. Returns what went wrong."""
        targets = [rule.function for rule in self.stack.rules() if rule.pattern(event)]
        return [trouble for name in targets for trouble in self._invoke_later(name, event)]

    def deliver(self) -> list[str]:
        """Deliver what waits in the queue and the stream, now. Returns what went wrong."""
        at = self._account.clock.now
        step = timedelta(seconds=self.scenario.step_s)
        self._account.clock.to(at + step / 10)
        troubles = [trouble for queue in self._queues for trouble in queue.pump()]
        self._account.clock.to(at + step / 5)
        for stream in self.streams.values():
            troubles += stream.pump()
        return troubles

    # what tests turn on, and look at

    @property
    def calls(self) -> CallLog:
        """Every attempt of a function to call AWS."""
        return self._account.calls

    @property
    def now(self) -> datetime:
        """The virtual time."""
        return self._account.clock.now

    @property
    def account(self) -> Account:
        """The account: its clock, its call log, its partial data."""
        return self._account

    @property
    def sqs(self) -> SQSBackend:
        """Moto's queues."""
        found: SQSBackend = sqs_backends[self._account.account][self._account.region]
        return found

    @property
    def told(self) -> tuple[Told, ...]:
        """What people were told over the topic, in order."""
        return messages(self.settings.topic_arn)

    def when(
        self,
        operation: str,
        do: Callable[[], object],
        function: str = "*",
        moment: Moment = "before",
        times: int = 1,
    ) -> None:
        """Do something just before or after a function's next call of an operation."""
        self._account.board.hooks.append(Hook(function, operation, moment, do, times))

    def kill(self, function: str, operation: str, moment: Moment = "before") -> None:
        """Kill a function at its next call of an operation: before it arrives, or after."""

        def die() -> None:
            raise Killed

        self.when(operation, die, function, moment)

    def deny(self, service: str, operation: str = "*") -> None:
        """Let AWS refuse functions an operation from now on."""
        self._account.board.denied.add((service, operation))

    def allow(self, service: str, operation: str = "*") -> None:
        """Take ``deny`` back."""
        self._account.board.denied.discard((service, operation))

    def tamper(self, function: str, change: Tamper | None) -> None:
        """Change what the stream delivers to a function: none for dropped, two for duplicated."""
        self.streams[function].tamper = change

    def waiting_in(self, queue: str) -> int:
        """How many messages a queue holds, seen or not; ``work-dead.fifo`` for example."""
        return len(self.sqs.get_queue(f"trimtab-{queue}")._messages)

    # one minute

    def _minute(self) -> Minute:
        end = self.world.now + A_MINUTE
        troubles: list[str] = []
        while self.world.now < end:
            step = timedelta(seconds=self.scenario.step_s)
            self.world.advance(self.world.now + step)
            self._account.clock.to(self.world.now)
            for event in (*self._news.events(), *self._logs_written()):
                troubles += self.send(event)
            if self.world.now == end:
                troubles += self._schedule(end) + self._run("warden", end)
            troubles += self.deliver()
        if "survey" in self.stack.functions:  # what it finds is there for the next tick
            troubles += self._run("survey", end)
        troubles += self._sweep(end)
        troubles += [_said(line) for line in self.functions.output.take_trouble()]
        number = self.result.minutes + 1
        ticks = self._new_ticks()
        return Minute(number, end, self._new_entries(), self._diary.news(), ticks, tuple(troubles))

    def _logs_written(self) -> list[Event]:
        """Put the access logs that have come by now into their bucket, if the stack reads one."""
        if self.bucket is None:
            return []
        files = self.world.access_log.arrived(int(self.world.now.timestamp()))
        return [self.bucket.put(self.world, file) for file in files]

    def _schedule(self, at: datetime) -> list[str]:
        return self._run("schedule", at)

    def _run(self, function: str, at: datetime) -> list[str]:
        """Run what a schedule runs, if it is due this minute."""
        timer = self.stack.timer_of(function)
        if int(at.timestamp()) // 60 % timer.every_minutes:
            return []
        scheduled = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        event = json.loads(timer.input.replace(PLACEHOLDER, scheduled))
        return self._invoke_later(function, event)

    def _invoke_later(self, function: str, event: Event) -> list[str]:
        """Invoke as an event source does that waits for no answer: tries, then a dead letter."""
        troubles = []
        for _ in range(self.stack.tries_of(function)):
            try:
                self.functions.invoke(function, event)
            except FunctionError as error:
                troubles.append(str(error))
            else:
                return troubles
        letter = failure_message(function, event, troubles[-1])
        self.sqs.send_message(self.stack.failures_of(function), letter)
        return troubles

    def _sweep(self, at: datetime) -> list[str]:
        """Let notify tell what had to wait, as often as its schedule says."""
        every, given = self.stack.sweep()
        if at.minute % every:
            return []
        return self._invoke_later("notify", json.loads(given.replace(PLACEHOLDER, at.isoformat())))

    def _table(self, name: str) -> Table:
        return dynamodb_backends[self._account.account][self._account.region].get_table(name)

    def _shard(self) -> StreamShard:
        shard = self._table(self.settings.log_table).stream_shard
        if shard is None:
            raise RuntimeError(f"{self.settings.log_table} has no stream; see template.yaml")
        return shard

    def _new_entries(self) -> tuple[Entry, ...]:
        records = self._shard().items[self._seen :]
        self._seen += len(records)
        bodies = [
            record.record["dynamodb"].get("NewImage", {}).get("body", {}).get("S", "")
            for record in records
            if record.record["eventName"] == "INSERT"
        ]
        return tuple(entry for body in bodies if (entry := _entry(body)) is not None)

    def _new_ticks(self) -> int:
        shelves = self._table(self.settings.ticks_table).items.values()
        before, self._ticks = self._ticks, sum(len(shelf) for shelf in shelves)
        return self._ticks - before


def _entry(body: str) -> Entry | None:
    try:
        return loads(Entry, body)
    except Malformed:
        return None


def _said(line: str) -> str:
    """Read an error line of a function's log."""
    try:
        said = json.loads(line)
    except json.JSONDecodeError:
        return line
    return " ".join(str(said[k]) for k in ("message", "service", "why") if k in said)
