"""What a chat program gets can do nothing there but be read."""

from __future__ import annotations

import json

import pytest

from tests.unit.core.stories import a_question, an_action
from tests.unit.core.test_stories import of
from trimtab.model.entry import Kind
from trimtab.model.reason import Reason, ReasonCode
from trimtab.told.slack import body_of, inert


def test_a_message_has_a_header_sections_commands_and_a_fallback() -> None:
    story = of(an_action(), a_question(1))
    body = body_of(story)
    kinds = [block["type"] for block in body["blocks"]]
    assert kinds[:2] == ["header", "section"]
    assert kinds.count("context") == 4, "approve, reject, undo, read on"
    assert body["text"].startswith(f"{story.thread} applied: deregister")
    commands = [e["text"] for b in body["blocks"] if b["type"] == "context" for e in b["elements"]]
    assert f"`trimtab approve '{a_question(1).id}' --service shop`" in commands


@pytest.mark.parametrize(
    ("evil", "harmless"),
    [
        ("<!channel>", "&lt;！channel&gt;"),
        ("<@U123>", "&lt;＠U123&gt;"),
        ("<https://evil|click>", "&lt;https:∕∕evil｜click&gt;"),
        ("[click](HTTPS://evil)", "［click］(HTTPS:∕∕evil)"),
        ("@here *bold* ~no~ `code`", "＠here ∗bold∗ ∼no∼ ʼcodeʼ"),
        ("&lt;!here&gt;", "&amp;lt;！here&amp;gt;"),
        ("![x](y)", "！［x］(y)"),
        ("WWW.evil", "www．evil"),
        ("\u0130://x", "\u0130://x"),
    ],
)
def test_mentions_links_and_formatting_are_made_to_look_alike_only(
    evil: str, harmless: str
) -> None:
    assert inert(evil) == harmless


def test_text_of_others_stands_only_where_no_markup_is_read() -> None:
    evil = "<!channel> *x* [a](https://evil) @here"
    entry = an_action(kind=Kind.FAILED, reason=Reason(ReasonCode.AWS_ERROR, evil), subject=evil)
    body = body_of(of(entry))
    for block in body["blocks"]:
        for text in [block["text"]] if "text" in block else block["elements"]:
            assert evil not in text["text"] or text["type"] == "plain_text"
            if text["type"] == "mrkdwn":
                assert text["verbatim"] is True
    assert "<!" not in body["text"]
    assert "https://" not in body["text"]
    assert (body["link_names"], body["mrkdwn"]) == (False, False)


def test_a_message_keeps_to_the_limits_of_slack() -> None:
    many = [
        a_question(n / 10, id=f"{n:026}#000", reason=Reason(ReasonCode.BLIND, "x" * 5000))
        for n in range(1, 50)
    ]
    body = body_of(of(*many, *(an_action(n, number=n) for n in range(1, 40))))
    assert len(body["blocks"]) <= 50
    assert all(len(b["text"]["text"]) <= 3000 for b in body["blocks"] if b["type"] == "section")
    assert all(len(b["text"]["text"]) <= 150 for b in body["blocks"] if b["type"] == "header")
    assert len(body["text"]) < 4000
    assert len(json.dumps(body)) < 60_000
