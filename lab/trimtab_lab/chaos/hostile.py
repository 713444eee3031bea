"""Events, messages and records that somebody forged: what anyone with a bus or a name may send."""

from __future__ import annotations

import json
import random
from typing import Any

from trimtab.model.policy import Policy
from trimtab_lab.chaos.delivery import TO_ACT, TO_RECONCILE, TO_WAKE

MARKUP = ("<img src=x onerror=alert(1)>", "=HYPERLINK(1)", "[red]x[/red]", "\x1b[31mx", "{{7*7}}")
BIDI = "shop\u202egnp.exe"
HOMOGLYPH = "sh\u043ep"
PATHS = ("../../etc/passwd", "shop/../../other", "shop\x00", "")

Event = dict[str, Any]


def forgery(dice: random.Random, policy: Policy) -> tuple[str, Event]:
    """Return a forged event, and the function it is for."""
    to = dice.choice((TO_WAKE, TO_WAKE, TO_RECONCILE, TO_ACT))
    if to == TO_WAKE:
        return to, _event(dice, policy)
    if to == TO_RECONCILE:
        return to, {"Records": [{"messageId": _word(dice), "body": _body(dice)}]}
    return to, _record(dice, policy)


def _word(dice: random.Random) -> str:
    return dice.choice((*MARKUP, BIDI, HOMOGLYPH, *PATHS, "x" * 5000))


def _event(dice: random.Random, policy: Policy) -> Event:
    """An alarm that never was: of others, of ours, too deep, too large, of the wrong types."""
    names: list[Any] = [_word(dice), *sorted(policy.resources()), 7, None, ["x"], {"a": "b"}]
    dimension = dice.choice(names)
    detail: Any = {
        "alarmName": dice.choice(names),
        "AutoScalingGroupName": dice.choice(names),
        "configuration": {
            "metrics": [{"metricStat": {"metric": {"dimensions": {"TargetGroup": dimension}}}}]
        },
    }
    match dice.randrange(5):
        case 0:
            for _ in range(200):
                detail = {"deeper": detail}
        case 1:
            detail["noise"] = "x" * 200_000
        case 2:
            detail = dice.choice(([], "text", None, 3))
        case _:
            pass
    return {
        "source": dice.choice(("aws.cloudwatch", "aws.autoscaling", "trimtab", "", 9)),
        "detail-type": dice.choice(("CloudWatch Alarm State Change", _word(dice), None)),
        "account": dice.choice(("123456789012", "999999999999", None)),
        "region": dice.choice(("us-east-1", "mars-north-1")),
        "resources": dice.choice(([_word(dice)], "text", None, [[]])),
        "detail": detail,
    }


def _body(dice: random.Random) -> str:
    """A message of the queue that is none of ours, or asks for what nobody has."""
    asks = {"service": _word(dice), "by": _word(dice), "asked_at": "2026-03-02T09:00:00Z"}
    text = json.dumps(asks)
    more = json.dumps({**asks, "admin": True})
    return dice.choice((text, more, text[:-3], "[" * 5000, "null", "7", '{"service": 1}'))


def _record(dice: random.Random, policy: Policy) -> Event:
    """A stream record that names an intent which the log does not hold."""
    image: Event = {
        "service": {"S": dice.choice((policy.service, _word(dice)))},
        "id": {"S": dice.choice(("01FORGED00000000000000000#000", _word(dice) or "x"))},
        "kind": {"S": "intended"},
        "body": {"S": _word(dice)},
    }
    change: Any = dice.choice(({"SequenceNumber": "1", "NewImage": image}, None, [], {}))
    return {"Records": [{"eventName": "INSERT", "dynamodb": change}]}


__all__ = ["forgery"]
