"""What the functions say of themselves: one JSON log line per thing, and metrics beside it.

Log messages are named ``stage.thing``, metrics ``CamelCase``; docs/operating.md lists both. Metrics
have one dimension (``service``: the stack's name, as Powertools calls it) and are sent only when
there is something to count: a metric that is silent costs nothing. Events are never logged whole.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from trimtab.access_logs import Taken
from trimtab.anchor import anchor_of
from trimtab.errors import EventRefused
from trimtab.model.assessment import Condition
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import ServiceId
from trimtab.model.link import Checked, Head
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Tick
from trimtab.notify import Report
from trimtab.survey import Surveyed
from trimtab.warden import Watched

logger = Logger(log_uncaught_exceptions=False)
metrics = Metrics(namespace="Trimtab")

Answer = TypeVar("Answer")

HEADS_A_LINE = 1000
"""Heads of chains in one log line: well below what CloudWatch takes for one event."""
LONGEST_TEXT = 1000
"""Texts of others (an exception, a refused message) are cut to this many characters."""

COUNTED_ENTRIES = {
    Kind.INTENDED: "ActionsIntended",
    Kind.REFUSED: "ActionsBlocked",
    Kind.SHADOWED: "ActionsShadowed",
    Kind.AWAITING: "ActionsAwaiting",
    Kind.APPLIED: "ActionsApplied",
    Kind.FAILED: "ActionsFailed",
    Kind.UNNEEDED: "ActionsDropped",
    Kind.CONFLICT: "ActionsDropped",
    Kind.EXPIRED: "ActionsDropped",
    Kind.INEFFECTIVE: "ActionsIneffective",
}
"""Which metric counts an entry of a kind; other kinds are not counted."""


def instrumented(handler: Callable[[Any, Any], Answer]) -> Callable[[Any, Any], Answer]:
    """Give a handler's log lines their request id, and send its metrics however it ends."""

    @functools.wraps(handler)
    def measured(event: Any, context: Any) -> Answer:  # noqa: ANN401 - what Lambda hands over
        try:
            return handler(event, context)
        finally:
            # Powertools warns about an empty set; having nothing to count is ordinary here.
            if metrics.provider.metric_set:
                metrics.flush_metrics()

    return logger.inject_lambda_context(measured, clear_state=True)


def emit_asked(asked: int) -> None:
    """Tell how many services were asked for. None to ask for is a finished duty: a heartbeat."""
    logger.info("schedule.asked", extra={"asked": asked})
    _count("ServicesAsked", asked)
    if asked == 0:
        _count("Heartbeat")


def emit_woken(services: Sequence[ServiceId]) -> None:
    """Tell which services an event concerned; none is the ordinary case."""
    logger.info("wake.woken", extra={"services": list(services)})
    if services:
        _count("ServicesWoken", len(services))


def emit_event_refused(refusal: EventRefused, stage: str = "wake") -> None:
    """Tell why an event was refused, without repeating what it carried."""
    logger.warning(f"{stage}.refused", extra={"why": _cut(str(refusal))})
    _count("EventsRefused")


def emit_stale(messages: Sequence[str]) -> None:
    """Tell of messages that came too late to be worth a tick."""
    if messages:
        logger.info("reconcile.stale", extra={"messages": list(messages)})
        _count("MessagesStale", len(messages))


def emit_refused(messages: Sequence[tuple[str, str]]) -> None:
    """Tell which messages were refused, and why."""
    for message, why in messages:
        logger.warning("reconcile.refused", extra={"message_id": message, "why": _cut(why)})
        _count("MessagesRefused")


def emit_ticks(results: Mapping[ServiceId, Tick | Reason]) -> None:
    """Tell what came of each service asked for; one finished tick is a heartbeat."""
    for service, result in results.items():
        match result:
            case Tick():
                _emit_tick(result)
            case Reason(code=ReasonCode.CONFLICTING_CHANGE):
                logger.info("reconcile.lost", extra=_why(service, result))
                _count("TicksLost")
            case Reason(code=ReasonCode.PAUSED):
                logger.info("reconcile.skipped", extra=_why(service, result))
            case Reason():
                logger.error("reconcile.failed", extra=_why(service, result))
                _count("TicksFailed")
    if any(isinstance(result, Tick) for result in results.values()):
        _count("Heartbeat")


def emit_watched(watched: Sequence[Watched]) -> None:
    """Tell what came of each service's leases; a run that has looked at all is a heartbeat.

    A service that holds nothing is not worth a line, every five minutes.
    """
    for each in (each for each in watched if each.expired or each.trouble):
        logger.info(
            "warden.watched",
            extra={"service": each.service, "held": each.held, "expired": each.expired},
        )
        _count_if_any("LeasesExpired", each.expired)
        for outcome in each.outcomes:
            emit_outcome(outcome)
        for subject, why in each.kept.items():
            extra = {"subject": subject, **_why(each.service, why)}
            logger.warning("warden.kept", extra=extra)
        _count_if_any("LeasesFailed", len(each.kept))
        match each.trouble:
            case Reason(code=ReasonCode.PAUSED | ReasonCode.CONFLICTING_CHANGE):
                logger.warning("warden.left", extra=_why(each.service, each.trouble))
            case Reason():
                logger.error("warden.failed", extra=_why(each.service, each.trouble))
                _count("LeasesFailed")
    _count("WardenHeartbeat")


