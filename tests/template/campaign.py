"""Every kind of change through the real act, every function at its work: what IAM was asked.

The world is the embedded AWS; its guardrail holds each function to its role in the template, and
remembers each question.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any
from unittest.mock import patch

from tests.builders import an_entry
from tests.contract.worlds import scenario
from tests.scenarios.embedded_shop import A_TARGET_DIES, RISING, running, shop
from trimtab.adapters.webhook import HttpWebhook
from trimtab.errors import Refused
from trimtab.model.access_logs import AccessLogs
from trimtab.model.change import (
    Change,
    Eject,
    Resize,
    Restore,
    Retire,
    Reweight,
    inverse_of,
    lever_of,
)
from trimtab.model.detectors import Detector, Use
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import Arn, FleetId, InstanceId, RouteId, Zone
from trimtab.model.lease import Lease, Leases
from trimtab.model.policy import EjectMethod, Policy
from trimtab.model.probe import ProbePolicy
from trimtab_lab.embedded import Embedded
from trimtab_lab.embedded.driver import MAY_ACT, PROBES
from trimtab_lab.embedded.eventbridge import PLACEHOLDER
from trimtab_lab.embedded.guardrail import Roles
from trimtab_lab.embedded.template import STACK
from trimtab_lab.iam import Asked
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.simulator.ports import WorldHands
from trimtab_lab.world.access_log import Manner, Row, WrittenFile, address_of
from trimtab_lab.world.faults import Fault, FaultKind, OneInstance

BLUE, GREEN = FleetId("blue"), FleetId("green")
GROUP, ZONE = "shop-blue-asg", Zone("us-east-1a")
MINUTES = 12
WEBHOOK = "/trimtab/webhook"
WHOLE = MAY_ACT | {
    "EventBusName": "default",
    "WebhookParameter": WEBHOOK,
    "AnchorLock": "GOVERNANCE",
    "AccessLogsBucket": "trimtab-alb-logs",
    **PROBES,
}
"""A stack that may do, tells, and locks away, all it can."""
AT_ONCE = "resize back at once"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0123-4567"
FAMILIES: Mapping[str, tuple[type[Change], ...]] = {
    "EnableEject": (Eject, Restore),
    "EnableReplace": (Retire,),
    "EnableScale": (Resize,),
    "EnableRoute": (Reweight,),
}
"""Which changes each of the stack's consents is for."""


@dataclass(frozen=True)
class Played:
    """What a campaign leaves behind."""

    roles: Roles
    asked: Mapping[tuple[str, str], frozenset[Asked]]
    """What each role was asked, by role and action."""
    outcomes: Mapping[str, Entry]
    """Of each change of the walk."""
    calls: frozenset[tuple[str, str]]
    """Operations that act called with success."""

    @property
    def questions(self) -> tuple[tuple[str, Asked], ...]:
        """Every role with each question it was asked."""
        return tuple((role, one) for (role, _), asked in self.asked.items() for one in asked)

    def of(self, role: str, actions: Iterable[str]) -> Mapping[tuple[str, str], frozenset[Asked]]:
        """What a role was asked of some actions."""
        wanted = [(role, action) for action in actions]
        return {key: self.asked[key] for key in wanted if key in self.asked}


@cache
def played(**parameters: str) -> Played:
    """Play the campaign on a stack with some parameters; by default it may do all it can.

    First every change, one by one; then, if it may, a bad quarter of an hour in which the loop
    decides.
    """
    with Embedded(scenario(), parameters=WHOLE | parameters) as aws, _nothing_is_posted(aws):
        site = Site(aws)
        with site.listener_that_forwards():
            outcomes = dict(site.walk())
            site.let_the_warden_give_back()
            site.look_at_everything()
            site.hear_of_an_access_log()
        site.run_every_schedule()
        asked = set(aws.guardrail.asked)
        calls = frozenset((c.service, c.operation) for c in aws.calls.of("act") if not c.error)
        roles = aws.guardrail.roles
    if not parameters:
        with running(shop(A_TARGET_DIES, load=RISING)) as aws:
            aws.run(MINUTES)
            asked |= set(aws.guardrail.asked)
    by_action: dict[tuple[str, str], set[Asked]] = {}
    for role, one in asked:
        by_action.setdefault((role, one.action), set()).add(one)
    kept = {key: frozenset(asked) for key, asked in by_action.items()}
    return Played(roles, kept, outcomes, calls)


