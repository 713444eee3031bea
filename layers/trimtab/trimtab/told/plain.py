"""Plain: a story as the plain text of an e-mail. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trimtab.model.ids import ServiceId
from trimtab.told.story import Story
from trimtab.told.words import plain


def text_of(story: Story) -> str:
    """Write a story as text: a line each, nothing in it that a terminal or a sheet would obey."""
    return "\n".join(_lines(story))


def attributes_of(service: ServiceId, step: str, urgent: bool, name: str) -> Mapping[str, str]:
    """Return what a subscription's filter can go by; ``id``: the same if it is sent once more."""
    needs = "yes" if urgent else "no"
    return {"service": service, "step": step, "urgent": needs, "id": name}


def _lines(story: Story) -> Iterator[str]:
    yield plain(story.headline)
    for section in story.sections:
        yield ""
        yield section.title
        for line in section.lines:
            yield f"  {plain(line)}"
        if section.more:
            yield f"  and {section.more} more"
    if story.commands:
        yield ""
        yield "What you can do"
    for label, command in story.commands:
        yield f"  {plain(label)}"
        yield f"    {command}"
    if story.footer:
        yield ""
        yield plain(story.footer)
