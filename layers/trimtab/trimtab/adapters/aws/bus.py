"""The event bus that programs listen to: EventBridge."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults
from trimtab.errors import Throttled, Unclear
from trimtab.model.message import Event

if TYPE_CHECKING:
    from types_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "trimtab"
MOST_A_CALL = 10
LARGEST_CALL = 240 * 1024
"""Below the 256 KB that EventBridge takes in one call; source and type count too."""

_BUSY = frozenset({"ThrottlingException", "InternalFailure", "InternalException"})


@dataclass(frozen=True, slots=True)
class EventBus:
    """Port ``Bus`` on EventBridge."""

    clients: Clients
    name: str

    def put(self, events: Sequence[Event]) -> None:
        """Send events, ten a call at most; what was sent before an error stays sent."""
        batch: list[PutEventsRequestEntryTypeDef] = []
        size = 0
        for event in events:
            entry = self._entry(event)
            width = len(entry["Detail"].encode()) + 200
            if batch and (len(batch) == MOST_A_CALL or size + width > LARGEST_CALL):
                self._put(batch)
                batch, size = [], 0
            batch.append(entry)
            size += width
        if batch:
            self._put(batch)

    def _entry(self, event: Event) -> PutEventsRequestEntryTypeDef:
        return {
            "EventBusName": self.name,
            "Source": SOURCE,
            "DetailType": event.kind.value,
            "Time": event.at,
            "Detail": json.dumps(event.detail, ensure_ascii=False, allow_nan=False),
        }

    def _put(self, batch: Sequence[PutEventsRequestEntryTypeDef]) -> None:
        with faults("events:PutEvents", self.name):
            answer = self.clients.events.put_events(Entries=batch)
        if not answer.get("FailedEntryCount"):
            return
        codes = sorted({row["ErrorCode"] for row in answer["Entries"] if row.get("ErrorCode")})
        told = (
            f"events:PutEvents on {self.name}: {answer['FailedEntryCount']} of {len(batch)} failed"
        )
        kind = Throttled if set(codes) <= _BUSY else Unclear
        raise kind(f"{told} ({', '.join(codes)[:200]}); all of them are sent again")
