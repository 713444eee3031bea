"""The post between the functions: messages, stream records and events, none of it reliable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from trimtab.adapters import records
from trimtab.adapters.tables import Item
from trimtab.events import ask_to_body
from trimtab.model.entry import Entry
from trimtab.model.tick import Ask
from trimtab_lab.chaos.plan import Dice, Trouble

TO_RECONCILE, TO_ACT, TO_WAKE, TO_NOTIFY = "reconcile", "act", "wake", "notify"
TO_ACCESS, TO_DIGEST = "access", "digest"


@dataclass(frozen=True, slots=True)
class Letter:
    """Something to deliver: to which function, what, when, and for the how-manieth time."""

    to: str
    event: dict[str, Any]
    due: datetime
    sent: datetime
    tries: int = 1


@dataclass(slots=True)
class Post:
    """Delivers at least once, mostly; late, doubled, out of order or never, as the dice say."""

    dice: Dice
    now: datetime
    waiting: list[Letter] = field(default_factory=list)

    def ask(self, asks: Sequence[Ask]) -> None:
        """Port ``Queue``: one message for each."""
        for ask in asks:
            name = f"{ask.service}-{ask.asked_at.isoformat()}-{ask.by}"
            body = {"Records": [{"messageId": name, "body": ask_to_body(ask)}]}
            self.send(TO_RECONCILE, body, 2)

    def stream(self, entry: Entry) -> None:
        """A new intent's stream record, for act."""
        self.send(TO_ACT, {"Records": [_record(records.entry_item(entry))]}, 1)

    def stream_all(self, items: Sequence[Item]) -> None:
        """The stream records of one transaction, for notify."""
        self.send(TO_NOTIFY, {"Records": [_record(item) for item in items]}, 5)

    def send(self, to: str, event: dict[str, Any], after_s: int) -> None:
        """Take one event to deliver."""
        event = json.loads(json.dumps(event))
        dice = self.dice
        copies = 1
        if dice.strikes(Trouble.DUPLICATE, to):
            copies = dice.of(Trouble.DUPLICATE).choice((2, 2, 3, 10))
        if dice.strikes(Trouble.DROP, to):
            copies = 0
        for number in range(copies):
            late = after_s + number * (dice.of(Trouble.DUPLICATE).choice((0, 0, 20, 90)))
            if dice.strikes(Trouble.LATE, to):
                late += dice.of(Trouble.LATE).choice((10, 45, 70, 110, 200, 7200))
            due = self.now + timedelta(seconds=late)
            self.waiting.append(Letter(to, event, due, self.now))

    def again(self, letter: Letter, after_s: int, most: int) -> None:
        """Deliver once more what failed, if it has not been tried too often."""
        if letter.tries < most:
            due = self.now + timedelta(seconds=after_s)
            self.waiting.append(Letter(letter.to, letter.event, due, letter.sent, letter.tries + 1))

    def take(self) -> list[Letter]:
        """Take what is due."""
        due = [letter for letter in self.waiting if letter.due <= self.now]
        self.waiting = [letter for letter in self.waiting if letter.due > self.now]
        return due


def _record(item: Item) -> dict[str, Any]:
    image = {k: {"S": v} for k, v in item.items() if isinstance(v, str)}
    change = {"SequenceNumber": str(item["id"]), "NewImage": image}
    return {"eventName": "INSERT", "dynamodb": change}
