"""CloudWatch, answered by the world.

Stock moto answers a query that names no dimensions with every dimension's data, breaks on
percentiles, is silent on metric math and never evaluates an alarm. AWS matches dimensions exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from trimtab_lab.embedded.paging import page_of
from trimtab_lab.embedded.wire import Answer, Answers, Params
from trimtab_lab.world.alarms import AlarmSpec, AlarmState, AlarmView
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.metrics import Series
from trimtab_lab.world.world import World

MOST_QUERIES = 500
MOST_POINTS = 100_800
Partial = Callable[[Series], bool]
"""Tells of which series CloudWatch can give only a part today."""


def get_metric_data(partial: Partial) -> Answer:
    """Return the operation; series that ``partial`` picks come as PartialData, the older half.

    Stock moto: no limits, no percentiles, loose dimensions. AWS: at most 500 queries, exact
    dimensions, nothing (not zero) where nothing was reported or has arrived.
    """

    def answer(world: World, params: Params) -> dict[str, Any]:
        queries = params.get("MetricDataQueries") or []
        if len(queries) > MOST_QUERIES:
            raise WorldError(
                "ValidationError",
                f"The collection MetricDataQueries must not have more than {MOST_QUERIES} members.",
            )
        span = (_moment(params["StartTime"]), _moment(params["EndTime"]))
        if span[0] >= span[1]:
            raise WorldError("ValidationError", "The parameter StartTime must be before EndTime.")
        newest_first = params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        results = [_result(world, query, span, partial) for query in queries]
        if newest_first:
            for result in results:
                result["Timestamps"].reverse()
                result["Values"].reverse()
        room = int(params.get("MaxDatapoints") or MOST_POINTS)
        points = max([1, *(len(result["Values"]) for result in results)])
        part, token = page_of(results, params.get("NextToken"), max(1, room // points))
        return {"MetricDataResults": part, "NextToken": token, "Messages": []}

    return answer


def list_metrics(world: World, params: Params) -> dict[str, Any]:
    """Return what has been reported."""
    wanted = {d["Name"]: d.get("Value") for d in params.get("Dimensions") or []}
    metrics = [
        {"Namespace": space, "MetricName": name, "Dimensions": _dimensions(dimensions)}
        for space, name, dimensions in world.metrics.listed(params.get("Namespace"))
        if params.get("MetricName") in (None, name)
        and all(n in dimensions and v in (None, dimensions[n]) for n, v in wanted.items())
    ]
    part, token = page_of(metrics, params.get("NextToken"), MOST_QUERIES)
    return {"Metrics": part, "NextToken": token}


def put_metric_alarm(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: stored, never evaluated. AWS: evaluated every minute."""
    if "Metrics" in params or "MetricName" not in params:
        raise WorldError("ValidationError", "only alarms on one metric are modelled here")
    dimensions = {d["Name"]: d["Value"] for d in params.get("Dimensions") or []}
    statistic = params.get("ExtendedStatistic") or params.get("Statistic") or "Average"
    series = Series.of(
        params["Namespace"],
        params["MetricName"],
        dimensions,
        statistic,
        int(params.get("Period") or 60),
    )
    enough = params.get("DatapointsToAlarm")
    world.put_alarm(
        AlarmSpec(
            name=params["AlarmName"],
            series=series,
            threshold=float(params["Threshold"]),
            comparison=params["ComparisonOperator"],
            evaluation_periods=int(params["EvaluationPeriods"]),
            datapoints_to_alarm=None if enough is None else int(enough),
            treat_missing_data=params.get("TreatMissingData") or "missing",
        )
    )
    return {}


def describe_alarms(world: World, params: Params) -> dict[str, Any]:
    """Return alarms, by names, prefix or state if asked."""
    names, prefix = params.get("AlarmNames") or [], params.get("AlarmNamePrefix") or ""
    chosen = [
        view
        for view in world.alarms()
        if (not names or view.spec.name in names)
        and view.spec.name.startswith(prefix)
        and params.get("StateValue") in (None, view.state.value)
    ]
    part, token = page_of(chosen, params.get("NextToken"), int(params.get("MaxRecords") or 50))
    return {"MetricAlarms": [_alarm(view) for view in part], "NextToken": token}


def set_alarm_state(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: tells nobody. AWS: raises the EventBridge event."""
    state = AlarmState(params["StateValue"])
    world._p.alarms.set_state(params["AlarmName"], state, params["StateReason"], world.now)
    return {}


def delete_alarms(world: World, params: Params) -> dict[str, Any]:
    """Forget alarms."""
    for name in params.get("AlarmNames") or []:
        world._p.alarms.delete(name)
    return {}


def answers(partial: Partial) -> Answers:
    """Every operation that the world answers."""
    return {
        ("cloudwatch", "GetMetricData"): get_metric_data(partial),
        ("cloudwatch", "ListMetrics"): list_metrics,
        ("cloudwatch", "PutMetricAlarm"): put_metric_alarm,
        ("cloudwatch", "DescribeAlarms"): describe_alarms,
        ("cloudwatch", "SetAlarmState"): set_alarm_state,
        ("cloudwatch", "DeleteAlarms"): delete_alarms,
    }


def series_of(stat: Mapping[str, Any]) -> Series:
    """Read a MetricStat."""
    metric = stat["Metric"]
    dimensions = {d["Name"]: d["Value"] for d in metric.get("Dimensions") or []}
    return Series.of(
        metric["Namespace"], metric["MetricName"], dimensions, stat["Stat"], int(stat["Period"])
    )


def _result(
    world: World, query: Mapping[str, Any], span: tuple[datetime, datetime], partial: Partial
) -> dict[str, Any]:
    stat = query.get("MetricStat")
    if stat is None:
        raise WorldError("ValidationError", "metric math is not modelled here; ask for raw series")
    series = series_of(stat)
    points = world.metrics.datapoints(
        series, _aligned(span[0], series.period_s), span[1], world.now
    )
    whole = not partial(series)
    kept = points if whole else points[: len(points) // 2]
    return {
        "Id": query["Id"],
        "Label": query.get("Label") or series.name,
        "Timestamps": [at for at, _ in kept],
        "Values": [value for _, value in kept],
        "StatusCode": "Complete" if whole else "PartialData",
    }


def _aligned(at: datetime, seconds: int) -> datetime:
    """Round down to a whole period, as AWS does with the start of a window."""
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)


def _moment(given: Any) -> datetime:
    if isinstance(given, datetime):
        return given if given.tzinfo else given.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(given), UTC)


def _dimensions(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def _alarm(view: AlarmView) -> dict[str, Any]:
    spec = view.spec
    plain = not spec.series.statistic.startswith("p")
    described: dict[str, Any] = {
        "AlarmName": spec.name,
        "AlarmArn": view.arn,
        "Namespace": spec.series.namespace,
        "MetricName": spec.series.name,
        "Dimensions": _dimensions(dict(spec.series.dimensions)),
        "Period": spec.series.period_s,
        "EvaluationPeriods": spec.evaluation_periods,
        "Threshold": spec.threshold,
        "ComparisonOperator": spec.comparison,
        "TreatMissingData": spec.treat_missing_data,
        "ActionsEnabled": True,
        "StateValue": view.state.value,
        "StateReason": view.reason,
        "StateUpdatedTimestamp": view.since,
    }
    described["Statistic" if plain else "ExtendedStatistic"] = spec.series.statistic
    if spec.datapoints_to_alarm is not None:
        described["DatapointsToAlarm"] = spec.datapoints_to_alarm
    return described
