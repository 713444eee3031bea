"""What makes moto and botocore quick enough to replay a day in a minute. Changes nothing but time.

Every call is still built by botocore, parsed and written by moto, and parsed again by botocore.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any
from unittest.mock import patch
from xml.sax.saxutils import escape, quoteattr

import botocore.loaders
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.utils import camelcase_to_underscores, method_names_from_class

_loader = functools.cache(botocore.loaders.create_loader)


@contextmanager
def quick() -> Iterator[None]:
    """Take the shortcuts for as long as the context lasts."""
    names = functools.cache(camelcase_to_underscores)
    with ExitStack() as shortcuts:
        for target, replacement in (
            # moto lists a class's methods, and converts the same names, for every call again
            (
                "moto.core.responses.method_names_from_class",
                functools.cache(method_names_from_class),
            ),
            ("moto.core.responses.camelcase_to_underscores", names),
            ("moto.core.utils.camelcase_to_underscores", names),
            ("moto.sqs.models.camelcase_to_underscores", names),
            # moto draws 52 random letters for a request id; these count up, so they repeat in tests
            ("moto.core.responses.gen_amzn_requestid_long", _request_ids()),
            # xmltodict checks every name for what XML forbids; moto's come from AWS's own models
            ("moto.core.serialize.xmltodict.unparse", written),
            # every botocore session reads the list of services from disk again
            ("botocore.session.create_loader", _loader),
        ):
            shortcuts.enter_context(patch(target, replacement))
        # nobody here checks a signature, or reads who sent it
        shortcuts.enter_context(patch.object(RequestSigner, "sign", _unsigned))
        shortcuts.enter_context(patch.object(UserAgentString, "to_string", _anonymous))
        shortcuts.enter_context(patch.object(BotocoreStubber, "process_request", _routed_once()))
        yield


def written(document: Mapping[str, Any], **_: Any) -> str:
    """Write what ``xmltodict.unparse`` would, for the answers of query protocols."""
    return "".join(_element(name, value) for name, value in document.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join([_element(name, each) for each in value])
    if value is None or value == "":
        return f"<{name}/>"
    if not isinstance(value, Mapping):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f"<{name}>{escape(text)}</{name}>"
    inside = [_element(key, inner) for key, inner in value.items() if key[0] not in "@#"]
    marks = [f" {key[1:]}={quoteattr(str(mark))}" for key, mark in value.items() if key[0] == "@"]
    return (
        f"<{name}{''.join(marks)}>{escape(str(value.get('#text', '')))}{''.join(inside)}</{name}>"
    )


def _unsigned(*_: Any, **__: Any) -> None:
    """Sign nothing."""


def _anonymous(_: UserAgentString) -> str:
    return "embedded"


def _request_ids() -> Callable[..., str]:
    numbers = count(1)

    def request_id(headers: dict[str, Any] | None = None) -> str:
        name = f"embedded-{next(numbers):08}"
        if headers is not None:
            headers["x-amzn-requestid"] = name
        return name

    return request_id


def _routed_once() -> Any:
    """Remember which of moto's two hundred patterns a URL matches."""
    stock = BotocoreStubber.process_request
    import moto.backend_index as index

    every = tuple(index.backend_url_patterns)
    known: dict[str, tuple[Any, ...]] = {}

    def process_request(stubber: BotocoreStubber, request: Any) -> Any:
        address = request.url.split("?", 1)[0]
        if address not in known:
            known[address] = tuple(p for p in every if p[1].match(address))
        with patch.object(index, "backend_url_patterns", known[address]):
            return stock(stubber, request)

    return process_request
