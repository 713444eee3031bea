"""Where every call to the server passes, from whichever process it comes."""

from __future__ import annotations

import hashlib
from threading import RLock
from typing import TYPE_CHECKING, Any

from trimtab_lab.embedded.calls import CallLog
from trimtab_lab.embedded.wire import Answers, Switchboard
from trimtab_lab.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.responses import BaseResponse


class Desk(Switchboard):
    """A switchboard for callers in many processes: told apart by their access keys, taken in turn.

    CloudFormation and Lambda's Invoke do not hold the others up, for they call back.
    """

    def __init__(self, world: World, answers: Answers, calls: CallLog) -> None:
        self._all: dict[Any, Any] = dict(answers)
        super().__init__(world, self._all, calls)
        self.calls = calls
        self.lock = RLock()
        """Held by whoever looks at the world or changes it."""
        self._lock = self.lock  # type: ignore[assignment]  # a call may lead to another one
        self._callers: dict[str, str] = {}

    def learn(self, answers: Answers) -> None:
        """Answer more operations."""
        self._all.update(answers)

    def key_of(self, name: str) -> str:
        """Return the access key that stands for somebody, and remember whose it is."""
        key = "LKIA" + hashlib.sha256(name.encode()).hexdigest()[:16].upper()
        self._callers[key] = name
        return key

    def answer(self, response: BaseResponse, stock: Callable[[BaseResponse], Any]) -> Any:
        """Answer a call that moto has parsed."""
        service, operation = response.boto3_service_name, response._get_action()
        if service == "cloudformation" or (service, operation) == ("lambda", "Invoke"):
            return self._answered(response, service, operation, stock)[1]
        caller = self._callers.get(response.get_access_key(), "")
        with self.lock:
            self.function = caller
            try:
                return super().answer(response, stock)
            finally:
                self.function = ""
