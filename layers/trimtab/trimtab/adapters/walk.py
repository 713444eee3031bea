"""Walks what was added to each chain since the last walk; a chain that breaks is walked whole.

New links are streamed and forgotten. When one of them is missing all keys are streamed, so that no
entry that merely lies under an old one (an answer to an old proposal) passes for it, however long
the chain is. Only when one does not hold is the whole chain read, so that the fault is named in the
words of ``trimtab log verify``, and so that nothing whose time was up passes for missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice

from trimtab.adapters.chain import START
from trimtab.adapters.descent import head_at
from trimtab.adapters.verify import Heads, is_sound, verify
from trimtab.anchor import EVERYTHING
from trimtab.errors import Malformed
from trimtab.model.ids import ServiceId
from trimtab.model.link import Checked, Head, Link
from trimtab.ports import Ledger, Store

OVERLAP = timedelta(hours=1)
"""How much older than the last walk the key of a newer entry may be: a slow tick, a wrong clock."""
MOST_WAITING = 2_000
"""Links held back until the one before them is read: keys follow the order of writing closely."""
MOST_WHOLE = 50_000
"""Entries of a chain that is walked whole: what a function of 512 MB holds."""

HasTime = Callable[[], bool]


def walk_chains(
    store: Store, ledger: Ledger, now: datetime, has_time: HasTime
) -> Mapping[ServiceId, Checked]:
    """Walk every chain on, those not looked at for the longest first, as long as there is time.

    Returns the marks of those walked, and keeps each where the next walk and people find it.
    """
    services = [EVERYTHING, *(listed.service for listed in store.services())]
    marks = store.checked(services)
    found: dict[ServiceId, Checked] = {}
    for service in sorted(services, key=lambda s: (s in marks, marks[s].at if s in marks else now)):
        if not has_time():
            break
        mark = _walk(store, ledger, service, marks.get(service), (now, has_time))
        if mark is not None:
            store.keep_checked(service, mark)
            found[service] = mark
    return found


def _walk(
    store: Store,
    ledger: Ledger,
    service: ServiceId,
    mark: Checked | None,
    clock: tuple[datetime, HasTime],
) -> Checked | None:
    """Walk one chain on; ``None`` if it has no entries yet, or time ran out on the way."""
    now, has_time = clock
    start = mark.head if mark else START
    try:
        end = store.heads([service]).get(service, START)
        if end.n < start.n:
            text = f"the head of the chain was set back from {start.n} to {end.n}"
            return Checked(start, now, text)
        links = ledger.links(service, mark.at - OVERLAP if mark and not mark.fault else None)
        reached = _onward(links, start, end, has_time)
        if reached != end and has_time():
            reached = _onward(ledger.links(service), start, end, has_time)
        if reached == end:
            return Checked(end, now) if mark or end != START else None
        if not has_time():
            return None
        fault = _whole(store, ledger, service, end, now)
    except Malformed as damage:
        fault = str(damage)
    return Checked(start, now, fault) if fault else Checked(end, now)


def _onward(links: Iterable[Link], start: Head, end: Head, has_time: HasTime) -> Head | None:
    """Go from link to link; return how far they hold, ``None`` if one does not."""
    last, waiting = start, dict[int, Link]()
    for count, link in enumerate(links):
        if count % 1_000 == 0 and not has_time():
            return last
        if not last.n < link.n <= end.n:
            continue
        if link.n in waiting or len(waiting) >= MOST_WAITING:
            return None
        waiting[link.n] = link
        while (follower := waiting.pop(last.n + 1, None)) is not None:
            if follower.prev != last.hash or not is_sound(follower):
                return None
            last = head_at(follower)
    return last


def _whole(store: Store, ledger: Ledger, service: ServiceId, before: Head, now: datetime) -> str:
    """Say how a chain is broken when all of it is looked at; nothing if it holds after all."""
    links = list(islice(ledger.links(service), MOST_WHOLE + 1))
    if len(links) > MOST_WHOLE:
        return "a new link does not hold, and the chain is too long to be walked whole here"
    after = store.heads([service]).get(service, START)
    fault = verify(links, Heads(before, after), now).fault
    if fault is None:
        return ""
    where = f" (entry {fault.entry})" if fault.entry else ""
    return f"broken at {fault.n}{where}: {fault.kind}: {fault.text}"
