"""An access log of the shop's load balancer, written just now, and told of as S3 does."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.e2e.operator import REGION, Operator
from trimtab_lab.embedded.access import lines_of
from trimtab_lab.world.access_log import Row

BUCKET = "shop-access-logs"
ACCOUNT = "123456789012"
MINUTE = timedelta(minutes=1)


def make_the_bucket(operator: Operator) -> None:
    operator.aws("s3").create_bucket(Bucket=BUCKET)


def write_an_access_log(operator: Operator) -> int:
    """Let each of blue's targets have answered five requests a minute ago; say how many have."""
    ends = datetime.now(UTC).replace(second=0, microsecond=0)
    (group,) = operator.aws("elbv2").describe_target_groups(Names=["shop-blue"])["TargetGroups"]
    balancer = group["LoadBalancerArns"][0].partition(":loadbalancer/")[2]
    at = int((ends - MINUTE).timestamp())
    addresses = addresses_in(operator, group["TargetGroupArn"])
    rows = [Row(at, group["TargetGroupArn"], one, 5, 0, 0, 0.1) for one in addresses]
    lines = [line + b"\n" for row in rows for line in lines_of(balancer, row)]
    key = key_of(balancer, ends)
    operator.aws("s3").put_object(Bucket=BUCKET, Key=key, Body=gzip.compress(b"".join(lines)))
    told = {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 1}, "reason": "PutObject"}
    event = {"Source": "aws.s3", "DetailType": "Object Created", "Detail": json.dumps(told)}
    operator.aws("events").put_events(Entries=[event])
    return len(rows)


def addresses_in(operator: Operator, target_group: str) -> list[str]:
    """Address and port of each target that the load balancer finds healthy."""
    health = operator.aws("elbv2").describe_target_health(TargetGroupArn=target_group)
    seen = health["TargetHealthDescriptions"]
    ports = {t["Target"]["Id"]: t["Target"]["Port"] for t in seen if is_healthy(t)}
    found = operator.aws("ec2").describe_instances(InstanceIds=sorted(ports))["Reservations"]
    machines = [machine for each in found for machine in each["Instances"]]
    return [f"{m['PrivateIpAddress']}:{ports[m['InstanceId']]}" for m in machines]


def is_healthy(target: Any) -> bool:
    return bool(target["TargetHealth"]["State"] == "healthy")


def key_of(balancer: str, ends: datetime) -> str:
    place = f"AWSLogs/{ACCOUNT}/elasticloadbalancing/{REGION}/{ends:%Y/%m/%d}"
    name = f"{ACCOUNT}_elasticloadbalancing_{REGION}_{balancer.replace('/', '.')}"
    return f"{place}/{name}_{ends:%Y%m%dT%H%MZ}_192.0.2.17_20sg8hgm.log.gz"


def targets_reported(operator: Operator) -> int:
    """Of how many targets some report tells."""
    items = operator.aws("dynamodb").scan(TableName=operator.outputs()["MemoryTable"])["Items"]
    reports = [json.loads(i["body"]["S"]) for i in items if {"S": "report#shop"} in i.values()]
    return len({target for report in reports for target in report["tallies"]})
