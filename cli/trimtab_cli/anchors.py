"""Reads anchors as people export them: log lines, or what the AWS CLI answers."""

from __future__ import annotations

import json
from collections.abc import Iterator

from trimtab.codec import decode
from trimtab.errors import Malformed
from trimtab.model.ids import ServiceId
from trimtab.model.link import Head
from trimtab_cli.stop import USAGE, Stop

Anchors = dict[ServiceId, dict[int, Head]]
"""Of each service: how the chain ended when it had so many entries."""

FIELDS = frozenset({"n", "hash", "dues"})
WHAT_TO_DO = "export one: aws logs filter-log-events --log-group-name /aws/lambda/STACK-anchor"


def anchors_in(text: str) -> Anchors:
    """Read every head that the anchors in ``text`` name; ``Stop`` if there is none."""
    found: Anchors = {}
    try:
        for line in _lines(text):
            for head in line["heads"]:
                service = ServiceId(str(head["service"]))
                known = decode(Head, {k: v for k, v in head.items() if k in FIELDS})
                if len(known.hash) != 64:
                    raise ValueError(f"no head: {head!r:.80}")
                _add(found.setdefault(service, {}), known)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, Malformed) as error:
        raise Stop(f"that is no anchor: {error!r:.120}", WHAT_TO_DO, USAGE) from None
    if not found:
        raise Stop("there is no anchor in it", WHAT_TO_DO, USAGE)
    return found


def _add(heads: dict[int, Head], known: Head) -> None:
    if heads.setdefault(known.n, known) != known:
        raise ValueError(f"two anchors disagree about entry {known.n}")


def _lines(text: str) -> Iterator[dict[str, list[dict[str, object]]]]:
    """The log lines that are anchors, from one line each or from one JSON document."""
    try:
        whole = json.loads(text)
    except ValueError:
        documents = [json.loads(line) for line in text.splitlines() if line.strip()]
    else:
        events = whole.get("events") if isinstance(whole, dict) else whole
        documents = events if isinstance(events, list) else [whole]
    for document in documents:
        inner = document.get("message") if isinstance(document, dict) else None
        line = json.loads(inner) if isinstance(inner, str) and inner[:1] == "{" else document
        if isinstance(line, dict) and isinstance(line.get("heads"), list):
            yield line
