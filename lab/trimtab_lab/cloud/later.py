"""Asynchronous invocations: Lambda's own queue, its tries, and where failures end."""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from typing import Any

from trimtab_lab.cloud.lambdas import Lambdas, name_of
from trimtab_lab.cloud.runtime import FunctionFailed
from trimtab_lab.cloud.stacks.kinds import Aws
from trimtab_lab.embedded.delivery import failure_message

BETWEEN_TRIES_S = 2.0
"""AWS waits a minute, then two; nobody here has that long."""


def complain(text: str) -> None:
    """Tell whoever started the server of something that should not happen."""
    sys.stderr.write(f"local cloud: {text}\n")
    sys.stderr.flush()


class Later:
    """Takes events for functions and invokes them one after another, a worker per function."""

    def __init__(self, aws: Aws, lambdas: Lambdas) -> None:
        self._aws = aws
        self._lambdas = lambdas
        self._waiting: dict[str, queue.Queue[Any]] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def deliver(self, target: str, event: object) -> None:
        """Hand an event to a target by its ARN; what kind of target it is, the ARN says."""
        service = target.split(":")[2] if target.startswith("arn:") else "lambda"
        match service:
            case "lambda":
                self._queue_of(name_of(target)).put(event)
            case "sqs":
                send(self._aws, target, event)
            case _:
                complain(f"cannot deliver to {target}: only functions and queues are targets here")

    def stop(self) -> None:
        """Let the workers end after what they are doing."""
        self._stopped.set()

    def _queue_of(self, function: str) -> queue.Queue[Any]:
        with self._lock:
            if function not in self._waiting:
                self._waiting[function] = queue.Queue()
                threading.Thread(target=self._work, args=(function,), daemon=True).start()
            return self._waiting[function]

    def _work(self, function: str) -> None:
        waiting = self._waiting[function]
        while not self._stopped.is_set():
            try:
                event = waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            self._invoke(function, event)

    def _invoke(self, function: str, event: object) -> None:
        config = self._config(function)
        error = ""
        for attempt in range(1 + int(config.get("MaximumRetryAttempts", 2))):
            if attempt and self._stopped.wait(BETWEEN_TRIES_S):
                return
            try:
                self._lambdas.invoke(function, event)
            except FunctionFailed as failed:
                error = str(failed)
                complain(error)
            else:
                return
        failures = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if failures:
            send(self._aws, failures, failure_message(function, event, error))

    def _config(self, function: str) -> dict[str, Any]:
        lambdas = self._aws.client("lambda")
        try:
            found: dict[str, Any] = lambdas.get_function_event_invoke_config(FunctionName=function)
        except lambdas.exceptions.ClientError:
            return {}
        return found


def send(aws: Aws, queue_arn: str, event: object) -> None:
    """Send something to a queue by its ARN."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=queue_arn.rsplit(":", 1)[-1])["QueueUrl"]
    body = event if isinstance(event, str) else json.dumps(event, default=str)
    group = {}
    if queue_arn.endswith(".fifo"):
        group = {"MessageGroupId": "local", "MessageDeduplicationId": str(time.monotonic_ns())}
    sqs.send_message(QueueUrl=url, MessageBody=body, **group)
