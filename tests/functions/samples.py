"""Where the sample events of ``events/`` come from: AWS's documented shapes around our own values.

    python -m tests.functions.samples        writes events/ anew

They are about the service, the target groups and the account that ``tests.builders`` describes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.builders import BLUE_ARN, NOON, SHOP, an_eject, an_entry
from trimtab.adapters.records import entry_item
from trimtab.events import ask_to_body
from trimtab.model.change import inverse_of
from trimtab.model.entry import Call, Entry, Kind, outcome_id
from trimtab.model.ids import ServiceId
from trimtab.model.policy import Lever
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Ask

EVENTS = Path(__file__).parents[2] / "events"
ACCOUNT, REGION = "123456789012", "eu-west-1"
TIME = "2026-03-02T12:00:00Z"
MOMENT = "2026-03-02T12:00:00.000+0000"
EARLIER = "2026-03-02T11:31:00.000+0000"
LOG_STREAM = (
    f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/trimtab-Log-1A2B/stream/2026-03-01T09:00:00"
)
WORK_QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:trimtab-work.fifo"

INTENT = an_entry(
    lever=Lever.EJECT,
    subject="target blue/i-00000000000000001:8080",
    change=an_eject(),
    inverse=inverse_of(an_eject()),
    wanted=Reason(
        ReasonCode.EJECT_UNHEALTHY,
        "the load balancer finds it unhealthy (Target.Timeout) for 2 minutes",
        {"state_reason": "Target.Timeout"},
    ),
)
OUTCOME = an_entry(
    id=outcome_id(INTENT.id),
    kind=Kind.APPLIED,
    by="act",
    lever=Lever.EJECT,
    subject=INTENT.subject,
    change=INTENT.change,
    inverse=INTENT.inverse,
    intent=INTENT.id,
    deadline=None,
    reason=Reason(ReasonCode.APPLIED, "done"),
    calls=(Call("elasticloadbalancing:DeregisterTargets", "6d5f0a7c-9d2e-4a55-8f63-0c3a51a6e6a1"),),
)


def event_bridge(source: str, kind: str, resources: list[str], detail: object) -> dict[str, Any]:
    """Wrap a detail as EventBridge does."""
    return {
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": TIME,
        "region": REGION,
        "resources": resources,
        "detail": detail,
    }


def notice(kind: str, more: Mapping[str, str]) -> dict[str, Any]:
    """What EC2 says of an instance of the blue group that it takes, or may take."""
    instance = "i-00000000000000007"
    arn = (
        f"arn:aws:ec2:{REGION}a:instance/{instance}"  # so in AWS's own examples: a zone, no account
    )
    return event_bridge("aws.ec2", kind, [arn], {"instance-id": instance, **more})


def alarm(
    name: str, before: str, after: str, configuration: Mapping[str, object]
) -> dict[str, Any]:
    """An alarm's change of state, with the reasons CloudWatch gives."""
    datapoints = {
        "version": "1.0",
        "queryDate": MOMENT,
        "startDate": "2026-03-02T11:57:00.000+0000",
        "statistic": "Sum",
        "period": 60,
        "recentDatapoints": [61.0, 84.0, 92.0] if after == "ALARM" else [0.0, 1.0, 0.0],
        "threshold": 50.0,
    }
    reason = "Threshold Crossed: 3 out of the last 3 datapoints were greater than the threshold."
    well = "Threshold Crossed: 3 datapoints were not greater than the threshold (50.0)."
    states = {"ALARM": reason, "OK": well}
    return event_bridge(
        "aws.cloudwatch",
        "CloudWatch Alarm State Change",
        [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"],
        {
            "alarmName": name,
            "configuration": configuration,
            "previousState": {
                "reason": states[before],
                "reasonData": json.dumps(datapoints),
                "timestamp": EARLIER,
                "value": before,
            },
            "state": {
                "reason": states[after],
                "reasonData": json.dumps(datapoints),
                "timestamp": MOMENT,
                "value": after,
            },
        },
    )


def of_metric(
    namespace: str, name: str, dimensions: Mapping[str, str], description: str
) -> dict[str, Any]:
    """The configuration of an alarm on one metric."""
    metric = {"dimensions": dict(dimensions), "name": name, "namespace": namespace}
    return {
        "description": description,
        "metrics": [
            {
                "id": "30b6c6b2-a864-43a2-4877-c09a1afc3b87",
                "metricStat": {"metric": metric, "period": 60, "stat": "Sum"},
                "returnData": True,
            }
        ],
    }


TARGET_ERRORS = of_metric(
    "AWS/ApplicationELB",
    "HTTPCode_Target_5XX_Count",
    {
        "LoadBalancer": "app/shop/0123456789abcdef",
        "TargetGroup": BLUE_ARN.rsplit(":", 1)[-1],
    },
    "blue answers with errors",
)
SOMEBODY_ELSES = of_metric(
    "AWS/RDS", "CPUUtilization", {"DBInstanceIdentifier": "orders"}, "the database is busy"
)
COMPOSITE = {
    "alarmRule": "ALARM(shop-blue-errors) AND NOT ALARM(shop-deploying)",
    "actionsSuppressor": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:shop-deploying",
    "actionsSuppressorWaitPeriod": 120,
    "actionsSuppressorExtensionPeriod": 180,
}


def group_change(kind: str, activity: str, cause: str) -> dict[str, Any]:
    """An Auto Scaling event about the blue group."""
    group = "blue-asg"
    instance = "i-00000000000000007"
    return event_bridge(
        "aws.autoscaling",
        kind,
        [
            f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:"
            f"7f3b1c2d-0000-4000-8000-000000000001:autoScalingGroupName/{group}",
            f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{instance}",
        ],
        {
            "StatusCode": "InProgress",
            "Description": f"{activity}: {instance}",
            "AutoScalingGroupName": group,
            "ActivityId": "8f7e6d5c-0000-4000-8000-000000000002",
            "Details": {"Availability Zone": f"{REGION}a", "Subnet ID": "subnet-0a1b2c3d4e5f60718"},
            "RequestId": "8f7e6d5c-0000-4000-8000-000000000002",
            "StatusMessage": "",
            "StartTime": "2026-03-02T11:59:21.000Z",
            "EndTime": TIME,
            "EC2InstanceId": instance,
            "Cause": cause,
            "Origin": "EC2" if "Terminat" in kind else "AutoScalingGroup",
            "Destination": "AutoScalingGroup" if "Launch" in kind else "EC2",
        },
    )


def batch(*bodies: tuple[str, str]) -> dict[str, Any]:
    """A batch of the work queue: (service, body) of each message."""
    return {"Records": [_message(i, service, body) for i, (service, body) in enumerate(bodies, 1)]}


def _message(number: int, service: str, body: str) -> dict[str, Any]:
    sent = str(int(NOON.timestamp() * 1000))
    return {
        "messageId": f"00000000-0000-4000-8000-{number:012}",
        "receiptHandle": f"AQEBreceipt{number}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "AWSTraceHeader": "Root=1-65e31240-000000000000000000000001;Sampled=0",
            "SentTimestamp": sent,
            "SequenceNumber": f"{18_890_000_000_000_000_000 + number}",
            "MessageGroupId": service,
            "SenderId": "AROAEXAMPLE:trimtab-schedule",
            "MessageDeduplicationId": hashlib.sha256(body.encode()).hexdigest(),
            "ApproximateFirstReceiveTimestamp": sent,
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": WORK_QUEUE,
        "awsRegion": REGION,
    }


def asked(service: str) -> tuple[str, str]:
    """A message of the schedule, at noon."""
    return service, ask_to_body(Ask(ServiceId(service), "schedule", NOON))


def stream(*records: tuple[str, Entry]) -> dict[str, Any]:
    """A batch of Log's stream: (event name, entry) of each record."""
    return {"Records": [_record(i, name, entry) for i, (name, entry) in enumerate(records, 1)]}


def _record(number: int, name: str, entry: Entry) -> dict[str, Any]:
    image = {field: {"S": str(value)} for field, value in entry_item(entry).items()}
    change = {
        "ApproximateCreationDateTime": int(NOON.timestamp()),
        "Keys": {"service": image["service"], "id": image["id"]},
        "NewImage": image,
        "SequenceNumber": f"{100_000_000_000_000_000_000 + number}",
        "SizeBytes": len(json.dumps(image)),
        "StreamViewType": "NEW_IMAGE",
    }
    if name == "REMOVE":
        del change["NewImage"]
    return {
        "eventID": hashlib.sha256(f"{name}{number}".encode()).hexdigest()[:32],
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": change,
        "eventSourceARN": LOG_STREAM,
    }


def nested(depth: int) -> dict[str, Any]:
    """Boxes in boxes."""
    box: dict[str, Any] = {}
    for _ in range(depth):
        box = {"box": box}
    return box


HOSTILE_NAME = "../../etc/passwd \u202e\x1b[31m<img src=x onerror=alert(1)>{{7*7}} =HYPERLINK(0)"

FOREIGN = alarm("shop-blue-errors", "OK", "ALARM", TARGET_ERRORS) | {
    "account": "999999999999",
    "region": "us-gov-west-1",
}

LOGS = "trimtab-alb-logs"
LOG_KEY = (
    f"AWSLogs/{ACCOUNT}/elasticloadbalancing/{REGION}/2026/03/02/{ACCOUNT}_elasticloadbalancing_"
    f"{REGION}_app.shop.0123456789abcdef_20260302T1155Z_192.0.2.17_20sg8hgm.log.gz"
)


def written_to(bucket: str, key: str) -> dict[str, Any]:
    """S3 tells EventBridge of a new object."""
    detail = {
        "version": "0",
        "bucket": {"name": bucket},
        "object": {
            "key": key,
            "size": 51_234,
            "etag": "d41d8cd98f00b204e9800998ecf8427e",
            "sequencer": "00617F08299329D189",
        },
        "request-id": "N4N7GDK58NMKJ12R",
        "requester": ACCOUNT,
        "source-ip-address": "192.0.2.17",
        "reason": "PutObject",
    }
    return event_bridge("aws.s3", "Object Created", [f"arn:aws:s3:::{bucket}"], detail)


SAMPLES: Mapping[str, object] = {
    "access-log-written": written_to(LOGS, LOG_KEY),
    "access-test-file": written_to(LOGS, f"AWSLogs/{ACCOUNT}/ELBAccessLogTestFile"),
    "access-hostile-bucket": written_to("somebody-elses-logs", LOG_KEY),
    "access-hostile-key": written_to(LOGS, f"{HOSTILE_NAME}/{LOG_KEY}"),
    "anchor-daily": {"source": "trimtab.anchor", "scheduled_at": TIME},
    "warden-run": {"source": "trimtab.warden", "scheduled_at": TIME},
    "survey-run": {"source": "trimtab.survey", "scheduled_at": TIME},
    "schedule-tick": {"source": "trimtab.schedule", "scheduled_at": TIME},
    "wake-alarm-raised": alarm("shop-blue-errors", "OK", "ALARM", TARGET_ERRORS),
    "wake-alarm-cleared": alarm("shop-blue-errors", "ALARM", "OK", TARGET_ERRORS),
    "wake-alarm-unmanaged": alarm("orders-db-cpu", "OK", "ALARM", SOMEBODY_ELSES),
    "wake-alarm-composite": alarm("shop-in-trouble", "OK", "ALARM", COMPOSITE),
    "wake-group-launched": group_change(
        "EC2 Instance Launch Successful",
        "Launching a new EC2 instance",
        "At 2026-03-02T11:59:20Z a user request explicitly set group desired capacity changing "
        "the desired capacity from 6 to 7.",
    ),
    "wake-group-terminated": group_change(
        "EC2 Instance Terminate Successful",
        "Terminating EC2 instance",
        "At 2026-03-02T11:59:20Z an instance was taken out of service in response to an EC2 "
        "health check indicating it has been terminated or stopped.",
    ),
    "wake-spot-interruption": notice(
        "EC2 Spot Instance Interruption Warning", {"instance-action": "terminate"}
    ),
    "wake-rebalance-recommended": notice("EC2 Instance Rebalance Recommendation", {}),
    "wake-hostile-nested": alarm(
        "shop-blue-errors", "OK", "ALARM", {"description": "", "metrics": nested(100)}
    ),
    "wake-hostile-foreign": FOREIGN,
    "wake-hostile-names": alarm(
        HOSTILE_NAME,
        "OK",
        "ALARM",
        of_metric("AWS/ApplicationELB", HOSTILE_NAME, {"TargetGroup": HOSTILE_NAME}, HOSTILE_NAME),
    ),
    "wake-hostile-unknown": event_bridge("aws.ec2", "EC2 Instance State-change", [], {"a": 1}),
    "reconcile-two-services": batch(asked(SHOP), asked("search")),
    "reconcile-poisoned": batch(
        asked(SHOP),
        ("x", "not json"),
        ("x", '{"service": "", "by": "schedule", "asked_at": "2026-03-02T12:00:00Z"}'),
        ("x", '{"service": "shop", "by": "schedule", "asked_at": "yesterday"}'),
        ("x", '{"service": "shop", "by": "schedule"}'),
        ("x", '{"service": ["shop"], "by": {}, "asked_at": 0}'),
        ("x", "[" * 5000),
    ),
    "reconcile-unknown-service": batch(asked("nobody-knows-it")),
    "stream-intended": stream(("INSERT", INTENT)),
    "stream-outcome": stream(("INSERT", OUTCOME)),
    "stream-modified-removed": stream(("MODIFY", INTENT), ("REMOVE", INTENT)),
}
"""One real sample per source and case, by file name."""


def written(sample: object) -> str:
    """A sample as its file holds it."""
    return json.dumps(sample, indent=2) + "\n"


def main() -> None:
    """Write every sample."""
    for name, sample in SAMPLES.items():
        (EVENTS / f"{name}.json").write_text(written(sample), encoding="utf-8")


if __name__ == "__main__":
    main()
