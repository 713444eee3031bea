"""Turns Pydantic's errors into faults: place, what was found, what was expected, what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from trimtab_cli.plain import plain
from trimtab_cli.policy.document import PolicyDoc
from trimtab_cli.policy.expected import MISTAKE, Expected
from trimtab_cli.policy.fault import Fault, did_you_mean, found
from trimtab_cli.policy.place import Step, at, fault_at, key_fault
from trimtab_cli.policy.source import Node

SHAPES = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "string_type": "text",
}


def explain(error: ErrorDetails, root: Node, file: str) -> Fault | None:
    """Return the fault for one error; ``None`` when the source has already named it."""
    steps = _steps_in(root, error["loc"], error["type"])
    match error["type"]:
        case "missing":
            return _missing(root, file, steps)
        case "extra_forbidden":
            return key_fault(root, file, steps, _unknown_key(steps))
        case "union_tag_not_found" | "union_tag_invalid":
            return _variant(root, file, steps, error)
        case kind if kind == MISTAKE:
            return _mistake(root, file, steps, error)
        case _:
            return fault_at(root, file, steps, _sentence(error, steps))


def _sentence(error: ErrorDetails, steps: Sequence[Step]) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "literal_error":
            return _not_one_of(error["input"], _quoted(context["expected"]))
        case "too_short":
            return f"{context['actual_length']} given; expected at least {context['min_length']}"
        case "too_long":
            return f"{context['actual_length']} given; expected at most {context['max_length']}"
        case kind if kind in SHAPES:
            return f"found {found(error['input'])}; expected {_shape(kind, steps)}"
        case _:
            return f"found {found(error['input'])}; {plain(error['msg'])}"


def _variant(root: Node, file: str, steps: tuple[Step, ...], error: ErrorDetails) -> Fault | None:
    """The key that selects among variants (a rule's ``metric``) is missing or unknown."""
    context = error["ctx"]
    place = (*steps, str(context["discriminator"]).strip("'"))
    if error["type"] == "union_tag_not_found":
        return _missing(root, file, place)
    message = _not_one_of(context["tag"], _quoted(context["expected_tags"]))
    return fault_at(root, file, place, message)


def _quoted(text: object) -> list[str]:
    return re.findall(r"'([^']*)'", str(text))


def _steps_in(root: Node, loc: Sequence[Step], kind: str) -> tuple[Step, ...]:
    """Drop the steps that Pydantic adds (names of variants, ``[key]``) and the document lacks."""
    steps: list[Step] = []
    for index, step in enumerate(loc):
        parent = at(root, *steps)
        is_last = index == len(loc) - 1
        names_missing_key = is_last and kind == "missing"
        in_keys = parent is not None and isinstance(step, str) and step in parent.keys
        if names_missing_key or in_keys or (parent is not None and parent.child(step) is not None):
            steps.append(step)
    return tuple(steps)


def _missing(root: Node, file: str, steps: tuple[Step, ...]) -> Fault | None:
    parent = at(root, *steps[:-1])
    if parent is not None and str(steps[-1]) in parent.keys:
        return None  # the key stands there without a value: said by the source already
    expected = _expected(steps)
    message = f"missing; expected {expected}" if expected else "missing, and it is required"
    return fault_at(root, file, steps, message)


def _mistake(root: Node, file: str, steps: tuple[Step, ...], error: ErrorDetails) -> Fault:
    context = error["ctx"]
    message = f"found {found(error['input'])}; expected {context['expected']}"
    if context["hint"]:
        message += f" ({context['hint']})"
    if error["loc"] and error["loc"][-1] == "[key]":
        return key_fault(root, file, steps, message)
    return fault_at(root, file, steps, message)


def _not_one_of(value: object, words: list[str]) -> str:
    hint = did_you_mean(str(value), words)
    listed = f"one of {', '.join(words)}" if len(words) > 1 else words[0]
    return f"found {found(value)}; expected {listed}" + (f" ({hint})" if hint else "")


def _unknown_key(steps: Sequence[Step]) -> str:
    known = sorted({name for model in _models_at(steps[:-1]) for name in model.model_fields})
    hint = did_you_mean(str(steps[-1]), known)
    listed = f"; expected one of {', '.join(known)}" if known else ""
    return f"unknown key{listed}" + (f" ({hint})" if hint else "")


def _shape(kind: str, steps: Sequence[Step]) -> str:
    if steps == ("scaling",):
        return "a mapping; put the list under scaling.rules"
    return SHAPES[kind]


def _models_at(steps: Sequence[Step]) -> tuple[type[BaseModel], ...]:
    """The models that may stand at a path of the document."""
    models: tuple[type[BaseModel], ...] = (PolicyDoc,)
    for step in steps:
        below = tuple(
            found_model
            for model in models
            if isinstance(step, str) and step in model.model_fields
            for found_model in _models_in(model.model_fields[step].annotation)
        )
        models = below or models  # an index, or a name the user gave: same models
    return models


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not None:
        for argument in get_args(annotation):
            yield from _models_in(argument)


def _expected(steps: Sequence[Step]) -> str:
    """Say what belongs at a key, from the field (or the fields of each variant) of that name."""
    key = str(steps[-1])
    models = _models_at(steps[:-1])
    fields = [model.model_fields[key] for model in models if key in model.model_fields]
    texts = [text for field in fields if (text := expected_of(field))]
    if texts:
        return texts[0]
    words = [str(word) for field in fields for word in _literals(field.annotation)]
    if words:
        return " or ".join(dict.fromkeys(words))
    return "a mapping" if any(any(_models_in(field.annotation)) for field in fields) else ""


def expected_of(field: FieldInfo) -> str:
    """Say what a field takes, if it is one of our kinds of value."""
    parts = [*field.metadata, *_annotations(field.annotation)]
    if any(_models_in(field.annotation)) or get_origin(field.annotation) is dict:
        return ""
    return next((part.what for part in parts if isinstance(part, Expected)), "")


def _literals(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _annotations(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from annotation.__metadata__
    for argument in get_args(annotation):
        yield from _annotations(argument)
