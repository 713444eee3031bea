"""Due: what each channel is to be told now, and what has to wait. Pure.

People get the first message of an incident at once, then ever fewer: five minutes later at the
earliest, then ten, twenty, forty, sixty. What needs somebody comes at once, and so does the first
thing that was done in it. Whatever happens, no channel gets more than ``MOST_AN_HOUR`` messages of
an incident in an hour; what waited is told, or at least counted, in the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trimtab.model.ids import ServiceId
from trimtab.model.incident import Incident, Place, Progress, Step, Telling, Told, Trouble

MOST_AN_HOUR = 10
KEPT_FOR_URGENT = 4
"""Of these, so many are left for what needs somebody."""
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(minutes=60)
AN_HOUR = timedelta(hours=1)
KEPT_UNTOLD = timedelta(hours=24)
"""How long a closed incident waits for a channel that cannot be reached."""
FIRST_BACK_OFF = timedelta(minutes=1)
LONGEST_BACK_OFF = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Pace:
    """A channel by name; ``for_people`` means that it is told less often."""

    channel: str
    for_people: bool = True


def due(told: Told, service: ServiceId, paces: Sequence[Pace], now: datetime) -> list[Due]:
    """Say what each channel is to be told now, in order."""
    found = []
    for pace in paces:
        held = told.troubles.get(pace.channel, Trouble()).not_before
        if held is not None and now < held:
            continue
        for incident in told.incidents:
            telling = _telling(service, incident, pace, now)
            if telling is not None:
                found.append(Due(pace.channel, telling))
    return found


@dataclass(frozen=True, slots=True)
class Due:
    """One telling for one channel."""

    channel: str
    telling: Telling


def done(told: Told, due: Due, now: datetime) -> Told:
    """Note that a channel was told. Order does not matter, nor does noting it twice."""
    name = due.channel
    incidents = tuple(
        _progressed(incident, due, now) if incident.id == due.telling.incident.id else incident
        for incident in told.incidents
    )
    troubles = {channel: trouble for channel, trouble in told.troubles.items() if channel != name}
    return replace(told, incidents=incidents, troubles=troubles)


def failed(told: Told, channel: str, now: datetime, wait: timedelta | None = None) -> Told:
    """Note that a channel could not be reached: wait as it asks, or longer each time."""
    failures = told.troubles.get(channel, Trouble()).failures + 1
    back_off = min(FIRST_BACK_OFF * 2 ** min(failures - 1, 10), LONGEST_BACK_OFF)
    trouble = Trouble(failures, now + (wait or back_off))
    return replace(told, troubles={**told.troubles, channel: trouble})


def tidied(told: Told, paces: Sequence[Pace], now: datetime) -> Told:
    """Forget closed incidents that every channel knows of, or that are too old to matter."""
    kept = tuple(i for i in told.incidents if not _is_behind_us(i, paces, now))
    return told if len(kept) == len(told.incidents) else replace(told, incidents=kept)


def _telling(service: ServiceId, incident: Incident, pace: Pace, now: datetime) -> Telling | None:
    progress = incident.progress.get(pace.channel, Progress())
    step = _step(incident, progress, pace)
    if step is None or (pace.for_people and not _may_speak(incident, progress, step, now)):
        return None
    return Telling(service, incident, step, progress.notes, progress.messages + 1)


def _step(incident: Incident, progress: Progress, pace: Pace) -> Step | None:
    if progress.closed:
        return None
    has_news = progress.notes < incident.counted
    if progress.messages == 0:
        return Step.OPENED
    if incident.closed_at is None:
        return Step.UPDATED if has_news else None
    if has_news or not pace.for_people or not _is_told_whole(incident, progress):
        return Step.CLOSED
    return None


def _is_told_whole(incident: Incident, progress: Progress) -> bool:
    """Whether the end needs no message of its own: one message said it all, and none was urgent."""
    return progress.messages <= 1 and not incident.urgent


def _may_speak(incident: Incident, progress: Progress, step: Step, now: datetime) -> bool:
    recent = [at for at in progress.recent if now - at < AN_HOUR]
    if len(recent) >= MOST_AN_HOUR:
        return False
    if step is Step.OPENED or _has_urgent_news(incident, progress):
        return True
    if len(recent) >= MOST_AN_HOUR - KEPT_FOR_URGENT:
        return False
    if _is_first_action(incident, progress):
        return True
    last = max(progress.recent, default=None)
    wait = min(FIRST_WAIT * 2 ** min(max(progress.messages - 1, 0), 10), LONGEST_WAIT)
    return step is Step.CLOSED or last is None or now - last >= wait


def _has_urgent_news(incident: Incident, progress: Progress) -> bool:
    return any(n.urgent for n in incident.notes if n.number >= progress.notes)


def _is_first_action(incident: Incident, progress: Progress) -> bool:
    """Whether something was done, and nothing that was done has been told so far."""
    done = [n.number for n in incident.notes if n.place is Place.DONE]
    return bool(done) and min(done) >= progress.notes


def _progressed(incident: Incident, due: Due, now: datetime) -> Incident:
    was, telling = incident.progress.get(due.channel, Progress()), due.telling
    if was.messages >= telling.number:
        return incident
    recent = (*(at for at in was.recent if now - at < AN_HOUR), now)[-MOST_AN_HOUR:]
    progress = Progress(
        notes=max(was.notes, telling.incident.counted),
        messages=telling.number,
        recent=recent,
        closed=telling.incident.closed_at is not None,
    )
    return replace(incident, progress={**incident.progress, due.channel: progress})


def _is_behind_us(incident: Incident, paces: Sequence[Pace], now: datetime) -> bool:
    if incident.closed_at is None:
        return False
    if now - incident.closed_at >= KEPT_UNTOLD:
        return True
    progresses = ((pace, incident.progress.get(pace.channel, Progress())) for pace in paces)
    return all(_step(incident, progress, pace) is None for pace, progress in progresses)
