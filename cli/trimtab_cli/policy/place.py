"""Finds places of a document: the node at a path, and the line of a key that is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from trimtab_cli.plain import plain
from trimtab_cli.policy.fault import Fault
from trimtab_cli.policy.source import Node

Step = str | int
LONGEST_PATH = 120


def at(root: Node | None, *steps: Step) -> Node | None:
    """The node at a path, if the document has it."""
    node = root
    for step in steps:
        node = node.child(step) if node is not None else None
    return node


def children(node: Node | None) -> tuple[tuple[Step, Node], ...]:
    """What is directly below a mapping or list, with its key or index; nothing below a scalar."""
    match node.value if node is not None else None:
        case dict() as mapping:
            return tuple(mapping.items())
        case tuple() as items:
            return tuple(enumerate(items))
        case _:
            return ()


def path_text(steps: Sequence[Step]) -> str:
    """Show a path: ``scaling.rules[0].target``."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{plain(step)}" if text else plain(step)
    return text if len(text) <= LONGEST_PATH else text[:LONGEST_PATH] + "…"


def fault_at(root: Node, file: str, steps: Sequence[Step], message: str) -> Fault:
    """A fault at the value of a path, or as near to it as the document goes.

    Steps that the document does not have (the name of a variant, a missing key) are passed over
    for the position; the caller decides whether they belong in the path.
    """
    node = root
    for step in steps:
        below = node.child(step)
        if below is not None:
            node = below
    return Fault(file, node.line, node.column, path_text(steps), message)


def key_fault(root: Node, file: str, steps: Sequence[Step], message: str) -> Fault:
    """A fault at a key itself, not at its value."""
    parent = at(root, *steps[:-1])
    key = str(steps[-1]) if steps else ""
    if parent is None or key not in parent.keys:
        return fault_at(root, file, steps, message)
    line, column = parent.keys[key]
    return Fault(file, line, column, path_text(steps), message)
