"""Channels: the ways to tell somebody, each in its own words."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from trimtab.messengers import Bus, Topic, Webhook
from trimtab.model.incident import Digest, Telling
from trimtab.told.due import Pace
from trimtab.told.event import digest_event, digest_id, events_of, telling_id
from trimtab.told.plain import attributes_of, text_of
from trimtab.told.slack import body_of
from trimtab.told.story import Story, digest_of, story_of


class Channel(Protocol):
    """One way to tell somebody. Both methods raise if it may not have arrived."""

    @property
    def pace(self) -> Pace:
        """Its name, and whether people read it."""
        ...

    def tell(self, telling: Telling) -> None:
        """Tell what is news of an incident."""
        ...

    def digest(self, digest: Digest) -> None:
        """Tell a day of a service that only observes."""
        ...


@dataclass(frozen=True, slots=True)
class TopicChannel:
    """Plain text to everybody who subscribed."""

    topic: Topic

    @property
    def pace(self) -> Pace:
        """People, who read."""
        return Pace("topic")

    def tell(self, telling: Telling) -> None:
        """Publish one message; its subject is the same for the whole incident."""
        story = story_of(telling)
        urgent = any(note.urgent for note in telling.news)
        attributes = attributes_of(telling.service, telling.step, urgent, telling_id(telling))
        self.topic.tell(story.subject, text_of(story), attributes)

    def digest(self, digest: Digest) -> None:
        """Publish one message."""
        story = digest_of(digest)
        attributes = attributes_of(digest.service, "digest", False, digest_id(digest))
        self.topic.tell(story.subject, text_of(story), attributes)


@dataclass(frozen=True, slots=True)
class BusChannel:
    """Events for programs: every action, every step of an incident, at once."""

    bus: Bus

    @property
    def pace(self) -> Pace:
        """Programs, which do not mind how often."""
        return Pace("bus", for_people=False)

    def tell(self, telling: Telling) -> None:
        """Put the events of a telling."""
        self.bus.put(events_of(telling))

    def digest(self, digest: Digest) -> None:
        """Put one event."""
        self.bus.put((digest_event(digest),))


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Block Kit to a chat program."""

    webhook: Webhook

    @property
    def pace(self) -> Pace:
        """People, who read."""
        return Pace("webhook")

    def tell(self, telling: Telling) -> None:
        """Post one message."""
        self._post(story_of(telling))

    def digest(self, digest: Digest) -> None:
        """Post one message."""
        self._post(digest_of(digest))

    def _post(self, story: Story) -> None:
        self.webhook.post(json.dumps(body_of(story)))
