"""Lambda: sends the probes, one function in each place, and waits for what they bring back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trimtab import codec
from trimtab.adapters.aws.answers import text_if_any
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.elb import each_at_once
from trimtab.adapters.aws.faults import faults
from trimtab.errors import Malformed, Refused
from trimtab.model.errand import Brought, Run
from trimtab.model.ids import Zone
from trimtab.model.reason import Reason

PATIENCE = 40.0
"""Seconds for all of them. A probe ends within 25; of many targets some runs wait for others."""


@dataclass(frozen=True, slots=True)
class LambdaProbes:
    """Port ``Probes`` on Lambda. ``functions`` by place, which is the subnet each one is in."""

    clients: Clients
    functions: Mapping[str, str]

    def ask(self, runs: Sequence[Run]) -> Mapping[Zone, Sequence[Brought | Reason]]:
        """Send every place on every run, some at once; what each brings back, or why nothing."""
        errands = [(place, n) for n in range(len(runs)) for place in self.functions]
        lambdas = self.clients.lambdas  # built here, before there are threads

        def send(errand: tuple[str, int]) -> Brought:
            place, number = errand
            payload = json.dumps({"run": codec.dumps(runs[number])}).encode()
            return brought(invoke(lambdas, self.functions[place], payload), place)

        answers = each_at_once(send, errands, PATIENCE)
        return {
            Zone(place): [answers[place, n] for n in range(len(runs))] for place in self.functions
        }


def invoke(lambdas: object, function: str, payload: bytes) -> bytes:
    """Invoke a function, wait, and return what it answered; raise if it failed."""
    with faults("lambda:Invoke", f"function {function}"):
        answer = lambdas.invoke(FunctionName=function, Payload=payload)  # type: ignore[attr-defined]
        failed, body = text_if_any(answer, "FunctionError"), bytes(answer["Payload"].read())
    if failed:
        raise Refused(f"{function}: {failed}: {body[:200].decode(errors='replace')}")
    return body


def brought(body: bytes, place: str) -> Brought:
    """Read what a probe brought back."""
    try:
        return codec.loads(Brought, str(json.loads(body)["brought"]))
    except (ValueError, TypeError, KeyError) as error:
        raise Malformed(f"the probe in {place} answered no such thing: {error!s:.80}") from error
