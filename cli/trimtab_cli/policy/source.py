"""Reads YAML text into a tree in which every value knows its line. Trusts nothing it reads.

Only what a policy needs of YAML is taken: one document, mappings, lists and scalars as in the
YAML 1.2 core schema (so ``off`` and ``no`` are words, not booleans, as editors read them too).
Aliases are refused, which also ends alias bombs; so are tags, duplicate keys, empty values, tabs
in the indentation, and anything deep or large.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from trimtab_cli.plain import plain
from trimtab_cli.policy.fault import Fault, Faults, found

LARGEST_DOCUMENT_BYTES = 256 * 1024
DEEPEST = 12
TOO_DEEP = f"nested deeper than {DEEPEST} levels; no policy is"

INTEGER = re.compile(r"[-+]?[0-9]{1,15}")
DECIMAL = re.compile(r"[-+]?(?:[0-9]{1,15}\.[0-9]{0,15}|\.[0-9]{1,15})(?:[eE][-+]?[0-9]{1,2})?")
WORDS: dict[str, bool] = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
NOTHING = frozenset({"", "~", "null", "Null", "NULL"})

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the document. ``keys`` holds where each key of a mapping stands."""

    value: Scalar | dict[str, Node] | tuple[Node, ...]
    line: int
    column: int
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)

    def child(self, key: str | int) -> Node | None:
        """The value below ``key`` (of a mapping) or at index ``key`` (of a list), if any."""
        value = self.value
        if isinstance(value, dict):
            return value.get(key) if isinstance(key, str) else None
        if isinstance(value, tuple) and isinstance(key, int):
            return value[key] if 0 <= key < len(value) else None
        return None

    def plain(self) -> object:
        """The same without positions: dicts, tuples and scalars."""
        match self.value:
            case dict() as mapping:
                return {key: node.plain() for key, node in mapping.items()}
            case tuple() as items:
                return tuple(node.plain() for node in items)
            case scalar:
                return scalar


def read_tree(data: bytes | str, file: str) -> tuple[Node | None, Faults]:
    """Read a document; the tree is ``None`` when it could not be read at all."""
    text = _text_of(data, file)
    if isinstance(text, Fault):
        return None, (text,)
    tabs = tuple(_tabs(text, file))
    if tabs:
        return None, tabs
    reader = _Reader(file)
    try:
        root = reader.document(yaml.parse(text, Loader=yaml.SafeLoader))
    except _TooDeep as deep:
        return None, (*reader.faults, deep.fault)
    except yaml.MarkedYAMLError as broken:
        return None, (*reader.faults, _syntax_fault(broken, file))
    except yaml.reader.ReaderError as broken:
        line = text.count("\n", 0, broken.position) + 1
        message = f"character U+{int(broken.character):04X} is not allowed"
        return None, (Fault(file, line, 1, "", f"{message}; remove it"),)
    except (yaml.YAMLError, ValueError, OverflowError, IndexError) as broken:
        return None, (Fault(file, 1, 1, "", f"not valid YAML: {found(broken)}"),)
    return root, tuple(reader.faults)


def _text_of(data: bytes | str, file: str) -> str | Fault:
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if len(raw) > LARGEST_DOCUMENT_BYTES:
        limit = LARGEST_DOCUMENT_BYTES // 1024
        return Fault(file, 1, 1, "", f"too large; expected at most {limit} kB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        line = raw.count(b"\n", 0, broken.start) + 1
        column = broken.start - (raw.rfind(b"\n", 0, broken.start) + 1) + 1
        return Fault(file, line, column, "", "not UTF-8; save the file as UTF-8 text")


def _tabs(text: str, file: str) -> Iterator[Fault]:
    for number, line in enumerate(text.splitlines(), start=1):
        indent = line[: len(line) - len(line.lstrip())]
        if "\t" in indent and line.strip():
            column = indent.index("\t") + 1
            yield Fault(file, number, column, "", "a tab in the indentation; use spaces")


def _syntax_fault(broken: yaml.MarkedYAMLError, file: str) -> Fault:
    mark = broken.problem_mark or broken.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    what = ": ".join(part for part in (broken.context, broken.problem) if part)
    return Fault(file, line, column, "", f"not valid YAML: {what}")


class _TooDeep(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class _Reader:
    """Builds the tree from parser events; collects what it refuses instead of stopping there."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def document(self, events: Iterator[yaml.Event]) -> Node | None:
        self.events = events
        root: Node | None = None
        documents = 0
        for event in events:
            match event:
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self._refuse(event, "", "a second document; expected one policy per file")
                        return root
                case yaml.NodeEvent():
                    root = self.node(event, "", 0)
                case _:
                    pass
        if root is None and not self.faults:
            self.faults.append(
                Fault(self.file, 1, 1, "", "empty; expected a policy (service, fleets, ...)")
            )
        return root

    def node(self, event: yaml.NodeEvent, path: str, depth: int) -> Node | None:
        """Read one value; ``None`` (and a fault) when it is one we refuse."""
        if depth > DEEPEST:
            raise _TooDeep(Fault(self.file, *_place(event), "", TOO_DEEP))
        self._refuse_extras(event, path)
        match event:
            case yaml.ScalarEvent():
                return self._scalar(event, path)
            case yaml.SequenceStartEvent():
                return self._sequence(event, path, depth)
            case yaml.MappingStartEvent():
                return self._mapping(event, path, depth)
            case _:
                return None

    def _refuse_extras(self, event: yaml.NodeEvent, path: str) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, path, "an alias (*name) is not supported; write the value out")
        elif event.anchor is not None:
            self._refuse(event, path, "an anchor (&name) is not supported; remove it")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._refuse(event, path, f"a tag ({found(tag)}) is not supported; remove it")

    def _scalar(self, event: yaml.ScalarEvent, path: str) -> Node | None:
        text = event.value
        if event.style is not None:  # quoted or block: always text
            return Node(text, *_place(event))
        if text in NOTHING:
            self._refuse(event, path, "has no value; give one, or remove the key for its default")
            return None
        return Node(_plain_scalar(text), *_place(event))

    def _sequence(self, start: yaml.NodeEvent, path: str, depth: int) -> Node:
        items: list[Node] = []
        while isinstance(event := next(self.events), yaml.NodeEvent):
            node = self.node(event, f"{path}[{len(items)}]", depth + 1)
            if node is not None:
                items.append(node)
        return Node(tuple(items), *_place(start))

    def _mapping(self, start: yaml.NodeEvent, path: str, depth: int) -> Node:
        values: dict[str, Node] = {}
        keys: dict[str, tuple[int, int]] = {}
        while isinstance(event := next(self.events), yaml.NodeEvent):
            key = self._key(event, path, depth)
            below = f"{path}.{key}" if path and key else key or path
            value = next(self.events)
            node = self.node(value, below, depth + 1) if isinstance(value, yaml.NodeEvent) else None
            if key is None:
                continue
            if key in keys:
                message = f"given twice; the first is on line {keys[key][0]}; remove one"
                self._refuse(event, below, message)
            else:
                keys[key] = _place(event)
                if node is not None:
                    values[key] = node
        return Node(values, *_place(start), keys)

    def _key(self, event: yaml.NodeEvent, path: str, depth: int) -> str | None:
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_extras(event, path)
            return str(event.value)
        self._refuse(event, path, "a key must be a plain word")
        self.node(event, path, depth + 1)
        return None

    def _refuse(self, event: yaml.Event, path: str, message: str) -> None:
        self.faults.append(Fault(self.file, *_place(event), plain(path), message))


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _plain_scalar(text: str) -> Scalar:
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text):
        return float(text)
    return text
