"""The composition root: ports from settings, each built when it is first used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from trimtab.access_logs import Outside
from trimtab.adapters.aws.addresses import Ec2Addresses
from trimtab.adapters.aws.bus import EventBus
from trimtab.adapters.aws.clients import Clients, Session
from trimtab.adapters.aws.files import S3Files
from trimtab.adapters.aws.infrastructure import AwsHands, AwsInfrastructure
from trimtab.adapters.aws.interfaces import AwsInterfaces
from trimtab.adapters.aws.labels import Ec2Labels
from trimtab.adapters.aws.probes import LambdaProbes
from trimtab.adapters.aws.queue import SqsQueue
from trimtab.adapters.aws.resolve import AwsNames
from trimtab.adapters.aws.secret import ParameterSecret
from trimtab.adapters.aws.signs import AwsOwners, AwsSigns
from trimtab.adapters.aws.tables import DynamoTables
from trimtab.adapters.aws.topic import SnsTopic
from trimtab.adapters.aws.vault import S3Vault
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.reports import TableReports
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Table
from trimtab.adapters.tellings import TableTellings
from trimtab.adapters.webhook import HttpWebhook
from trimtab.channels import BusChannel, Channel, TopicChannel, WebhookChannel
from trimtab.messengers import Bus, Tellings, Topic, Webhook
from trimtab.notify import Teller
from trimtab.ports import (
    Addresses,
    Hands,
    Infrastructure,
    Labels,
    Ledger,
    Names,
    Owners,
    Probes,
    Queue,
    Reports,
    Signs,
    Store,
    Vault,
)
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
        return TableStore(self._tables, self.settings.keep_log, self.settings.most_removals)

    @cached_property
    def ledger(self) -> Ledger:
        """The log and the tick records."""
        self.settings.require("log_table")
        keep = timedelta(days=self.settings.ticks_days)
        return TableLedger(self._tables, keep, self.settings.keep_log)

    @cached_property
    def infrastructure(self) -> Infrastructure:
        """The reads of a tick."""
        return AwsInfrastructure(self.clients)

    @cached_property
    def signs(self) -> Signs:
        """The reads for fleets with which something is the matter."""
        return AwsSigns(self.clients)

    @cached_property
    def owners(self) -> Owners:
        """Whose an instance is."""
        return AwsOwners(self.clients)

    @cached_property
    def hands(self) -> Hands:
        """The writes of act."""
        return AwsHands(self.clients)

    @cached_property
    def labels(self) -> Labels:
        """The tag on what is kept."""
        return Ec2Labels(self.clients)

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
    def bus(self) -> Bus:
        """Where programs are told."""
        self.settings.require("event_bus")
        return EventBus(self.clients, self.settings.event_bus)

    @cached_property
    def webhook(self) -> Webhook:
        """A chat program's incoming webhook."""
        self.settings.require("webhook_parameter")
        return HttpWebhook(ParameterSecret(self.clients, self.settings.webhook_parameter))

    @cached_property
    def tellings(self) -> Tellings:
        """What people were told."""
        self.settings.require("memory_table")
        return TableTellings(self._tables)

    @cached_property
    def reports(self) -> Reports:
        """What probes and access logs saw."""
        self.settings.require("memory_table")
        return TableReports(self._tables)

    @cached_property
    def addresses(self) -> Addresses:
        """Where instances are asked."""
        return Ec2Addresses(self.clients)

    @cached_property
    def probes(self) -> Probes:
        """Our own probes."""
        self.settings.require("probes")
        places = (place.partition("=") for place in self.settings.probes.split(","))
        return LambdaProbes(self.clients, {subnet: function for subnet, _, function in places})

    @cached_property
    def teller(self) -> Teller:
        """Tells through every channel there is; the one outside AWS is the last to hold us up."""
        channels: list[Channel] = [TopicChannel(self.topic)]
        if self.settings.event_bus:
            channels.append(BusChannel(self.bus))
        if self.settings.webhook_parameter:
            channels.append(WebhookChannel(self.webhook))
        return Teller(self.tellings, tuple(channels))

    @cached_property
    def vault(self) -> Vault | None:
        """Where anchors are kept out of reach; ``None``: nobody asked for such a place."""
        bucket = self.settings.anchor_bucket
        return S3Vault(self.clients, bucket) if bucket else None

    @cached_property
    def access_logs(self) -> Outside:
        """What reading a load balancer's access log needs."""
        self.settings.require("access_logs_bucket")
        return Outside(
            files=S3Files(self.clients, self.settings.access_logs_bucket),
            store=self.store,
            infrastructure=self.infrastructure,
            interfaces=AwsInterfaces(self.clients),
            reports=self.reports,
        )

    @cached_property
    def names(self) -> Names:
        """What a policy names, resolved."""
        return AwsNames(self.clients)


def connect(settings: Settings, session: Session | None = None) -> Connections:
    """Return the ports of a deployment, optionally through an operator's session."""
    return Connections(settings, Clients(session, settings.region))
