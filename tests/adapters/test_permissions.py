"""The table of IAM actions is exactly what the adapters call: nothing more, nothing less."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from botocore.response import StreamingBody

import trimtab.adapters.aws
from tests.adapters.fake_aws import Failure, FakeAws, Params
from tests.builders import (
    BLUE,
    BLUE_ARN,
    NOON,
    SHOP,
    a_pause,
    a_policy,
    a_report,
    a_request,
    a_tick,
    an_eject,
    an_entry,
)
from trimtab import codec, messengers, ports
from trimtab.adapters.aws.files import S3Files
from trimtab.adapters.aws.interfaces import AwsInterfaces
from trimtab.adapters.aws.permissions import (
    LABELS,
    NAMES,
    OPERATIONS,
    READS,
    STATE,
    WRITES,
    actions_of,
)
from trimtab.adapters.webhook import HttpWebhook
from trimtab.model.blast import Spend
from trimtab.model.change import Change, Resize, Retire, Reweight, inverse_of
from trimtab.model.errand import Brought, Run
from trimtab.model.ids import Arn, InstanceId, RouteId, Zone
from trimtab.model.incident import Told
from trimtab.model.lease import Leases
from trimtab.model.link import Checked, Head
from trimtab.model.message import Event, EventType
from trimtab.model.policy import EjectMethod
from trimtab.model.request import Release
from trimtab.model.tick import Ask
from trimtab.ports import MetricKey, Vault
from trimtab.settings import Settings
from trimtab.wiring import Connections

SETTINGS = Settings(
    region="eu-west-1",
    memory_table="memory",
    log_table="log",
    ticks_table="ticks",
    queue_url="https://sqs.eu-west-1.amazonaws.com/123456789012/work.fifo",
    topic_arn="arn:aws:sns:eu-west-1:123456789012:people",
    event_bus="default",
    webhook_parameter="/trimtab/webhook",
    anchor_bucket="anchors",
    probes="subnet-0123456789abcdef0=trimtab-probe",
)
RULE = Arn("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener-rule/app/shop/1/2/3")
LISTENER = Arn("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/1/2")
FORWARD = {"Type": "forward", "TargetGroupArn": BLUE_ARN}
ANSWERS: Mapping[str, Mapping[str, Any] | Failure] = {
    "DescribeTargetHealth": {"TargetHealthDescriptions": []},
    "DescribeAutoScalingGroups": {
        "AutoScalingGroups": [
            {"AutoScalingGroupName": "asg", "MinSize": 0, "MaxSize": 9, "DesiredCapacity": 1}
        ]
    },
    "DescribeScalingActivities": {"Activities": []},
    "DescribeInstanceStatus": {"InstanceStatuses": []},
    "DescribeInstances": {"Reservations": []},
    "GetObject": {"Body": StreamingBody(BytesIO(b""), 0)},
    "DescribeSpotInstanceRequests": {"SpotInstanceRequests": []},
    "DescribeInstanceRefreshes": {"InstanceRefreshes": []},
    "DescribeAutoScalingInstances": {"AutoScalingInstances": []},
    "DescribeTargetGroups": {
        "TargetGroups": [{"TargetGroupName": "blue", "TargetGroupArn": BLUE_ARN}]
    },
    "DescribeTargetGroupAttributes": {"Attributes": []},
    "DescribeTags": {
        "TagDescriptions": [{"ResourceArn": BLUE_ARN, "Tags": [{"Key": "k", "Value": "v"}]}],
        "Tags": [],  # as EC2 answers under the same name
    },
    "DescribeLoadBalancers": {"LoadBalancers": [{"LoadBalancerArn": "arn:lb"}]},
    "DescribeListeners": {
        "Listeners": [{"ListenerArn": LISTENER, "Port": 443, "DefaultActions": [FORWARD]}]
    },
    "DescribeRules": {"Rules": [{"RuleArn": RULE, "Priority": "10", "Actions": [FORWARD]}]},
    "GetMetricData": {"MetricDataResults": []},
    "BatchGetItem": {"Responses": {}},
    "SendMessageBatch": {"Successful": [{"Id": "0"}]},
    "Publish": {"MessageId": "1"},
    "PutEvents": {"FailedEntryCount": 0, "Entries": []},
    "GetParameter": {"Parameter": {"Value": "https://chat.invalid/secret"}},
}
BROUGHT = json.dumps({"brought": codec.dumps(Brought(()))}).encode()
OTHERS = (
    "RegisterTargets",
    "DeregisterTargets",
    "ModifyRule",
    "ModifyListener",
    "SetDesiredCapacity",
    "EnterStandby",
    "ExitStandby",
    "TerminateInstanceInAutoScalingGroup",
    "GetItem",
    "PutItem",
    "TransactWriteItems",
    "PutObject",
    "CreateTags",
)

Use = Callable[[Connections], object]


ONE = InstanceId("i-1")


def weigh(rule: Arn) -> Reweight:
    return Reweight(RouteId("main"), rule, {BLUE_ARN: 1}, {BLUE_ARN: 9})


STANDBY = an_eject(method=EjectMethod.STANDBY, group="asg")
CHANGES: tuple[Change, ...] = (
    an_eject(),
    STANDBY,
    inverse_of(an_eject()),
    inverse_of(STANDBY),
    Retire(BLUE, BLUE_ARN, InstanceId("i-1"), 8080, Zone("eu-west-1a"), "asg"),
    Resize(BLUE, "asg", 1, 2),
    weigh(RULE),
    weigh(LISTENER),
)
KEY = MetricKey("n", "m", "Sum", ())
NAMED = "shop:443/10"
USES: Mapping[str, tuple[Use, ...]] = {
    "Infrastructure.targets": (lambda c: c.infrastructure.targets([BLUE_ARN]),),
    "Infrastructure.groups": (lambda c: c.infrastructure.groups(["asg"]),),
    "Infrastructure.routes": (lambda c: c.infrastructure.routes([RULE, LISTENER]),),
    "Infrastructure.series": (lambda c: c.infrastructure.series([KEY], NOON, NOON),),
    "Signs.marks": (lambda c: c.signs.marks([BLUE_ARN]),),
    "Signs.untouchable": (lambda c: c.signs.untouchable(),),
    "Signs.notices": (lambda c: c.signs.notices(),),
    "Signs.machines": (lambda c: c.signs.machines([ONE]),),
    "Signs.refreshes": (lambda c: c.signs.refreshes(["asg"]),),
    "Interfaces.of": (lambda c: AwsInterfaces(c.clients).of([ONE]),),
    "LogFiles.open": (lambda c: list(S3Files(c.clients, "logs").open("one.log.gz")),),
    "Owners.groups_of": (lambda c: c.owners.groups_of([ONE]),),
    "Store.services": (lambda c: c.store.services(),),
    "Store.recall": (lambda c: c.store.recall([SHOP]),),
    "Store.policy": (lambda c: c.store.policy(SHOP),),
    "Store.apply_policy": (lambda c: c.store.apply_policy(a_policy(), frozenset(), an_entry()),),
    "Store.set_pause": (
        lambda c: c.store.set_pause(SHOP, a_pause(), an_entry()),
        lambda c: c.store.set_pause(SHOP, None, an_entry()),
    ),
    "Store.heads": (lambda c: c.store.heads([SHOP]),),
    "Store.checked": (lambda c: c.store.checked([SHOP]),),
    "Store.keep_checked": (lambda c: c.store.keep_checked(SHOP, Checked(Head(0, ""), NOON)),),
    "Store.request": (lambda c: c.store.request([a_request(Release("size of blue"))]),),
    "Store.pauses": (lambda c: c.store.pauses(SHOP),),
    "Store.halts": (lambda c: c.store.halts(SHOP),),
    "Store.leases": (lambda c: c.store.leases(),),
    "Ledger.give_back": (lambda c: c.ledger.give_back(SHOP, Leases(1), [an_entry()]),),
    "Ledger.commit": (
        lambda c: c.ledger.commit(a_tick(entries=(an_entry(),), spends=(Spend(NOON, 1, 9),))),
    ),
    "Ledger.append": (lambda c: c.ledger.append(an_entry()),),
    "Ledger.entry": (lambda c: c.ledger.entry(SHOP, an_entry().id),),
    "Ledger.entries": (lambda c: c.ledger.entries(SHOP, [an_entry().id]),),
    "Ledger.of_service": (lambda c: list(c.ledger.of_service(SHOP, NOON, NOON)),),
    "Ledger.of_day": (lambda c: list(c.ledger.of_day("2026-03-02")),),
    "Ledger.links": (lambda c: list(c.ledger.links(SHOP)),),
    "Ledger.ticks": (lambda c: list(c.ledger.ticks(SHOP, NOON, NOON, 1)),),
    "Queue.ask": (lambda c: c.queue.ask([Ask(SHOP, "schedule", NOON)]),),
    "Tellings.recall": (lambda c: c.tellings.recall([SHOP]),),
    "Tellings.keep": (lambda c: c.tellings.keep(SHOP, Told()),),
    "Addresses.of": (lambda c: c.addresses.of([InstanceId("i-1")]),),
    "Probes.ask": (lambda c: c.probes.ask([Run(())]),),
    "Reports.keep": (lambda c: c.reports.keep(a_report()),),
    "Reports.recent": (lambda c: c.reports.recent([(SHOP, BLUE)], NOON),),
    "Bus.put": (lambda c: c.bus.put([Event(NOON, EventType.ACTION, {})]),),
    "Webhook.post": (lambda c: replace(cast("HttpWebhook", c.webhook), open=accepting).post("{}"),),
    "Topic.tell": (lambda c: c.topic.tell("s", "t", {}),),
    "Vault.keep": (lambda c: cast("Vault", c.vault).keep("anchors/1.json", "{}"),),
    "Labels.label": (lambda c: c.labels.label(InstanceId("i-1"), "kept"),),
    "Names.target_group": (
        lambda c: c.names.target_group("blue"),
        lambda c: c.names.target_group("tag:k=v"),
    ),
    "Names.marks": (lambda c: c.names.marks(Arn("arn:tg"), "asg"),),
    "Names.slow_start": (lambda c: c.names.slow_start(Arn("arn:tg")),),
    "Names.group": (lambda c: c.names.group("asg"), lambda c: c.names.group("tag:k=v")),
    "Names.rule": (lambda c: c.names.rule(NAMED), lambda c: c.names.rule(LISTENER)),
}


class Accepting:
    """A connection to a webhook that takes everything."""

    status = 200

    def request(self, *_: object) -> None: ...

    def getresponse(self) -> Accepting:
        return self

    def getheader(self, _: str) -> None: ...

    def close(self) -> None: ...


def accepting(host: str, port: int) -> Any:
    return Accepting()


_KINDS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def actions_called(*uses: Use) -> set[str]:
    """The IAM actions AWS would check for what these uses call."""
    aws = FakeAws()
    for name in OTHERS:
        aws.answer(name, {})
    for name, answer in ANSWERS.items():
        aws.answer(name, answer)
    aws.answer("Query", {"Items": []})
    aws.answer("DescribeInstances", {"Reservations": []})
    aws.answer("Invoke", {"Payload": io.BytesIO(BROUGHT)})
    for use in uses:
        use(Connections(SETTINGS, aws.clients))
    return {action for name, params in aws.calls for action in checked(name, params)}


def checked(operation: str, params: Params) -> set[str]:
    if operation == "dynamodb:TransactWriteItems":
        return {f"dynamodb:{_KINDS[kind]}" for one in params["TransactItems"] for kind in one}
    return set(actions_of(operation))


@pytest.mark.parametrize("method", USES)
def test_a_port_method_calls_exactly_what_the_table_says(method: str) -> None:
    assert actions_called(*USES[method]) == set({**READS, **STATE, **NAMES, **LABELS}[method])


@pytest.mark.parametrize("kind", get_args(Change), ids=lambda kind: kind.__name__)
def test_a_change_calls_exactly_what_the_table_says(kind: type[Change]) -> None:
    changes = [change for change in CHANGES if isinstance(change, kind)]

    def apply(connected: Connections) -> None:
        for change in changes:
            connected.hands.apply(change)

    assert actions_called(apply) == set(WRITES[kind])


def test_every_method_of_every_port_is_in_the_table() -> None:
    methods = {
        f"{port.__name__}.{name}"
        for port in (
            ports.Infrastructure,
            ports.Signs,
            ports.Owners,
            ports.Interfaces,
            ports.LogFiles,
            ports.Store,
            ports.Ledger,
            ports.Queue,
            messengers.Topic,
            messengers.Tellings,
            ports.Reports,
            ports.Addresses,
            ports.Probes,
            messengers.Bus,
            messengers.Webhook,
            ports.Vault,
            ports.Names,
            ports.Labels,
        )
        for name, value in vars(port).items()
        if callable(value) and not name.startswith("_")
    }
    assert methods == set(READS) | set(STATE) | set(NAMES) | set(LABELS) == set(USES)
    assert set(WRITES) == set(get_args(Change))


def test_every_operation_named_in_the_adapters_is_in_the_table() -> None:
    tables = (READS, STATE, NAMES, WRITES, LABELS)
    listed = {a for table in tables for row in table.values() for a in row}
    sources = Path(trimtab.adapters.aws.__path__[0]).glob("*.py")
    named = {m for s in sources for m in re.findall(r'faults\(\s*"([a-z0-9]+:\w+)"', s.read_text())}
    assert len(named) > 15
    assert {action for name in named for action in actions_of(name)} == listed


def test_observing_writes_nothing() -> None:
    verbs = {re.match("[A-Z][a-z]+", a.split(":")[1]) for row in READS.values() for a in row}
    assert {verb[0] for verb in verbs if verb} == {"Describe", "Get"}


def test_the_actions_of_a_transaction_are_all_that_the_table_uses_it_for() -> None:
    assert set(OPERATIONS["dynamodb:TransactWriteItems"]) == {
        f"dynamodb:{k}" for k in _KINDS.values()
    }
