"""Rewind: what is remembered, for a clock that was set back. Pure.

A stamp that lies in the future keeps us from looking (it was looked at "just now", for hours) and
keeps out what should return. So it is moved to where it can be true. The memory is walked over
rather than named field by field: one that is added later must not be forgotten here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar, cast

from trimtab.model.memory import Memory

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

NOTHING = timedelta()
BEGINNINGS = ("since", "at")
"""Fields that say when something began; what else it says is counted from there."""


def rewound(memory: Memory, now: datetime) -> Memory:
    """Return the memory with nothing in it that is still to happen, but for what ends later.

    What has a beginning keeps its length: if it began after ``now`` it begins now, and ends as much
    earlier. What began before is left alone, and so is every memory of an earlier tick than this.

    Worked example: at 15:01 a wrong clock says that a target is out since 15:00 until 15:10. At
    12:02 by the right one it is out since 12:02 until 12:12; one that was out since 11:58 until
    12:08 still is.
    """
    if memory.at is None or memory.at <= now:
        return memory
    return _moved(memory, memory.at - now, now)


def _moved(value: T, by: timedelta, now: datetime) -> T:
    """Move each time after ``now`` back ``by`` so much, but no further than to ``now``."""
    moved: object = value
    if isinstance(value, datetime):
        moved = max(now, value - by) if value > now else value
    elif isinstance(value, tuple):
        moved = tuple(_moved(each, by, now) for each in value)
    elif isinstance(value, Mapping):
        moved = {key: _moved(each, by, now) for key, each in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        moved = _all_of(value, by, now)
    return cast("T", moved)


def _all_of(value: DataclassInstance, by: timedelta, now: datetime) -> object:
    held = {field.name: getattr(value, field.name) for field in fields(value)}
    began = next((held[b] for b in BEGINNINGS if isinstance(held.get(b), datetime)), None)
    if began is not None:
        by = max(NOTHING, began - now)
    return replace(value, **{name: _moved(each, by, now) for name, each in held.items()})
