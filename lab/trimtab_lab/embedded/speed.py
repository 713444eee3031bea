"""What makes moto and botocore quick enough to replay a day in a minute. Changes nothing but time.

Every call is still built by botocore, parsed and written by moto, and parsed again by botocore.
"""

from __future__ import annotations

import copy
import functools
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from xml.sax.saxutils import escape, quoteattr

import botocore.loaders
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from moto import backend_index
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import JSONSerializer
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.dynamodb.models.dynamo_type import Item

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
            # moto copies all it reads from a table, value by value, to write it as text at once
            ("moto.dynamodb.models.table.copy", SimpleNamespace(copy=copy.copy, deepcopy=_copied)),
            # every botocore session reads the list of services from disk again
            ("botocore.session.create_loader", _loader),
        ):
            shortcuts.enter_context(patch(target, replacement))
        # nobody here checks a signature, or reads who sent it
        shortcuts.enter_context(patch.object(RequestSigner, "sign", _unsigned))
        shortcuts.enter_context(patch.object(UserAgentString, "to_string", _anonymous))
        # moto looks for each of the ten kinds of a DynamoDB attribute by three names
        shortcuts.enter_context(
            patch.object(JSONSerializer, "_serialize_type_structure", _attributes_as_they_are())
        )
        patterns = _Patterns(backend_index.backend_url_patterns)
        shortcuts.enter_context(patch.object(backend_index, "backend_url_patterns", patterns))
        shortcuts.enter_context(
            patch.object(BotocoreStubber, "process_request", _routed_once(patterns))
        )
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


def _copied(value: Any, memo: Any = None) -> Any:
    """Copy items only as deep as a reader could spoil them; copy all else as it was."""
    if isinstance(value, list) and all(isinstance(item, Item) for item in value):
        return [copy.copy(item) for item in value]
    return copy.deepcopy(value, memo)


def _attributes_as_they_are() -> Callable[..., None]:
    """Take DynamoDB's attributes as moto keeps them, where that is how they are written too."""
    stock = JSONSerializer._serialize_type_structure

    def structure(
        serializer: JSONSerializer, serialized: Any, value: Any, shape: Any, key: str
    ) -> None:
        if shape.name == "AttributeValue" and type(value) is dict and value.keys() <= _AS_WRITTEN:
            serialized[key] = value
        else:
            stock(serializer, serialized, value, shape, key)

    return structure


_AS_WRITTEN = {"S", "N", "BOOL"}


def _unsigned(_: RequestSigner, __: str, request: Any, *___: Any, **____: Any) -> None:
    """Say only that somebody signed: without that, moto's S3 shows no object."""
    request.headers["Authorization"] = "unsigned"


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


class _Patterns:
    """Moto's URL patterns, but to a request only those that can match its address."""

    def __init__(self, every: Iterable[tuple[str, re.Pattern[str]]]) -> None:
        self._every = tuple(every)
        self._known: dict[str, tuple[tuple[str, re.Pattern[str]], ...]] = {}
        self._request = threading.local()

    def asked_for(self, url: str) -> None:
        """Note what this thread asks for next."""
        address = url.split("?", 1)[0]
        if address not in self._known:
            self._known[address] = tuple(p for p in self._every if p[1].match(address))
        self._request.patterns = self._known[address]

    def __iter__(self) -> Iterator[tuple[str, re.Pattern[str]]]:
        return iter(getattr(self._request, "patterns", self._every))


def _routed_once(patterns: _Patterns) -> Any:
    """Remember which of moto's two hundred patterns a URL matches."""
    stock = BotocoreStubber.process_request

    def process_request(stubber: BotocoreStubber, request: Any) -> Any:
        patterns.asked_for(request.url)
        return stock(stubber, request)

    return process_request
