"""CloudWatch alarms and dashboards, log groups."""

from __future__ import annotations

from trimtab_lab.cloud.stacks.intrinsics import Made
from trimtab_lab.cloud.stacks.kinds.kind import Aws, Given, as_bool, changed, picked

_ALARM = (
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "Dimensions",
    "ExtendedStatistic",
    "MetricName",
    "Namespace",
    "OKActions",
    "Statistic",
    "TreatMissingData",
)


class Alarm:
    """AWS::CloudWatch::Alarm on one metric. ``Ref`` is its name."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Put the alarm."""
        name = given.get("AlarmName") or aws.name(logical_id, 255)
        self._put(aws, name, given)
        arn = f"arn:aws:cloudwatch:{aws.region}:{aws.account}:alarm:{name}"
        return Made(name, name, {"Arn": arn})

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Put it anew; a name is for life."""
        if "AlarmName" in changed(given, before):
            return None
        self._put(aws, made.ref, given)
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete the alarm."""
        aws.client("cloudwatch").delete_alarms(AlarmNames=[made.ref])

    def _put(self, aws: Aws, name: str, given: Given) -> None:
        numbers = {
            key: int(given[key])
            for key in ("Period", "EvaluationPeriods", "DatapointsToAlarm")
            if key in given
        }
        aws.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Threshold=float(given["Threshold"]),
            ActionsEnabled=as_bool(given.get("ActionsEnabled", True)),
            **numbers,
            **picked(given, *_ALARM),
        )


class Dashboard:
    """AWS::CloudWatch::Dashboard. ``Ref`` is its name."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Put the dashboard."""
        name = given.get("DashboardName") or aws.name(logical_id)
        aws.client("cloudwatch").put_dashboard(
            DashboardName=name, DashboardBody=given["DashboardBody"]
        )
        return Made(name, name)

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Put it anew; a name is for life."""
        if "DashboardName" in changed(given, before):
            return None
        return self.create(aws, made.physical_id, {**given, "DashboardName": made.ref})

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete the dashboard."""
        aws.client("cloudwatch").delete_dashboards(DashboardNames=[made.ref])


class LogGroup:
    """AWS::Logs::LogGroup. ``Ref`` is its name."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Make the group."""
        name = given.get("LogGroupName") or aws.name(logical_id, 512)
        logs = aws.client("logs")
        logs.create_log_group(logGroupName=name, **_key(given), tags=dict(aws.tags))
        self._keep(aws, name, given)
        arn = f"arn:aws:logs:{aws.region}:{aws.account}:log-group:{name}:*"
        return Made(name, name, {"Arn": arn})

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Change its retention; a name is for life."""
        if changed(given, before) & {"LogGroupName", "KmsKeyId"}:
            return None
        self._keep(aws, made.ref, given)
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete the group and what is in it."""
        aws.client("logs").delete_log_group(logGroupName=made.ref)

    def _keep(self, aws: Aws, name: str, given: Given) -> None:
        if "RetentionInDays" in given:
            aws.client("logs").put_retention_policy(
                logGroupName=name, retentionInDays=int(given["RetentionInDays"])
            )


def _key(given: Given) -> dict[str, str]:
    return {"kmsKeyId": given["KmsKeyId"]} if "KmsKeyId" in given else {}
