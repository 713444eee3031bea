"""What people and programs were told: three channels, any of them out of order, and who listens.

Nothing that is worth telling is lost for ever; nobody is told the same twice without a cause, and
people are never told too often.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trimtab.channels import BusChannel, Channel, TopicChannel, WebhookChannel
from trimtab.errors import Throttled, TryLater
from trimtab.model.entry import Entry
from trimtab.model.ids import EntryId
from trimtab.model.incident import Digest, Telling, Told
from trimtab.model.message import Event
from trimtab.told.due import Pace
from trimtab.told.kinds import manner_of
from trimtab_lab.chaos.gates import Gate
from trimtab_lab.simulator.stores import ListTopic

MOST_AN_HOUR = 10
AN_HOUR = timedelta(hours=1)
SKEWED = timedelta(seconds=15)
A_BATCH = 12
"""Messages that one thing that goes wrong may repeat: all that was due, on each channel."""


class _Bus:
    """Port ``Bus`` that takes everything."""

    def put(self, events: Sequence[Event]) -> None:
        """Take events."""


class _Webhook:
    """Port ``Webhook`` that takes everything."""

    def post(self, body: str) -> None:
        """Take a body."""


@dataclass(slots=True)
class Ears:
    """Whoever listens. ``struck``: what went wrong in those who tell, each a cause to repeat."""

    law: Callable[[bool, str], None]
    now: Callable[[], datetime]
    struck: int = 0
    repeated: int = 0
    known: set[EntryId] = field(default_factory=set)
    """Notes that programs were told of."""
    uncounted: int = 0
    """Notes that programs were only told the number of."""
    anybody: set[EntryId] = field(default_factory=set)
    """Notes that anybody was told of."""
    owed: dict[EntryId, Entry] = field(default_factory=dict)
    """What notify has taken in and stored, and is worth a message."""
    once: dict[EntryId, Entry] = field(default_factory=dict)
    """What notify has taken in and could not store, and is worth a message to somebody."""
    days: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each channel was told of a day."""
    told: dict[tuple[str, EntryId], list[tuple[datetime, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By channel and the entry that opened the incident: when each of its messages came."""

    def hears(self, channel: Pace, telling: Telling) -> None:
        """Take in a message that arrived."""
        now, rows = self.now(), self.told[channel.channel, telling.incident.opened_by]
        self.repeated += any(number == telling.number for _, number in rows)
        rows.append((now, telling.number))
        name = f"{channel.channel}, of incident {telling.incident.id}"
        self.law(
            self.repeated <= self.struck * A_BATCH,
            f"{name}: {self.repeated} messages came twice, and {self.struck} things went wrong",
        )
        recent = sum(now - at < AN_HOUR for at, _ in rows)
        most = MOST_AN_HOUR + self.struck
        self.law(not channel.for_people or recent <= most, f"{name}: {recent} within an hour")
        self.anybody |= {note.id for note in telling.news}
        if not channel.for_people:
            self.known |= {note.id for note in telling.news}
            self.uncounted += max(0, telling.unsaid)

    def hears_of_a_day(self, channel: Pace, digest: Digest) -> None:
        """Take in a digest that arrived."""
        self.days[channel.channel, digest.day] += 1
        count = self.days[channel.channel, digest.day]
        text = f"{channel.channel}: {digest.day} was told {count} times"
        self.law(count <= 1 + self.struck, f"{text}, and {self.struck} things went wrong")

    def took(self, entries: Iterable[Entry], stored: bool) -> None:
        """Note what notify took in and did not give back.

        What it could not store it tells whom it can reach, once.
        """
        for entry in entries:
            manner = manner_of(entry)
            if manner is not None and manner.opens:
                (self.owed if stored else self.once)[entry.id] = entry

    def unsettled(self, told: Told) -> Iterator[str]:
        """Say what was never told, when nothing has been wrong for long."""
        now = self.now()
        silent = {
            name
            for name, trouble in told.troubles.items()
            if trouble.not_before is not None and trouble.not_before > now - SKEWED
        }
        lost = sorted(self.owed.keys() - self.known)
        if len(lost) > self.uncounted and "bus" not in silent:
            yield f"programs were never told of {lost[0]}, nor of {len(lost) - 1} others"
        unheard = sorted(self.once.keys() - self.anybody)
        if len(unheard) > self.uncounted:
            yield f"nobody was ever told of {unheard[0]}, nor of {len(unheard) - 1} others"
        for incident in told.incidents:
            for name in {"topic", "webhook"} - silent:
                rows = self.told.get((name, incident.opened_by), [])
                progress = incident.progress.get(name)
                if progress is None and not rows:
                    yield f"people at the {name} were never told of incident {incident.id}"


class GatedChannel:
    """A channel behind a gate: written in its own words, and then perhaps not sent."""

    def __init__(self, inner: Channel, gate: Gate, ears: Ears) -> None:
        self._inner, self._gate, self._ears = inner, gate, ears

    @property
    def pace(self) -> Pace:
        """The channel's own."""
        return self._inner.pace

    def tell(self, telling: Telling) -> None:
        """Send what is news, if the dice let it."""

        def do() -> None:
            self._inner.tell(telling)
            self._ears.hears(self.pace, telling)

        self._send(do)

    def digest(self, digest: Digest) -> None:
        """Send a day."""

        def do() -> None:
            self._inner.digest(digest)
            self._ears.hears_of_a_day(self.pace, digest)

        self._send(do)

    def _send(self, do: Callable[[], None]) -> None:
        name = self.pace.channel
        try:
            self._gate.call(f"tell {name}", do)
        except Throttled as error:
            if name == "webhook":
                raise TryLater(str(error), timedelta(minutes=2)) from error
            raise


def channels_for(gate: Gate, ears: Ears) -> tuple[Channel, ...]:
    """All there are, in the order of a deployment."""
    inner: tuple[Channel, ...] = (
        TopicChannel(ListTopic()),
        BusChannel(_Bus()),
        WebhookChannel(_Webhook()),
    )
    return tuple(GatedChannel(channel, gate, ears) for channel in inner)


__all__ = ["Ears", "channels_for"]