def emit_access_log(taken: Taken) -> None:
    """Tell what came of one access log, and what of it could not be read or used.

    Of a request nothing is told. A file that is not for us is the ordinary case of a bucket that
    others write to as well.
    """
    extra = {"key": _cut(taken.key), "reports": taken.reports, "strangers": taken.strangers}
    if taken.damaged:
        logger.error("access.damaged", extra={**extra, "why": _cut(taken.left)})
        _count("AccessLogsDamaged")
    elif taken.left:
        logger.info("access.left", extra={**extra, "why": _cut(taken.left)})
    else:
        logger.info("access.taken", extra={**extra, "cut": taken.cut, **asdict(taken.read)})
        _count("AccessLogsTaken")
        _count_if_any("AccessLogLinesUnread", taken.read.unread)


def emit_surveyed(surveyed: Surveyed) -> None:
    """Tell how many targets were asked for and what could not be done; none at all is ordinary."""
    logger.info("survey.done", extra={"targets": surveyed.targets, "reports": surveyed.reports})
    for why in surveyed.troubles:
        logger.warning("survey.trouble", extra={"why": _cut(why)})
    _count_if_any("TargetsProbed", surveyed.targets)
    _count_if_any("ProbesFailed", len(surveyed.troubles))


def emit_probed(asked: int, heard: int) -> None:
    """Tell how many targets of a run were asked in time."""
    logger.info("probe.done", extra={"asked": asked, "heard": heard})


def emit_outcome(outcome: Entry | None) -> None:
    """Tell what came of an intent; ``None``: there was nothing to do."""
    if outcome is None:
        logger.info("act.nothing")
        return
    say = logger.error if outcome.kind is Kind.FAILED else logger.info
    say(
        f"{outcome.by}.{outcome.kind}",
        extra={
            "intent": outcome.intent,
            "subject": outcome.subject,
            "calls": [f"{call.operation} {call.request_id}" for call in outcome.calls],
            **_why(outcome.service, outcome.reason),
        },
    )
    _count(COUNTED_ENTRIES.get(outcome.kind, "ActionsDropped"))


def emit_told(report: Report) -> None:
    """Tell how many messages went where, what failed, and of whom nothing could be stored."""
    logger.info("notify.told", extra={"told": dict(report.told)})
    for failure in report.failures:
        extra = {"service": failure.service, "channel": failure.channel, "why": _cut(failure.why)}
        logger.error("notify.failed", extra=extra)
    for service, why in report.unremembered:
        logger.error("notify.unremembered", extra={"service": service, "why": _cut(why)})
    _count_if_any("MessagesTold", report.told.total())
    _count_if_any("MessagesFailed", len(report.failures))
    _count_if_any("MessagesUnremembered", len(report.unremembered))


def emit_anchor(heads: Mapping[ServiceId, Head], at: datetime) -> None:
    """Write down the heads of all chains: one line, and more only for a thousand services each.

    This is no diagnostic but a record: ``trimtab log verify --anchor`` reads these lines.
    """
    names = list(heads)
    for start in range(0, max(len(names), 1), HEADS_A_LINE):
        part = {name: heads[name] for name in names[start : start + HEADS_A_LINE]}
        logger.info("anchor.heads", extra=anchor_of(part, at))


def emit_walk(walked: Mapping[ServiceId, Checked]) -> None:
    """Tell how far the chains were walked, and which are broken; zero broken ends the alarm."""
    broken = {service: mark for service, mark in walked.items() if mark.fault}
    for service, mark in broken.items():
        extra = {"service": service, "why": _cut(mark.fault), "sound_to": mark.head.n}
        logger.error("anchor.broken", extra=extra)
    logger.info("anchor.walked", extra={"chains": len(walked), "broken": len(broken)})
    _count("ChainBroken", len(broken))


def emit_locked(locked: bool) -> None:
    """Tell whether the day's anchor was locked away now, or had been before."""
    logger.info("anchor.locked", extra={"now": locked})


def emit_trouble(stage: str, record: str, error: Exception) -> None:
    """Tell of an error nobody foresaw, with its traceback; the platform retries the record."""
    logger.exception(f"{stage}.trouble", extra={"record": record, "why": _cut(str(error))})


def _emit_tick(tick: Tick) -> None:
    kinds = Counter(entry.kind for entry in tick.entries)
    reading = tick.inputs.seen.reading
    logger.info(
        "reconcile.tick",
        extra={
            "service": tick.service,
            "tick": tick.id,
            "by": tick.by,
            "policy_version": tick.inputs.policy.version,
            "series": {"first": reading.first, "close": reading.close},
            "usd": round(reading.usd, 8),
            "gaps": [f"{gap.what} {gap.subject}" for gap in tick.inputs.seen.gaps],
            "entries": {str(kind): count for kind, count in kinds.items()},
        },
    )
    _count("TicksDone")
    _count_if_any("SeriesRead", reading.first + reading.close)
    for kind, count in kinds.items():
        if kind in COUNTED_ENTRIES:
            _count(COUNTED_ENTRIES[kind], count)
    _count_if_any("SignalsMissing", len(tick.inputs.seen.gaps))
    beliefs = tick.belief.fleets.values()
    _count_if_any("TargetsFailing", sum(fleet.count(Condition.FAILING) for fleet in beliefs))
    _count_if_any("TargetsEjected", sum(len(f.ejected) for f in tick.memory.fleets.values()))


def _why(service: ServiceId, reason: Reason) -> dict[str, Any]:
    return {"service": service, "code": str(reason.code), "why": _cut(reason.text)}


def _count_if_any(name: str, value: int) -> None:
    if value:
        _count(name, value)


def _count(name: str, value: int = 1) -> None:
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
