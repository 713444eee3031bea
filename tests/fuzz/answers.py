"""Targets: what AWS answers, made from botocore's own service models and then broken.

Real clients and real paginators; the answer is put in where botocore would have parsed one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from tests.adapters.fake_aws import FakeAws, response
from tests.builders import (
    BLUE_ARN,
    GREEN_ARN,
    RULE,
    SHOP,
    a_policy,
    a_target,
    a_tick,
    an_eject,
    an_entry,
    at,
)
from tests.fuzz.dice import Dice, strings_in
from trimtab import codec
from trimtab.adapters.aws.infrastructure import AwsHands, AwsInfrastructure
from trimtab.adapters.aws.queue import SqsQueue
from trimtab.adapters.aws.resolve import AwsNames
from trimtab.adapters.aws.tables import DynamoTables
from trimtab.adapters.aws.topic import SnsTopic
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Table
from trimtab.errors import TrimtabError
from trimtab.loop import think
from trimtab.model.change import Change, Resize, Restore, Reweight
from trimtab.model.memory import Memory
from trimtab.model.observation import Group, RouteSeen, Series, Target
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason
from trimtab.model.request import Requests
from trimtab.model.tick import Ask, Inputs, Remembered
from trimtab.observe import observe
from trimtab.ports import MetricKey

T = TypeVar("T")
MOST_CALLS = 60
"""Of one use of an adapter. More is a loop that does not end."""
WRITING: tuple[str, ...] = (
    "Modify",
    "Register",
    "Deregister",
    "Set",
    "Enter",
    "Exit",
    "Put",
    "Delete",
    "Transact",
)
WRITING += ("Send", "Publish")
LISTENER = RULE.replace(":listener-rule/", ":listener/").rsplit("/", 1)[0]
NAMES = {table: table.name.lower() for table in Table}
METRICS = tuple(
    MetricKey("AWS/ApplicationELB", name, "Sum", (("TargetGroup", "blue"),)) for name in "ab"
)


class Oracle(FakeAws):
    """Answers every call with something shaped like an answer, more or less."""

    def __init__(self, dice: Dice) -> None:
        super().__init__()
        self._dice = dice

    def _called(self, model: Any, context: dict[str, Any], **_: Any) -> Any:
        self.calls.append((model.name, dict(context["asked"])))
        assert len(self.calls) <= MOST_CALLS, "the pages have no end"
        return response(200), answer_of(model, self._dice, dict(context["asked"]))

    @property
    def writes(self) -> list[str]:
        return [name for name, _ in self.calls if name.startswith(WRITING)]


def answer_of(model: OperationModel, dice: Dice, asked: Mapping[str, Any]) -> Any:
    """An answer of an operation, sound or with wounds, often about what was asked."""
    shape = model.output_shape
    names = [*strings_in(asked), "x"]
    made = {} if shape is None else value_of(shape, dice, names, 0)
    meta = {"RequestId": "r", "HTTPStatusCode": 200}
    wounded = dice.broken(made) if dice.below(4) else made
    # whatever arrives, botocore's parsers return an object
    return {**(wounded if isinstance(wounded, dict) else {}), "ResponseMetadata": meta}


def value_of(shape: Shape, dice: Dice, names: list[str], depth: int) -> Any:
    """A value of a shape, with most of its members there."""
    match shape:
        case StructureShape() if shape.name == "AttributeValue":
            return {"S": dice.one_of(names)} if dice.below(4) else {"N": str(dice.below(3))}
        case StructureShape():
            return {
                name: value_of(member, dice, names, depth + 1)
                for name, member in shape.members.items()
                if depth < 6 and dice.below(8) < 7
            }
        case ListShape():
            return [value_of(shape.member, dice, names, depth + 1) for _ in range(dice.below(3))]
        case MapShape():
            return {
                dice.one_of(names): value_of(shape.value, dice, names, depth + 1)
                for _ in range(dice.below(3))
            }
        case _:
            return scalar_of(shape, dice, names)


def scalar_of(shape: Shape, dice: Dice, names: list[str]) -> Any:
    match shape.type_name:
        case "integer" | "long":
            return dice.below(12)
        case "double" | "float":
            return float(dice.below(100))
        case "boolean":
            return dice.below(2) == 1
        case "timestamp":
            return datetime(2026, 3, 2, 11, 50 + dice.below(10), tzinfo=UTC)
        case "blob":
            return b"x"
        case _:
            enum = getattr(shape, "enum", None)
            return dice.one_of(enum) if enum and dice.below(8) else dice.one_of(names)


def read(use: Callable[[], T]) -> T | None:
    """What a use gives; ``None`` if it ended in an error of ours."""
    try:
        return use()
    except TrimtabError:
        return None


def sound(kind: Any, value: Any) -> None:
    """A value that went in is of the types it says, for the strict codec reads it back."""
    if not isinstance(value, Reason):
        assert codec.loads(kind, codec.dumps(value)) == value


def seen(data: bytes) -> None:
    """Every read answers for everything that was asked, with sound values or a reason."""
    aws = Oracle(Dice(data))
    world = AwsInfrastructure(aws.clients)
    targets = world.targets([BLUE_ARN])
    groups = world.groups(["blue-asg", "green-asg"])
    routes = world.routes([RULE, type(RULE)(LISTENER)])
    series = world.series(METRICS, at(-8), at(0))
    assert targets.keys() == {BLUE_ARN}
    assert groups.keys() == {"blue-asg", "green-asg"}
    assert routes.keys() == {RULE, LISTENER}
    assert series.keys() == set(METRICS)
    for many in targets.values():
        for target in many if isinstance(many, tuple) else ():
            sound(Target, target)
    for kind, answers in ((Group, groups), (RouteSeen, routes), (Series, series)):
        for answer in answers.values():
            sound(kind, answer)
    assert aws.writes == []


def decided(data: bytes) -> None:
    """Whatever AWS answers, a tick can be thought and stored; nothing is written to AWS."""
    aws = Oracle(Dice(data))
    policy, memory = a_policy(), Memory()
    held = Remembered(policy, memory, (), Requests())
    sight = observe(AwsInfrastructure(aws.clients), {SHOP: held}, {SHOP}, at(0))[SHOP]
    tick = think(Inputs(sight, policy, memory, ()), "fuzz")
    assert codec.loads(type(tick), codec.dumps(tick)) == tick
    assert aws.writes == []


CHANGES: tuple[Change, ...] = (
    Resize(a_policy().fleets[next(iter(a_policy().fleets))].name, "blue-asg", 4, 5),
    an_eject(),
    an_eject(method=EjectMethod.STANDBY, group="blue-asg"),
    Restore(
        fleet=an_eject().fleet,
        target_group=BLUE_ARN,
        instance=a_target().instance,
        port=8080,
        zone=a_target().zone,
        method=EjectMethod.DEREGISTER,
    ),
    Reweight(
        route=next(iter({"main"})),  # type: ignore[arg-type]
        rule=RULE,
        before={BLUE_ARN: 1, GREEN_ARN: 0},
        after={BLUE_ARN: 0, GREEN_ARN: 1},
    ),
)


def done(data: bytes) -> None:
    """A write is made at most once, and ends in its calls or in an error of ours."""
    dice = Dice(data)
    change = dice.one_of(CHANGES)
    aws = Oracle(dice)
    calls = read(lambda: AwsHands(aws.clients).apply(change))
    assert len(aws.writes) <= 1
    if calls is not None:
        assert len(calls) == len(aws.writes) == 1


def resolved(data: bytes) -> None:
    """A name means one thing, or an error says what there is."""
    dice = Dice(data)
    aws = Oracle(dice)
    names = AwsNames(aws.clients)
    match dice.below(7):
        case 0:
            found: Any = read(lambda: names.target_group("blue"))
        case 1:
            found = read(lambda: names.target_group("tag:k=v"))
        case 2:
            found = read(lambda: names.group("blue-asg"))
        case 3:
            found = read(lambda: names.group("tag:k=v"))
        case 4:
            found = read(lambda: names.rule("shop:443/10"))
        case 5:
            found = read(lambda: names.rule(LISTENER))
        case _:
            found = read(lambda: names.rule(RULE))
    assert found is None or all(isinstance(text, str) for text in strings_in([found]))
    assert aws.writes == []


def tables(data: bytes) -> None:
    """State that DynamoDB answers is sound, or an error of ours says what is wrong."""
    dice = Dice(data)
    aws = Oracle(dice)
    here = DynamoTables(aws.clients, NAMES, wait=lambda _: None)
    store, ledger = TableStore(here), TableLedger(here)
    uses: tuple[Callable[[], Any], ...] = (
        store.services,
        lambda: store.recall([SHOP]),
        lambda: store.policy(SHOP),
        lambda: store.heads([SHOP]),
        lambda: store.pauses(SHOP),
        lambda: store.halts(SHOP),
        lambda: list(ledger.links(SHOP)),
        lambda: ledger.entry(SHOP, an_entry().id),
        lambda: ledger.entries(SHOP, [an_entry().id]),
        lambda: list(ledger.of_service(SHOP, at(-60), at(60))),
        lambda: list(ledger.of_day("2026-03-02")),
        lambda: list(ledger.ticks(SHOP, at(-60), at(60), 5)),
    )
    read(dice.one_of(uses))
    assert aws.writes == []


def appended(data: bytes) -> None:
    """A write to the log is one transaction, or an error of ours."""
    dice = Dice(data)
    aws = Oracle(dice)
    ledger = TableLedger(DynamoTables(aws.clients, NAMES, wait=lambda _: None))
    if dice.below(2):
        read(lambda: ledger.append(an_entry()))
    else:
        read(lambda: ledger.commit(a_tick(entries=(an_entry(),))))
    assert len(aws.writes) <= 1


def sent(data: bytes) -> None:
    """Sending and publishing end well, or in an error of ours."""
    aws = Oracle(Dice(data))
    asks = [Ask(SHOP, "schedule", at(n)) for n in range(12)]
    read(lambda: SqsQueue(aws.clients, "https://sqs.eu-west-1.amazonaws.com/1/w").ask(asks))
    read(lambda: SnsTopic(aws.clients, "arn:aws:sns:eu-west-1:1:t").tell("s", "t", {"a": "b"}))
