"""Slack: a story as the body of an incoming webhook, for Slack and what takes the same. Pure.

What comes from the log stands only in ``plain_text`` objects, where Slack reads no markup, and in
the fallback ``text``, where everything that Slack, Mattermost or a Markdown reader could take for
a mention, a link or formatting is replaced by a character that only looks like it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab.told.story import Section, Story
from trimtab.told.words import cut, safe

LONGEST_HEADER = 150
LONGEST_SECTION = 2900
LONGEST_FALLBACK = 3500
MOST_COMMANDS = 12

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LOOK_ALIKES = {
    "@": "\uff20", "`": "\u02bc", "*": "\u2217", "~": "\u223c", "[": "\uff3b", "]": "\uff3d",
    "!": "\uff01", "|": "\uff5c", "\\": "\uff3c", "#": "\uff03",
}  # fmt: skip
_LINKS = (("://", ":\u2215\u2215"), ("www.", "www\uff0e"), ("mailto:", "mailto\uff1a"))


def body_of(story: Story) -> Mapping[str, Any]:
    """Write a story as a webhook's body.

    An incoming webhook does not tell the ``ts`` of what it posted, so messages cannot be replies in
    a thread: each begins with the incident's id, to be searched for, and says what is news.
    """
    return {
        "text": cut(_fallback(story), LONGEST_FALLBACK),
        "mrkdwn": False,
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": list(_blocks(story)),
    }


def inert(text: str) -> str:
    """Replace what chat programs read as mentions, links or formatting.

    Worked example: ``<!channel> [x](http://y)`` becomes ``&lt;！channel&gt; ［x］(http:∕∕y)``.
    """
    for link, harmless in _LINKS:
        text = _without_case(text, link, harmless)
    return "".join(_ENTITIES.get(c) or _LOOK_ALIKES.get(c, c) for c in safe(text, len(text)))


def _without_case(text: str, old: str, new: str) -> str:
    lower, found, start = text.lower(), [], 0
    while (at := lower.find(old, start)) >= 0 and len(lower) == len(text):
        found += [text[start:at], new]
        start = at + len(old)
    return "".join([*found, text[start:]])


def _blocks(story: Story) -> Iterator[Mapping[str, Any]]:
    yield {"type": "header", "text": _plain(story.subject, LONGEST_HEADER)}
    yield {"type": "section", "text": _plain(story.headline, LONGEST_SECTION)}
    for section in story.sections:
        yield {"type": "section", "text": _plain(_told(section), LONGEST_SECTION)}
    for label, command in story.commands[:MOST_COMMANDS]:
        text = {"type": "mrkdwn", "text": f"`{_code(command)}`", "verbatim": True}
        yield {"type": "context", "elements": [_plain(label, LONGEST_HEADER), text]}
    if story.footer:
        yield {"type": "context", "elements": [_plain(story.footer, LONGEST_HEADER)]}


def _told(section: Section) -> str:
    lines = [section.title, *(f"\u2022 {line}" for line in section.lines)]
    return "\n".join([*lines, f"and {section.more} more"] if section.more else lines)


def _plain(text: str, most: int) -> Mapping[str, Any]:
    return {"type": "plain_text", "text": cut(text, most) or "-", "emoji": False}


def _code(command: str) -> str:
    return "".join(_ENTITIES.get(c, c) for c in command)


def _fallback(story: Story) -> str:
    title = story.subject.removeprefix(story.thread).strip()
    lines = [title, story.headline]
    for section in story.sections:
        lines += _told(section).split("\n")
    lines += [story.footer] if story.footer else []
    return f"{story.thread} " + "\n".join(inert(line) for line in lines)
