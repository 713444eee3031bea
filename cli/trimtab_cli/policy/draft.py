"""Step one of two: text to a valid document. Needs no AWS; finds all mistakes at once."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from trimtab_cli.policy.checks import check
from trimtab_cli.policy.document import PolicyDoc
from trimtab_cli.policy.explain import explain
from trimtab_cli.policy.fault import Faults
from trimtab_cli.policy.source import Node, read_tree


@dataclass(frozen=True, slots=True)
class Draft:
    """A valid document whose names are not resolved yet; ``root`` knows the lines."""

    document: PolicyDoc
    root: Node
    file: str


def parse_document(data: bytes | str, file: str) -> Draft | Faults:
    """Read and check a policy document; return the draft, or every fault in order of lines."""
    root, faults = read_tree(data, file)
    if root is None:
        return faults
    document: PolicyDoc | None = None
    found = list(faults)
    try:
        document = PolicyDoc.model_validate(root.plain())
    except ValidationError as errors:
        details = errors.errors(include_url=False)
        found += [fault for each in details if (fault := explain(each, root, file)) is not None]
    found += check(root, file)
    if found or document is None:
        return tuple(sorted(dict.fromkeys(found)))
    return Draft(document, root, file)
