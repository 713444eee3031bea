"""Reasons: a stable public code, a sentence for people, and the facts behind it.

Codes never change meaning; a new meaning gets a new code. ``docs/reasons.md`` lists each with
what an operator should do about it, and a test holds the page to this enumeration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

Fact = str | int | float | bool | None
"""What a fact may be: plain values that survive JSON unchanged."""


class ReasonCode(StrEnum):
    """Why something was seen, wanted, allowed, refused or done."""

    # detectors: what was seen of one target
    LB_UNHEALTHY = "lb_unhealthy"
    METRIC_OUTLIER = "metric_outlier"
    FAILURE_OUTLIER = "failure_outlier"
    CONSECUTIVE_FAILURES = "consecutive_failures"
    ANOMALOUS = "anomalous"
    ANOMALY_MITIGATED = "anomaly_mitigated"
    MACHINE_IMPAIRED = "machine_impaired"
    MACHINE_SCHEDULED = "machine_scheduled"
    SPOT_INTERRUPTION = "spot_interruption"
    SHADOWED = "shadowed"
    PROBE_FAILED = "probe_failed"
    LOGGED_FAILURES = "logged_failures"
    LOGGED_LATENCY = "logged_latency"

    # deciders: why a change is wanted
    EJECT_UNHEALTHY = "eject_unhealthy"
    EJECT_OUTLIER = "eject_outlier"
    EJECT_IMPAIRED = "eject_impaired"
    EJECT_DEPARTING = "eject_departing"
    RESTORE_RECOVERED = "restore_recovered"
    RESTORE_PANIC = "restore_panic"
    RESTORE_BLIND = "restore_blind"
    REPLACE_REPEATED = "replace_repeated"
    LOAD_ABOVE_TARGET = "load_above_target"
    LOAD_BELOW_TARGET = "load_below_target"
    BELOW_MINIMUM = "below_minimum"
    CAPACITY_FOR_SHIFT = "capacity_for_shift"
    REPLACE_LOST = "replace_lost"
    FLEET_DOWN = "fleet_down"
    FLEET_SHORT = "fleet_short"
    RETURN_HOME = "return_home"
    REVERTING = "reverting"
    LEASE_EXPIRED = "lease_expired"

    # operators: why a change is wanted, or what became of what they asked
    REQUESTED = "requested"
    HELD = "held"
    UNDOING = "undoing"
    HOLD_SET = "hold_set"
    HOLD_ENDED = "hold_ended"
    APPROVED = "approved"
    REJECTED = "rejected"
    NO_LONGER_STANDS = "no_longer_stands"
    NOT_POSSIBLE = "not_possible"
    ALREADY_UNDONE = "already_undone"
    CANNOT_BE_UNDONE = "cannot_be_undone"

    # guards: why a proposal was refused, clamped, shadowed or held
    NOT_NAMED = "not_named"
    PAUSED = "paused"
    OBSERVING = "observing"
    AWAITING_APPROVAL = "awaiting_approval"
    BLIND = "blind"
    STALE = "stale"
    DEMAND_UNKNOWN = "demand_unknown"
    HEADROOM_SHORT = "headroom_short"
    FLEET_BUDGET = "fleet_budget"
    ZONE_BUDGET = "zone_budget"
    RATE_BUDGET = "rate_budget"
    BLAST_RADIUS = "blast_radius"
    ZONE_DISRUPTED = "zone_disrupted"
    PANIC = "panic"
    WHOLE_FLEET = "whole_fleet"
    OVERLOAD = "overload"
    ZONE_FAULT = "zone_fault"
    DEPLOYMENT = "deployment"
    DEPENDENCY = "dependency"
    IN_FLIGHT = "in_flight"
    PROTECTED = "protected"
    PROTECTED_BY_REQUEST = "protected_by_request"
    MANAGED_ELSEWHERE = "managed_elsewhere"
    SERVES_ELSEWHERE = "serves_elsewhere"
    ON_PROBATION = "on_probation"
    STILL_IN_USE = "still_in_use"
    NO_SUBSTITUTE = "no_substitute"
    REPLACE_LIMIT = "replace_limit"
    REPLACING_IN_VAIN = "replacing_in_vain"
    GROUP_BOUNDS = "group_bounds"
    STEP_LIMIT = "step_limit"
    BACKING_OFF = "backing_off"
    HELD_BACK = "held_back"
    WARMING_UP = "warming_up"
    RECEIVER_SHORT = "receiver_short"
    LAST_WEIGHT = "last_weight"
    CONFLICTING_CHANGE = "conflicting_change"
    GROUP_BUSY = "group_busy"
    WITHIN_LIMITS = "within_limits"

    # outcomes: what came of an intent
    APPLIED = "applied"
    ALREADY_SO = "already_so"
    WORLD_CHANGED = "world_changed"
    TOO_LATE = "too_late"
    ACCESS_DENIED = "access_denied"
    THROTTLED = "throttled"
    NOT_FOUND = "not_found"
    AWS_ERROR = "aws_error"
    UNCONFIRMED = "unconfirmed"

    # effects: what the world showed of an applied action
    AS_EXPECTED = "as_expected"
    NO_EFFECT = "no_effect"
    MADE_WORSE = "made_worse"
    EFFECT_UNKNOWN = "effect_unknown"

    # the controller itself
    NOT_SEEN = "not_seen"
    NO_DATA = "no_data"
    PARTIAL_DATA = "partial_data"
    PROBE_BROKEN = "probe_broken"
    POLICY_APPLIED = "policy_applied"
    PAUSE_SET = "pause_set"
    PAUSE_CLEARED = "pause_cleared"
    MORE_REFUSED = "more_refused"


NOT_YET = frozenset({
    ReasonCode.STEP_LIMIT, ReasonCode.IN_FLIGHT, ReasonCode.WARMING_UP, ReasonCode.ON_PROBATION,
    ReasonCode.NO_SUBSTITUTE,
})  # fmt: skip
"""Refusals that only mean *not this minute*."""


BY_METRICS = frozenset({
    ReasonCode.METRIC_OUTLIER, ReasonCode.FAILURE_OUTLIER, ReasonCode.CONSECUTIVE_FAILURES
})  # fmt: skip
"""Detectors that see only what a close look reads: without one they say nothing, good or bad."""

BY_PEERS = BY_METRICS | {ReasonCode.LOGGED_FAILURES, ReasonCode.LOGGED_LATENCY}
"""Detectors that compare how a target serves with its peers: of one without requests they say
nothing."""


AGAINST_PEERS = BY_METRICS | {ReasonCode.PROBE_FAILED}
"""Detectors that find only who fails among peers that do not."""


DEPARTING = frozenset({ReasonCode.MACHINE_SCHEDULED, ReasonCode.SPOT_INTERRUPTION})
"""Findings that say a target will go, not that it is ill: they are no sign of a common cause."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: ``code`` for machines, ``text`` for people, ``facts`` for both."""

    code: ReasonCode
    text: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


def in_words(duration: timedelta) -> str:
    """Say a duration as people write it: ``45s``, ``15m``, ``1h 30m``.

    Worked example: 5,400 seconds are ``1h 30m``, 61 seconds ``1m 1s``.
    """
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return " ".join(f"{n}{unit}" for n, unit in parts if n) or "0s"
