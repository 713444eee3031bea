"""One question to IAM: an action, on a resource, with what the request brings along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, order=True)
class Asked:
    """What a call needs. A call on several resources needs several."""

    action: str
    """``service:Operation``, by IAM's name of the service."""
    resource: str
    """An ARN, or ``*`` for an action that knows no resources."""
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Condition keys and their values, by key. A key that is not here is not in the request."""

    def values(self, key: str) -> tuple[str, ...] | None:
        """The values of a condition key, whose case does not matter; none if it is missing."""
        return next((found for name, found in self.context if name.lower() == key.lower()), None)

    def with_context(self, **changed: tuple[str, ...] | None) -> Asked:
        """The same question with other values; ``None`` takes a key away."""
        return self.given(changed)

    def given(self, changed: Mapping[str, tuple[str, ...] | None]) -> Asked:
        """The same question with other values of some keys; ``None`` takes a key away."""
        held = {**dict(self.context), **changed}
        left = {key: values for key, values in held.items() if values is not None}
        return replace(self, context=tuple(sorted(left.items())))
