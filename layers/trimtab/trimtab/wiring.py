"""The composition root: ports from settings, each built when it is first used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from trimtab.adapters.aws.clients import Clients, Session
from trimtab.adapters.aws.infrastructure import AwsHands, AwsInfrastructure
from trimtab.adapters.aws.queue import SqsQueue
from trimtab.adapters.aws.resolve import AwsNames
from trimtab.adapters.aws.tables import DynamoTables
from trimtab.adapters.aws.topic import SnsTopic
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Table
from trimtab.ports import Hands, Infrastructure, Ledger, Names, Queue, Store, Topic
from trimtab.settings import Settings


@dataclass(frozen=True)
class Connections:
    """The outside of one deployment. What is not asked for is neither built nor required."""

    settings: Settings
    clients: Clients

    @cached_property
    def _tables(self) -> DynamoTables:
        names = {
            Table.MEMORY: self.settings.memory_table,
            Table.LOG: self.settings.log_table,
            Table.TICKS: self.settings.ticks_table,
        }
        return DynamoTables(self.clients, {table: name for table, name in names.items() if name})

    @cached_property
    def store(self) -> Store:
        """Policies, memory, pauses."""
        self.settings.require("memory_table")
        return TableStore(self._tables)

    @cached_property
    def ledger(self) -> Ledger:
        """The log and the tick records."""
        self.settings.require("log_table")
        return TableLedger(self._tables, timedelta(days=self.settings.ticks_days))

    @cached_property
    def infrastructure(self) -> Infrastructure:
        """The reads of a tick."""
        return AwsInfrastructure(self.clients)

    @cached_property
    def hands(self) -> Hands:
        """The writes of act."""
        return AwsHands(self.clients)

    @cached_property
    def queue(self) -> Queue:
        """The work queue."""
        self.settings.require("queue_url")
        return SqsQueue(self.clients, self.settings.queue_url)

    @cached_property
    def topic(self) -> Topic:
        """Where people are told."""
        self.settings.require("topic_arn")
        return SnsTopic(self.clients, self.settings.topic_arn)

    @cached_property
    def names(self) -> Names:
        """What a policy names, resolved."""
        return AwsNames(self.clients)


def connect(settings: Settings, session: Session | None = None) -> Connections:
    """Return the ports of a deployment, optionally through an operator's session."""
    return Connections(settings, Clients(session, settings.region))
