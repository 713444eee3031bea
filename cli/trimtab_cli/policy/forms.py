"""Short forms of the document, and its defaults: taken from the model, shown with their units."""

from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from trimtab.model.policy import Lever, Mode
from trimtab_cli.policy.expected import MISTAKE
from trimtab_cli.policy.fault import did_you_mean
from trimtab_cli.policy.units import duration_text, rate_text, share_text

SHARES = frozenset(
    {"max_share", "max_zone_share", "max_step_up", "max_step_down", "max_step", "panic_share"}
    | {"tolerance", "error_share", "down_error_share", "max_load"}
    | {"min_difference", "failure_share", "failing_share", "unhealthy_share"}
)
"""Fields of the model that hold a ratio and that a document writes as percent."""

RATES = frozenset({"min_requests", "pace", "slow_pace"})
"""Fields of the model that hold events per minute."""


class MetricUnit(StrEnum):
    """What the numbers of an application's metric are."""

    NONE = "none"
    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"


def default_of(kind: type, name: str) -> Any:
    """Return the model's default for a field, as a document writes it."""
    for each in fields(kind):
        if each.name == name and each.default is not MISSING:
            return as_written(name, each.default)
    raise LookupError(f"{kind.__name__}.{name} has no default in the model")


def as_written(name: str, value: object) -> Any:
    """Show one value of the model in the document's language: ``5m``, ``20%``, ``auto``."""
    match value:
        case timedelta():
            return duration_text(value)
        case StrEnum():
            return value.value
        case float() if name in SHARES:
            return share_text(value)
        case int() | float() if name in RATES:
            return rate_text(value)
        case _:
            return value


class ModeWord:
    """``mode: observe`` means the same mode for every lever."""

    what = f"one of {', '.join(Mode)}, or a mapping of {', '.join(Lever)} to them"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Spread one word over the levers before the mapping is read."""
        return core_schema.no_info_before_validator_function(self._spread, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Any:
        """Allow the word beside the mapping."""
        words = [mode.value for mode in Mode]
        return {"anyOf": [{"type": "string", "enum": words}, handler(schema)]}

    @staticmethod
    def _spread(value: object) -> object:
        if not isinstance(value, str):
            return value
        words = [mode.value for mode in Mode]
        if value not in words:
            context = {"expected": ModeWord.what, "hint": did_you_mean(value, words)}
            raise PydanticCustomError(MISTAKE, "wrong value", context)
        return {lever.value: value for lever in Lever}


class OffOr:
    """``off`` in place of a mapping: the thing is not used."""

    what = "a mapping, or off"

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read ``off`` (or ``false``) as nothing."""
        return core_schema.no_info_before_validator_function(self._off, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Any:
        """Allow ``off`` where Pydantic would say null."""
        inner = handler(schema)
        kinds = [kind for kind in inner.get("anyOf", [inner]) if kind != {"type": "null"}]
        return {"anyOf": [{"enum": ["off", False]}, *kinds]}

    @staticmethod
    def _off(value: object) -> object:
        if value is None or value is False or value == "off":  # None: a default, never YAML's
            return None
        if isinstance(value, dict) or hasattr(value, "model_fields_set"):
            return value
        context = {"expected": OffOr.what, "hint": ""}
        raise PydanticCustomError(MISTAKE, "wrong value", context)
