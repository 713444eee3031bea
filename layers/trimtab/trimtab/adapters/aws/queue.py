"""The work queue: SQS FIFO, one message group per service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimtab.adapters.aws.answers import each_if_any, text, text_if_any
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults
from trimtab.adapters.records import deduplication_of
from trimtab.errors import Refused, Throttled
from trimtab.events import ask_to_body
from trimtab.model.tick import Ask

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

A_CALL = 10


@dataclass(frozen=True, slots=True)
class SqsQueue:
    """Port ``Queue`` on SQS FIFO.

    The group is the service, so one service is never looked at twice at once while services go
    in parallel. The same service asked twice within a minute for the same cause is one message.
    """

    clients: Clients
    url: str

    def ask(self, asks: Sequence[Ask]) -> None:
        """Send all that can be sent, then raise if some could not."""
        failed: list[tuple[Ask, str, bool]] = []
        for batch in (asks[i : i + A_CALL] for i in range(0, len(asks), A_CALL)):
            with faults("sqs:SendMessageBatch", self.url):
                answer = self.clients.sqs.send_message_batch(
                    QueueUrl=self.url,
                    Entries=[_message(str(i), ask) for i, ask in enumerate(batch)],
                )
                failed += _not_taken(batch, answer)
        if failed:
            told = ", ".join(f"{ask.service} ({code})" for ask, code, _ in failed)
            ours = any(ours for _, _, ours in failed)
            raise (Refused if ours else Throttled)(f"{self.url}: did not take {told}")


def _not_taken(batch: Sequence[Ask], answer: object) -> list[tuple[Ask, str, bool]]:
    """Name what the queue did not take, why, and whether that is our fault.

    A message that the answer does not mention was not taken, as far as anybody can say.
    """
    taken = {text(one, "Id") for one in each_if_any(answer, "Successful")}
    failed = {text(one, "Id"): one for one in each_if_any(answer, "Failed")}
    return [
        (ask, text_if_any(why, "Code") or "no answer", why.get("SenderFault") is True)
        for i, ask in enumerate(batch)
        if str(i) not in taken and (why := failed.get(str(i), {})) is not None
    ]


def _message(number: str, ask: Ask) -> SendMessageBatchRequestEntryTypeDef:
    return {
        "Id": number,
        "MessageBody": ask_to_body(ask),
        "MessageGroupId": ask.service,
        "MessageDeduplicationId": deduplication_of(ask),
    }
