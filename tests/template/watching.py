"""What is watched, who is told, and what may be set. A check returns a sentence per fault."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

from tests.template.stack import FUNCTIONS, ROOT, Stack, references
from trimtab import telemetry

LOG_WORDS = re.compile(r'"Trimtab", "(\w+)"|\["\.", "(\w+)"')


def functions_are_watched(stack: Stack) -> Iterator[str]:
    """Errors and throttles of every function raise an alarm."""
    for function in FUNCTIONS:
        for metric in ("Errors", "Throttles"):
            if not _alarms_on(stack, "AWS/Lambda", metric, f"{function.capitalize()}Function"):
                yield f"nobody hears of {metric} of {function}"


def queues_are_watched(stack: Stack) -> Iterator[str]:
    """A single dead letter raises an alarm, and so does work that waits."""
    for queue in stack.of_type("AWS::SQS::Queue"):
        if queue == "WorkQueue":
            continue
        found = _alarms_on(stack, "AWS/SQS", "ApproximateNumberOfMessagesVisible", queue)
        if not any(alarm["Threshold"] == 0 for alarm in found):
            yield f"nobody hears of a message in {queue}"
    if not _alarms_on(stack, "AWS/SQS", "ApproximateAgeOfOldestMessage", "WorkQueue"):
        yield "nobody hears of work that waits"


def streams_are_watched(stack: Stack) -> Iterator[str]:
    """Act is reported late well before an intent's deadline."""
    found = _alarms_on(stack, "AWS/Lambda", "IteratorAge", "ActFunction")
    if not any(alarm["Threshold"] < 120_000 for alarm in found):
        yield "nobody hears of act being late"
    if not _alarms_on(stack, "AWS/Lambda", "IteratorAge", "NotifyFunction"):
        yield "nobody hears of notify being late"


def silence_is_an_alarm(stack: Stack) -> Iterator[str]:
    """No heartbeat means alarm: a metric of our own, for missing data to count."""
    for metric in ("Heartbeat", "WardenHeartbeat"):
        alarm = stack.resources[f"{metric}Alarm"]["Properties"]
        if alarm.get("TreatMissingData") != "breaching":
            yield f"a missing {metric} passes for a healthy one"
        if (alarm["Namespace"], alarm["MetricName"]) != ("Trimtab", metric):
            yield f"{metric} is not ours"
        if alarm["ComparisonOperator"] != "LessThanThreshold" or alarm["Threshold"] != 1:
            yield f"the alarm on {metric} waits for a beat"


def a_broken_chain_is_an_alarm(stack: Stack) -> Iterator[str]:
    """And stays one until a look finds it whole: it is looked at once a day."""
    alarm = stack.resources["ChainBrokenAlarm"]["Properties"]
    if (alarm["Namespace"], alarm["MetricName"]) != ("Trimtab", "ChainBroken"):
        yield "nobody hears of a broken chain"
    if alarm.get("TreatMissingData") != "ignore" or alarm["Threshold"] != 1:
        yield "a broken chain heals by itself"


def alarms_tell_somebody(stack: Stack) -> Iterator[str]:
    """Every alarm goes to the topic, both ways, bears our prefix and points into the manual."""
    headings = set(re.findall(r"^#+ (.+)$", (ROOT / "docs/operating.md").read_text(), re.MULTILINE))
    anchors = {re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-") for h in headings}
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        for when in ("AlarmActions", "OKActions"):
            if alarm.get(when) != [{"Ref": "Topic"}]:
                yield f"{name} has no {when}"
        if "TreatMissingData" not in alarm:
            yield f"{name} does not say what missing data means"
        # Wake's rule leaves out alarms with this prefix: ours must not trigger ourselves.
        if not alarm["AlarmName"]["Fn::Sub"].startswith("${AWS::StackName}-"):
            yield f"{name} would wake us"
        page = re.search(r"docs/operating\.md#([a-z-]+)", alarm.get("AlarmDescription", ""))
        if not page or page[1] not in anchors:
            yield f"{name} does not say what to do"


def metrics_exist(stack: Stack) -> Iterator[str]:
    """Every metric of ours that an alarm or the dashboard names is one the code emits."""
    emitted = set(re.findall(r'"([A-Z][A-Za-z]+)"', inspect.getsource(telemetry)))
    body = stack.resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    named = {
        alarm["MetricName"]
        for alarm in stack.of_type("AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] == "Trimtab"
    }
    for widget in json.loads(body)["widgets"]:
        metrics = json.dumps(widget["properties"].get("metrics", []))
        if '"Trimtab"' in metrics:
            named |= {a or b for a, b in LOG_WORDS.findall(metrics)}
    yield from (f"nobody emits {name}" for name in sorted(named - emitted))


def parameters_explain_themselves(stack: Stack) -> Iterator[str]:
    """Each parameter is described, defaulted, grouped and labelled; each pattern in words."""
    interface = stack.template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    parameters = stack.template["Parameters"]
    if sorted(grouped) != sorted(parameters):
        yield f"not grouped, or twice: {set(parameters) ^ set(grouped) or grouped}"
    if set(interface["ParameterLabels"]) != set(parameters):
        yield f"not labelled: {set(parameters) ^ set(interface['ParameterLabels'])}"
    for name, parameter in parameters.items():
        if not parameter.get("Description") or "Default" not in parameter:
            yield f"{name} has no description or no default"
        if "AllowedPattern" in parameter and not parameter.get("ConstraintDescription"):
            yield f"{name} does not say in words what it accepts"
        elif "AllowedPattern" in parameter and not re.fullmatch(
            parameter["AllowedPattern"], str(parameter["Default"])
        ):
            yield f"{name} refuses its own default"
    manual = (ROOT / "docs/operating.md").read_text()
    yield from (f"{name} is not in the manual" for name in parameters if f"`{name}`" not in manual)


def nothing_may_be_changed_by_default(stack: Stack) -> Iterator[str]:
    """A first deployment watches: each family of writes has to be turned on."""
    for family in ("EnableEject", "EnableReplace", "EnableScale", "EnableRoute"):
        if stack.template["Parameters"][family]["Default"] != "false":
            yield f"{family} is on by default"


def _alarms_on(stack: Stack, namespace: str, metric: str, resource: str) -> list[dict[str, Any]]:
    return [
        alarm
        for alarm in stack.of_type("AWS::CloudWatch::Alarm").values()
        if (alarm["Namespace"], alarm["MetricName"]) == (namespace, metric)
        and references(alarm["Dimensions"], resource)
    ]


CHECKS = (
    functions_are_watched,
    queues_are_watched,
    streams_are_watched,
    silence_is_an_alarm,
    a_broken_chain_is_an_alarm,
    alarms_tell_somebody,
    metrics_exist,
    parameters_explain_themselves,
    nothing_may_be_changed_by_default,
)