@contextmanager
def _nothing_is_posted(aws: Embedded) -> Iterator[None]:
    """Keep a webhook's URL where the stack looks for it, and let nobody hear what is posted."""
    url = "https://chat.example/secret"
    aws.session.client("ssm").put_parameter(Name=WEBHOOK, Type="SecureString", Value=url)

    def posted(webhook: HttpWebhook, _: str) -> None:
        assert webhook.url() == url

    with patch.object(HttpWebhook, "post", posted):
        yield


@dataclass
class Site:
    """The world of the campaign, and what can be changed in it."""

    aws: Embedded
    number: int = 0
    policy: Policy = field(init=False)
    weights: dict[str, int] = field(init=False)
    """Of the listener's default action."""

    def __post_init__(self) -> None:
        policy = policy_for(scenario(), self.aws.connections.names)
        uses = {**policy.health.detectors, Detector.MACHINE: Use.ON}
        health = replace(
            policy.health, probe=ProbePolicy(), access_logs=AccessLogs(), detectors=uses
        )
        self.policy = replace(policy, health=health)
        self.weights = {self.group(BLUE): 50, self.group(GREEN): 50}

    def group(self, fleet: FleetId) -> Arn:
        return self.policy.fleets[fleet].target_group

    @property
    def listener(self) -> Arn:
        return Arn(self.aws.world.rules()[0].listener_arn)

    def walk(self) -> Iterator[tuple[str, Entry]]:
        """Carry out each change as an intent of the log, one after another."""
        for name, change in self.changes():
            if name != AT_ONCE:
                self.pass_minutes()
            outcome = self.carry_out(change)
            yield name, outcome
            if isinstance(change, Eject | Resize) and outcome.kind is Kind.FAILED:
                # Its owner does it, so that there is a way back to be walked.
                WorldHands(self.aws.world).apply(change)

    def changes(self) -> Iterator[tuple[str, Change]]:
        """One change of each kind, and of each way to do it."""
        health = self.aws.world.describe_target_health
        blue, green = (health(self.group(fleet))[0] for fleet in (BLUE, GREEN))
        member = Eject(
            BLUE, self.group(BLUE), InstanceId(blue.id), blue.port, ZONE, EjectMethod.STANDBY,
            group=GROUP,
        )  # fmt: skip
        alone = Eject(
            GREEN, self.group(GREEN), InstanceId(green.id), green.port, ZONE,
            EjectMethod.DEREGISTER,
        )  # fmt: skip
        yield "eject by standby", member
        yield "restore from standby", inverse_of(member)
        yield "eject by deregistering", alone
        yield "restore by registering", inverse_of(alone)
        (group,) = self.aws.world.describe_groups((GROUP,))
        yield "resize", Resize(BLUE, GROUP, group.desired, group.desired + 1)
        # Before the new member serves: then act asks what became of the launch.
        yield AT_ONCE, Resize(BLUE, GROUP, group.desired + 1, group.desired)
        yield from self.an_end()
        yield "reweight a rule", self.reweight(Arn(self.aws.world.rules()[0].arn), 80, 20)
        yield "reweight a default action", self.reweight(self.listener, 50, 50)

    def an_end(self) -> Iterator[tuple[str, Change]]:
        """Set a member aside while another is launched, and end it."""
        ill = self.aws.world.describe_target_health(self.group(BLUE))[1]
        place = (BLUE, self.group(BLUE), InstanceId(ill.id), ill.port, ZONE)
        keep = timedelta(hours=4)
        yield "set aside", Eject(*place, EjectMethod.STANDBY, group=GROUP, replace=True, keep=keep)
        yield "terminate", Retire(*place, group=GROUP)

    def reweight(self, rule: Arn, blue: int, green: int) -> Reweight:
        before = {self.group(BLUE): blue, self.group(GREEN): green}
        after = {self.group(BLUE): blue - 10, self.group(GREEN): green + 10}
        return Reweight(RouteId("main"), rule, before, after)

    def carry_out(self, change: Change) -> Entry:
        """Write an intent, let the stream take it to act, and return the outcome."""
        self.number += 1
        intent = an_entry(
            self.policy.service, self.aws.world.now, seed=str(self.number),
            change=change, inverse=inverse_of(change), lever=lever_of(change),
        )  # fmt: skip
        self.aws.connections.ledger.append(intent)
        self.aws.deliver()
        outcome = self.aws.connections.ledger.entry(intent.service, outcome_id(intent.id))
        assert outcome is not None, self.aws.functions.output.take_trouble()
        return outcome

    def let_the_warden_give_back(self) -> None:
        """Let the warden make each change of the walk that it may make."""
        restores = [change for _, change in self.changes() if isinstance(change, Restore)]
        for restore in restores:
            with suppress(Refused):  # it is out still, where act may not bring it back
                WorldHands(self.aws.world).apply(inverse_of(restore))
        self.pass_minutes()
        # Growing first: then, at the next, it asks what became of the launch.
        changes: tuple[Change, ...] = (self.growth(), *restores, *self.shifts_home())
        for change in changes:
            self.hold(Lease("x", change, self.aws.now, "as the walk left it"))
            self.aws.invoke("warden", {})
        self.hold()
        self.pass_minutes()

    def pass_minutes(self) -> None:
        self.aws.world.advance(self.aws.world.now + timedelta(minutes=4))
        self.aws.account.clock.to(self.aws.world.now)

    def growth(self) -> Resize:
        (group,) = self.aws.world.describe_groups((GROUP,))
        return Resize(BLUE, GROUP, group.desired, group.desired + 1)

    def shifts_home(self) -> tuple[Reweight, ...]:
        rule = self.aws.world.rules()[0]
        weights = {Arn(arn): weight for arn, weight in rule.weights}
        ours = {Arn(arn): weight for arn, weight in self.weights.items()}
        return (
            Reweight(RouteId("main"), Arn(rule.arn), weights, self.home(weights)),
            Reweight(RouteId("main"), self.listener, ours, self.home(ours)),
        )

    def home(self, weights: Mapping[Arn, int]) -> dict[Arn, int]:
        blue, green = self.group(BLUE), self.group(GREEN)
        return {blue: weights[green], green: weights[blue]}

    def hold(self, *held: Lease) -> None:
        """Leave these leases and no others, as a tick would."""
        row = self.aws.connections.store.leases().get(self.policy.service, Leases())
        assert isinstance(row, Leases)
        left = Leases(row.version + 1, held)
        self.aws.connections.ledger.give_back(self.policy.service, left, ())

    def look_at_everything(self) -> None:
        """Let schedule, wake and reconcile work: first on the rule, then on the listener."""
        self.aws.put(self.policy)
        member = self.aws.world.describe_groups((GROUP,))[0].instances[0].id
        self.aws.world.switch_on(Fault(FaultKind.SPOT_NOTICE, OneInstance(member), lasts_s=60))
        self.aws.run(3)
        (route,) = self.policy.routes
        self.aws.put(replace(self.policy, routes=(replace(route, rule=self.listener),)))
        self.aws.run(3)

    def hear_of_an_access_log(self) -> None:
        """Let a load balancer write a file about one target, and S3 tell of it."""
        world, bucket = self.aws.world, self.aws.bucket
        assert bucket is not None
        now = int(world.now.timestamp())
        log, (target, *_) = world.access_log, world.describe_target_health(self.group(BLUE))
        log.manner = Manner.USUAL
        row = Row(
            now - 60, self.group(BLUE), f"{address_of(target.id)}:{target.port}", 9, 1, 0, 0.1
        )
        file = WrittenFile(log.key(0, now // 60 * 60), now, (row,))
        assert self.aws.send(bucket.put(world, file)) == []

    def run_every_schedule(self) -> None:
        """Invoke each function that a schedule invokes, with what the schedule hands it."""
        for schedule in self.aws.stack.template.resources("AWS::Scheduler::Schedule").values():
            target = schedule["Target"]
            function = str(target["Arn"]).rsplit(f":{STACK}-", 1)[-1]
            at = self.aws.now.strftime("%Y-%m-%dT%H:%M:%SZ")
            self.aws.invoke(function, json.loads(target["Input"].replace(PLACEHOLDER, at)))

    @contextmanager
    def listener_that_forwards(self) -> Iterator[None]:
        """Let the listener's default action forward by weight, which the world's own does not."""
        answers: Any = self.aws.account.board._answers
        describe = answers["elbv2", "DescribeListeners"]

        def described(world: Any, params: Any) -> Any:
            answer = describe(world, params)
            groups = [{"TargetGroupArn": a, "Weight": w} for a, w in self.weights.items()]
            forward = {"Type": "forward", "Order": 1, "ForwardConfig": {"TargetGroups": groups}}
            listeners = [{**one, "DefaultActions": [forward]} for one in answer["Listeners"]]
            return {**answer, "Listeners": listeners}

        def modified(world: Any, params: Any) -> Any:
            (action,) = params["DefaultActions"]
            groups = action["ForwardConfig"]["TargetGroups"]
            self.weights |= {group["TargetGroupArn"]: group["Weight"] for group in groups}
            return described(world, {"ListenerArns": [params["ListenerArn"]]})

        ours = {"DescribeListeners": described, "ModifyListener": modified}
        before = dict(answers)
        answers.update({("elbv2", name): answer for name, answer in ours.items()})
        try:
            yield
        finally:
            answers.update(before)
