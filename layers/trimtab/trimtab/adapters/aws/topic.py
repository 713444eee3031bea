"""The topic people subscribe to: SNS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults

LONGEST_SUBJECT = 100
LARGEST = 256 * 1024
_ROOM = 16 * 1024
"""Kept free for subject and attributes, which count too."""
_CUT = "\n[cut: the whole entry is in the log]"


@dataclass(frozen=True, slots=True)
class SnsTopic:
    """Port ``Topic`` on SNS."""

    clients: Clients
    arn: str

    def tell(self, subject: str, text: str, attributes: Mapping[str, str]) -> None:
        """Publish once, cut to what SNS takes. Attributes without a value are left out."""
        with faults("sns:Publish", self.arn):
            self.clients.sns.publish(
                TopicArn=self.arn,
                Subject=plain_subject(subject),
                Message=fitting(text),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                    if value
                },
            )


def plain_subject(subject: str) -> str:
    """Return a subject SNS takes: one line of at most 100 printable ASCII characters."""
    ascii_only = subject.encode("ascii", "replace").decode()
    one_line = " ".join("".join(c if c.isprintable() else " " for c in ascii_only).split())
    return one_line[:LONGEST_SUBJECT].strip() or "Trimtab"


def fitting(text: str) -> str:
    """Return the text, cut at the end if SNS would refuse it for its size, never empty."""
    room = LARGEST - _ROOM
    raw = text.encode()
    if len(raw) <= room:
        return text or "(no text)"
    return raw[: room - len(_CUT)].decode(errors="ignore") + _CUT
