"""Each mend of moto, and that stock moto still needs it: an upgrade that changes it shows here."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.responses import BaseResponse
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from tests.scenarios.embedded_shop import A_TARGET_DIES, running, shop, stored
from trimtab_lab.embedded import Embedded
from trimtab_lab.embedded.patterns import read_pattern
from trimtab_lab.embedded.speed import written
from trimtab_lab.embedded.stack import Stack
from trimtab_lab.embedded.template import Template

REGION = "eu-west-1"


@pytest.fixture
def stock() -> Iterator[boto3.Session]:
    with mock_aws():
        yield boto3.Session(region_name=REGION)


def client(session: boto3.Session, service: Any) -> Any:
    return session.client(service)


def test_stock_moto_knows_no_unhealthy_target_and_the_world_does(stock: boto3.Session) -> None:
    elb, ec2 = client(stock, "elbv2"), client(stock, "ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = elb.create_target_group(Name="g", Protocol="HTTP", Port=80, VpcId=vpc)
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": "i-0"}])
    elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": "i-0"}])

    assert elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"] == []


def test_stock_moto_enforces_no_maximum_size(stock: boto3.Session) -> None:
    scaling, ec2 = client(stock, "autoscaling"), client(stock, "ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    scaling.create_launch_configuration(
        LaunchConfigurationName="l", ImageId=image, InstanceType="t3.micro"
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="g",
        LaunchConfigurationName="l",
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=[f"{REGION}a"],
    )
    scaling.set_desired_capacity(AutoScalingGroupName="g", DesiredCapacity=2)

    assert scaling.describe_scaling_activities(AutoScalingGroupName="g")["Activities"] == []
    with running(shop()) as aws, pytest.raises(ClientError, match="above max value"):
        aws.session.client("autoscaling").set_desired_capacity(
            AutoScalingGroupName="shop-blue-asg", DesiredCapacity=99
        )


def test_stock_moto_is_silent_on_metric_math_and_we_refuse_it(stock: boto3.Session) -> None:
    from datetime import UTC, datetime

    at = datetime(2026, 3, 2, tzinfo=UTC)
    window = {"StartTime": at, "EndTime": at.replace(hour=1)}
    query = {"Id": "m", "Expression": "SEARCH('x', 'Sum', 60)"}
    answer = client(stock, "cloudwatch").get_metric_data(MetricDataQueries=[query], **window)

    assert [r["StatusCode"] for r in answer["MetricDataResults"]] in ([], ["Complete"])
    assert not any(r["Values"] for r in answer["MetricDataResults"])
    with running(shop()) as aws, pytest.raises(ClientError, match="metric math"):
        client(aws.session, "cloudwatch").get_metric_data(MetricDataQueries=[query], **window)


def test_stock_moto_copies_whole_tables_in_a_transaction(
    stock: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.dynamodb import models

    deep: list[str] = []

    class Watched:
        copy = staticmethod(copy.copy)

        @staticmethod
        def deepcopy(value: object) -> object:
            deep.append(type(value).__name__)
            return copy.deepcopy(value)

    dynamodb = client(stock, "dynamodb")
    make_table(dynamodb)
    monkeypatch.setattr(models, "copy", Watched)
    dynamodb.transact_write_items(TransactItems=[put("a")])

    assert deep == ["Table"]


def test_a_cancelled_transaction_leaves_nothing_in_table_index_or_stream() -> None:
    with running(shop()) as aws:
        dynamodb = client(aws.session, "dynamodb")
        make_table(dynamodb)
        dynamodb.transact_write_items(TransactItems=[put("a")])
        once = {**put("a")["Put"], "ConditionExpression": "attribute_not_exists(k)"}
        with pytest.raises(ClientError, match="TransactionCanceled"):
            dynamodb.transact_write_items(TransactItems=[put("b"), {"Put": once}])

        assert [i["k"]["S"] for i in dynamodb.scan(TableName="t")["Items"]] == ["a"]
        table = dynamodb_backends[aws.settings.account][aws.settings.region].get_table("t")
        assert table.stream_shard is not None
        assert len(table.stream_shard.items) == 1


def test_stock_moto_forgets_a_deduplication_id_with_its_message(stock: boto3.Session) -> None:
    assert received_twice(client(stock, "sqs"))
    with running(shop()) as aws:
        assert not received_twice(client(aws.session, "sqs"))


def test_stock_moto_holds_back_a_group_whose_messages_came_back(stock: boto3.Session) -> None:
    assert received_again(client(stock, "sqs")) != ["0", "1"]
    with running(shop()) as aws:
        assert received_again(client(aws.session, "sqs")) == ["0", "1"]


def received_again(sqs: Any) -> list[str]:
    """What is received of a group of two whose first receipt was let go."""
    url = sqs.create_queue(QueueName="again.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for body in ("0", "1"):
        sqs.send_message(
            QueueUrl=url, MessageBody=body, MessageGroupId="g", MessageDeduplicationId=body
        )
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_patches_are_gone_when_the_embedded_aws_is_closed() -> None:
    before = (BaseResponse.call_action, DynamoDBBackend.transact_write_items)
    with running(shop()):
        assert before[0] is not BaseResponse.call_action
    assert before == (BaseResponse.call_action, DynamoDBBackend.transact_write_items)


def test_one_embedded_aws_knows_nothing_of_the_one_before_it() -> None:
    with running(shop(A_TARGET_DIES)) as aws:
        first = list(aws.run(6).entries)
    with running(shop(A_TARGET_DIES)) as aws:
        assert list(aws.run(6).entries) == first
        assert len(stored(aws)) == len(first)


def test_two_at_once_are_refused() -> None:
    with Embedded(shop()), pytest.raises(RuntimeError, match="another"), Embedded(shop()):
        pass


def test_our_xml_is_what_xmltodict_writes() -> None:
    import xmltodict  # type: ignore[import-untyped]  # moto brings it

    document = {
        "R": {
            "@xmlns": "http://x/&",
            "A": {"member": [{"B": "<&>", "C": None}, {"B": "", "C": "1"}]},
            "T": "true",
        }
    }
    stock = xmltodict.unparse(document, full_document=False, short_empty_elements=True)
    assert written(document) == stock


def test_pages_of_an_answer_are_followed_to_the_end() -> None:
    with running(shop()) as aws:
        elb = client(aws.session, "elbv2")
        pages = elb.get_paginator("describe_target_groups").paginate(
            PaginationConfig={"PageSize": 1}
        )
        assert [len(page["TargetGroups"]) for page in pages] == [1, 1]


def test_partial_data_is_told_as_such() -> None:
    with running(shop()) as aws:
        aws.account.partial = lambda series: series.name == "RequestCount"
        aws.run(6)
        lines = [line for line in aws.functions.output.lines if "reconcile.tick" in line]

        assert aws.calls.writes() == []
        assert lines


def test_the_stack_is_read_from_the_template_that_is_deployed() -> None:
    stack = Stack(Template("123456789012", "us-east-1"))

    assert {source.function for source in stack.streams()} == {"act", "notify"}
    act = next(source for source in stack.streams() if source.function == "act")
    intended = {"eventName": "INSERT", "dynamodb": {"NewImage": {"kind": {"S": "intended"}}}}
    assert act.filters[0](intended)
    assert not act.filters[0]({**intended, "eventName": "MODIFY"})
    assert not act.filters[0]({"eventName": "INSERT", "dynamodb": {"NewImage": {}}})
    assert stack.settings.log_table == stack.environment("act")["TRIMTAB_LOG_TABLE"]


def test_a_pattern_with_an_operator_we_do_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="numeric"):
        read_pattern({"a": [{"numeric": [">", 1]}]})


def make_table(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )


def put(key: str) -> dict[str, Any]:
    return {"Put": {"TableName": "t", "Item": {"k": {"S": key}}}}


def received_twice(sqs: Any) -> bool:
    """Whether a message sent again after it was deleted comes again."""
    url = sqs.create_queue(QueueName="q.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    message = {"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    seen = 0
    for _ in range(2):
        sqs.send_message(QueueUrl=url, **message)
        for got in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=0).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
            seen += 1
    return seen == 2
