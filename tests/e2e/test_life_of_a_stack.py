"""The whole life of a deployment: built, deployed, used, changed in place, deleted. In between, an
alarm leads to an action that somebody approves, and takes back.

One story in steps, in this order, on one local cloud in real time: the unmodified `sam` and
`trimtab`, the built functions in AWS's runtime client. Each step asserts effects.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.existing import exists, is_part
from tests.e2e.glances import (
    assert_is_out,
    entry_of,
    failures_kept,
    files_in,
    first_unhealthy,
    intent_undoing,
    is_as_before,
    is_in_standby,
    is_refused,
    is_scheduled,
    read_the_topic,
    told,
    writes_of,
)
from tests.e2e.operator import ROOT, STACK, Operator, wait_for
from tests.e2e.written import BUCKET, make_the_bucket, targets_reported, write_an_access_log

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

IN_ORDER = True  # each step stands on those before it
PARAMETERS = {
    "EnableEject": "true",
    "EnableScale": "true",
    "EnableRoute": "true",
    "EventBusName": "default",
}
# Without the schedule, nothing but the alarm can lead to the action.
AT_FIRST = {**PARAMETERS, "ScheduleState": "DISABLED"}
LATER = {
    **PARAMETERS,
    "ScheduleState": "ENABLED",
    "EnableRoute": "false",
    "HeartbeatMinutes": "7",
    "DeletionProtection": "false",
    "AnchorLock": "GOVERNANCE",
    "LogKeepDays": "30",
    "AccessLogsBucket": BUCKET,
    "ProbeSubnet1": "subnet-0123456789abcdef0",
    "ProbeSecurityGroup": "sg-0123456789abcdef0",
}
LOCKED = {"AnchorBucket", "AnchorBucketPolicy", "LockAnchorsPolicy"}
"""What there is only with ``AnchorLock``."""
OPTIONAL = ("Access", "Probe", "Survey")
"""How names begin of what there is only with a bucket of access logs, or places for a probe."""
OUR_POLICY = {
    # The load balancer's word is believed at once, so that the story needs no two minutes of ticks.
    "unhealthy_for: 2m": "unhealthy_for: 0s",
    # One lever, and that only with somebody's consent: what else changes is not ours.
    "mode: enforce": "mode: {eject: approve, scale: observe, route: observe}",
}


@pytest.fixture(scope="module")
def remembered() -> dict[str, Any]:
    """What a step leaves for later ones."""
    return {}


def test_sam_deploy_makes_the_stack(operator: Operator) -> None:
    said = operator.deploy(**AT_FIRST)
    assert "Successfully created/updated stack - trimtab" in said
    assert operator.stack()["StackStatus"] == "CREATE_COMPLETE"


def test_every_resource_of_the_template_was_really_made(
    operator: Operator, remembered: dict[str, Any]
) -> None:
    declared = operator.aws("cloudformation").get_template(
        StackName=STACK, TemplateStage="Processed"
    )["TemplateBody"]["Resources"]
    made = operator.resources()
    remembered["made"] = made
    without = {name for name in declared if name not in made}
    # Their conditions do not hold.
    unasked = {"TopicEmail", "UseKeyPolicy", "NotifyWebhookPolicy", "ActReplacePolicy"}
    optional = {name for name in declared if name.startswith(OPTIONAL)}
    assert without == unasked | optional | LOCKED
    assert {kind for kind, _ in made.values()} >= {
        r["Type"] for n, r in declared.items() if n in made
    }
    missing = [name for name, (kind, it) in made.items() if not exists(operator, kind, it)]
    assert missing == []


def test_what_a_plain_moto_drops_is_there(operator: Operator) -> None:
    outputs, aws = operator.outputs(), operator.aws
    ticks = aws("dynamodb").describe_time_to_live(TableName=outputs["TicksTable"])
    assert ticks["TimeToLiveDescription"]["AttributeName"] == "expires"
    log = aws("dynamodb").describe_table(TableName=outputs["LogTable"])["Table"]
    assert log["DeletionProtectionEnabled"]
    assert log["SSEDescription"]["Status"] == "ENABLED"
    act = aws("lambda").get_function_configuration(FunctionName=f"{STACK}-act")
    assert act["Architectures"] == ["arm64"]
    assert act["Runtime"] == "python3.13"
    assert act["LoggingConfig"]["LogFormat"] == "JSON"
    assert [layer["Arn"].split(":")[-2] for layer in act["Layers"]] == [f"{STACK}-runtime"]
    reserved = aws("lambda").get_function_concurrency(FunctionName=f"{STACK}-act")
    assert reserved["ReservedConcurrentExecutions"] == 8
    (heartbeat,) = aws("cloudwatch").describe_alarms(AlarmNames=[f"{STACK}-heartbeat"])[
        "MetricAlarms"
    ]
    assert heartbeat["AlarmActions"] == [outputs["TopicArn"]]
    assert heartbeat["ActionsEnabled"] is False  # nothing is scheduled yet


def test_the_parts_of_other_resources_are_in_force(operator: Operator) -> None:
    outputs, aws = operator.outputs(), operator.aws
    work = aws("sqs").get_queue_attributes(QueueUrl=outputs["QueueUrl"], AttributeNames=["All"])
    assert "OnlyOverTls" in work["Attributes"]["Policy"]
    assert f"{STACK}-work-dead.fifo" in work["Attributes"]["RedrivePolicy"]
    topic = aws("sns").get_topic_attributes(TopicArn=outputs["TopicArn"])["Attributes"]
    assert "AlarmsMayPublish" in topic["Policy"]
    allowed = json.loads(aws("lambda").get_policy(FunctionName=f"{STACK}-wake")["Policy"])
    principals = [statement["Principal"] for statement in allowed["Statement"]]
    assert principals == [{"Service": "events.amazonaws.com"}] * 3
    invoked = aws("lambda").get_function_event_invoke_config(FunctionName=f"{STACK}-wake")
    assert invoked["MaximumRetryAttempts"] == 1
    role = operator.resources()["ActRole"][1]
    policies = aws("iam").list_role_policies(RoleName=role)["PolicyNames"]
    assert sorted(policies) == ["act", "act-eject", "act-route", "act-scale"]


def test_the_cli_puts_a_policy_in_force(operator: Operator, tmp_path: Path) -> None:
    text = (ROOT / "examples" / "shop.yaml").read_text()
    for said, instead in OUR_POLICY.items():
        assert said in text
        text = text.replace(said, instead)
    document = tmp_path / "shop.yaml"
    document.write_text(text)
    read_the_topic(operator)
    said = operator.trimtab("policy", "apply", document)
    assert "version 1 is in force" in said
    assert [entry["kind"] for entry in operator.log()] == ["policy"]


def test_an_alarm_in_the_world_ends_in_an_action_that_awaits_approval(
    operator: Operator, remembered: dict[str, Any]
) -> None:
    before = operator.world()
    quiet = ("shop-blue-unhealthy", "shop-blue-5xx")
    assert {before["alarms"][name] for name in quiet} == {"OK"}
    operator.kill("blue")
    dead = wait_for("the load balancer to see it", lambda: first_unhealthy(operator), 30)
    entry = wait_for("an entry that awaits", lambda: entry_of(operator, "awaiting", dead), 90)
    assert operator.ticks()[0]["by"].rpartition(":")[2] in quiet
    assert operator.world()["groups"] == before["groups"]
    assert entry_of(operator, "intended", dead) is None
    remembered["before"], remembered["awaiting"], remembered["dead"] = before, entry["id"], dead


def test_what_is_approved_is_done_to_the_world(
    operator: Operator, remembered: dict[str, Any]
) -> None:
    dead = remembered["dead"]
    operator.trimtab("approve", remembered["awaiting"], "--why", "it answers nobody")
    entry = wait_for("an outcome in the log", lambda: entry_of(operator, "applied", dead), 30)
    kinds = {e["id"]: e["kind"] for e in operator.log() if dead in json.dumps(e)}
    assert {"awaiting", "approved", "intended", "applied"} <= set(kinds.values())
    assert kinds[entry["intent"]] == "intended"
    assert_is_out(operator, dead)
    remembered["intent"] = entry["intent"]


def test_every_function_on_the_way_ran_as_built_and_none_failed(operator: Operator) -> None:
    functions = operator.functions()
    for name in ("wake", "reconcile", "act"):
        assert functions[f"{STACK}-{name}"]["counts"]["invoked"] >= 1, name
    assert f"{STACK}-schedule" not in functions  # the schedule is off
    assert {name: f["errors"] for name, f in functions.items() if f["errors"]} == {}
    assert writes_of(operator, "act") == {"autoscaling:EnterStandby": 1}
    assert {name for name in functions if writes_of(operator, name.removeprefix(f"{STACK}-"))} == {
        f"{STACK}-act"
    }
    assert failures_kept(operator) == {}


def test_what_ran_is_what_was_built_in_lambdas_own_environment(operator: Operator) -> None:
    folder = Path(operator.functions()[f"{STACK}-act"]["runs_in"])
    built = ROOT / ".aws-sam" / "build"
    assert files_in(folder / "task") == files_in(built / "ActFunction")
    assert files_in(folder / "opt") == files_in(built / "Layer")
    # What is not in the layer cannot be found by accident: the runtime has nothing of ours.
    installed = {path.name for path in (ROOT / ".venv-runtime").glob("lib/*/site-packages/*")}
    assert "awslambdaric" in installed
    assert not {name for name in installed if name.startswith(("trimtab", "aws_lambda_powertools"))}


def test_no_function_called_what_its_role_does_not_allow(operator: Operator) -> None:
    assert operator.refusals() == {}


def test_a_functions_credentials_are_worth_its_role_and_no_more(operator: Operator) -> None:
    table, group = operator.outputs()["LogTable"], "shop-blue-asg"
    with pytest.raises(ClientError, match="explicit deny in NeverRewriteTheLog"):
        operator.as_function("act", "dynamodb").delete_item(
            TableName=table, Key={"service": {"S": "shop"}, "id": {"S": "any"}}
        )
    with pytest.raises(ClientError, match="no identity-based policy allows"):
        operator.as_function("reconcile", "autoscaling").set_desired_capacity(
            AutoScalingGroupName=group, DesiredCapacity=3
        )


def test_people_are_told(operator: Operator, remembered: dict[str, Any]) -> None:
    wait_for("a notification", lambda: told(operator, remembered["dead"]), 20)
    assert operator.functions()[f"{STACK}-notify"]["counts"]["invoked"] >= 1


def test_the_cli_tells_what_happened_and_why(
    operator: Operator, remembered: dict[str, Any]
) -> None:
    log = operator.trimtab("log")
    assert "intended" in log
    assert "applied" in log
    assert remembered["dead"] in log
    explained = operator.trimtab("explain", remembered["intent"])
    assert remembered["dead"] in explained
    assert "applied" in explained
    status = operator.trimtab("status")
    assert "shop" in status
    assert "policy version 1" in status


def test_what_is_undone_leaves_the_world_as_it_was(
    operator: Operator, remembered: dict[str, Any]
) -> None:
    wait_for("it to be out", lambda: is_in_standby(operator, remembered["dead"]), 30)
    operator.mend()
    operator.trimtab("undo", remembered["intent"], "--why", "somebody has repaired it")
    undone = wait_for("the way back in the log", lambda: intent_undoing(operator, remembered), 30)
    assert undone["kind"] == "intended"
    wait_for("the world to be as before", lambda: is_as_before(operator, remembered["before"]), 60)
    assert writes_of(operator, "act") == {
        "autoscaling:EnterStandby": 1,
        "autoscaling:ExitStandby": 1,
    }
    assert "reverted" in operator.trimtab("explain", remembered["intent"])


def test_what_is_undone_twice_is_undone_once(
    operator: Operator, remembered: dict[str, Any]
) -> None:
    writes = writes_of(operator, "act")
    operator.trimtab("undo", remembered["intent"], "--why", "to be sure")
    wait_for("an answer in the log", lambda: is_refused(operator, "already_undone"), 30)
    assert writes_of(operator, "act") == writes


def test_a_changed_parameter_updates_the_stack_in_place(
    operator: Operator, remembered: dict[str, Any]
) -> None:
    entries = operator.log()
    make_the_bucket(operator)
    said = operator.deploy(**LATER)
    assert "Successfully created/updated stack - trimtab" in said
    assert operator.stack()["StackStatus"] == "UPDATE_COMPLETE"
    before, now = remembered["made"], operator.resources()
    assert before.keys() - now.keys() == {"ActRoutePolicy", "WardenRoutePolicy"}
    new = {name for name, it in now.items() if before.get(name) != it}
    assert {name for name in new if not name.startswith(OPTIONAL)} == LOCKED
    assert {"AccessFunction", "ProbeFunction", "SurveyFunction"} <= new
    role = now["ActRole"][1]
    policies = operator.aws("iam").list_role_policies(RoleName=role)["PolicyNames"]
    assert sorted(policies) == ["act", "act-eject", "act-scale"]
    (heartbeat,) = operator.aws("cloudwatch").describe_alarms(AlarmNames=[f"{STACK}-heartbeat"])[
        "MetricAlarms"
    ]
    assert (heartbeat["EvaluationPeriods"], heartbeat["ActionsEnabled"]) == (7, True)
    assert operator.log()[: len(entries)] == entries
    remembered["made"] = now


def test_the_schedule_that_was_switched_on_looks_every_minute(operator: Operator) -> None:
    wait_for("a tick that the schedule asked for", lambda: is_scheduled(operator), 90)
    assert operator.functions()[f"{STACK}-schedule"]["counts"]["invoked"] >= 1
    assert failures_kept(operator) == {}


def test_what_is_logged_now_expires_and_what_was_logged_before_does_not(
    operator: Operator,
) -> None:
    table = operator.outputs()["LogTable"]
    expiry = operator.aws("dynamodb").describe_time_to_live(TableName=table)
    assert expiry["TimeToLiveDescription"]["AttributeName"] == "expires"
    operator.trimtab("pause", "shop", "--why", "to see how long that is kept")
    operator.trimtab("resume", "shop")
    log = operator.log()
    paused = next(entry for entry in log if entry["kind"] == "pause")
    assert "until" in paused["kept"]
    assert all("kept" not in entry for entry in log if entry["kind"] == "policy")


def test_the_days_anchor_is_locked_away_and_the_log_holds_against_it(
    operator: Operator, tmp_path: Path
) -> None:
    bucket, s3 = operator.outputs()["AnchorBucketName"], operator.aws("s3")
    owner = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert owner == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    event = json.loads((ROOT / "events" / "anchor-daily.json").read_text())
    for _ in range(2):
        answer = operator.invoke("anchor", event)
        assert answer == {"anchored": 1, "walked": 1}
    (anchor,) = s3.list_objects_v2(Bucket=bucket, Prefix="anchors/")["Contents"]
    kept = s3.get_object(Bucket=bucket, Key=anchor["Key"])
    assert kept["ObjectLockMode"] == "GOVERNANCE"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key=anchor["Key"], VersionId=kept["VersionId"])
    (tmp_path / "today.json").write_bytes(kept["Body"].read())
    said = operator.trimtab("log", "verify", "--anchor", tmp_path)
    assert "as 1 anchor said" in said
    assert f"{STACK}-anchor" not in operator.refusals()


def test_what_was_added_to_the_stack_runs_as_built(operator: Operator, tmp_path: Path) -> None:
    """The counter of access logs, told of one by S3; the survey, with nobody to ask."""
    text = (ROOT / "examples" / "shop.yaml").read_text().replace("mode: enforce", "mode: observe")
    assert "health:\n" in text
    document = tmp_path / "shop.yaml"
    document.write_text(text.replace("health:\n", "health:\n  access_logs: {}\n"))
    operator.trimtab("policy", "apply", document)
    written = write_an_access_log(operator)
    assert written >= 3
    wait_for("reports of all targets", lambda: targets_reported(operator) == written, 30)
    event = json.loads((ROOT / "events" / "survey-run.json").read_text())
    assert operator.invoke("survey", event) == {"targets": 0, "reports": 0}
    assert not {f"{STACK}-access", f"{STACK}-survey"} & operator.refusals().keys()


def test_a_function_that_fails_is_seen_to_fail(operator: Operator) -> None:
    event = json.loads((ROOT / "events" / "wake-hostile-nested.json").read_text())
    forged = {
        "Source": "aws.cloudwatch",
        "DetailType": "CloudWatch Alarm State Change",
        "Detail": json.dumps({**event["detail"], "alarmName": "forged", "state": {"value": "OK"}}),
    }
    operator.aws("events").put_events(Entries=[forged])
    letters = wait_for("a dead letter", lambda: failures_kept(operator), 30)
    assert letters == {"failed-invocations": 1}
    wake = operator.functions()[f"{STACK}-wake"]
    assert wake["counts"]["failed"] == 2  # tried again once, as the template says
    assert "EventRefused" in wake["errors"][-1]


def test_deleting_the_stack_leaves_the_log_and_its_anchors_and_nothing_else(
    operator: Operator, remembered: dict[str, Any]
) -> None:
    table, entries = operator.outputs()["LogTable"], operator.log()
    said = operator.sam("delete", "--no-prompts", "--stack-name", STACK, "--region", "us-east-1")
    assert "Deleted successfully" in said
    left = {
        name: it
        for name, (kind, it) in remembered["made"].items()
        if not is_part(kind) and exists(operator, kind, it)
    }
    assert left == {"Log": table, "AnchorBucket": remembered["made"]["AnchorBucket"][1]}
    tables = operator.aws("dynamodb").list_tables()["TableNames"]
    assert [name for name in tables if name.startswith(STACK)] == [table]
    assert operator.aws("dynamodb").scan(TableName=table)["Count"] >= len(entries)
    summaries = operator.aws("cloudformation").list_stacks()["StackSummaries"]
    assert [s["StackStatus"] for s in summaries if s["StackName"] == STACK] == ["DELETE_COMPLETE"]
    key = remembered["made"]["TopicKey"][1]
    state = operator.aws("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    assert state == "PendingDeletion"  # AWS deletes no key at once
