"""The one tag that we set."""

from __future__ import annotations

import pytest

from tests.adapters.fake_aws import Failure, FakeAws
from trimtab.adapters.aws.labels import Ec2Labels
from trimtab.errors import Denied
from trimtab.model.ids import InstanceId

ONE = InstanceId("i-1")


def test_one_key_is_set_on_one_instance(aws: FakeAws) -> None:
    aws.answer("CreateTags", {})
    assert Ec2Labels(aws.clients).label(ONE, "by trimtab").operation == "ec2:CreateTags"
    tags = [{"Key": "trimtab:kept", "Value": "by trimtab"}]
    assert aws.of("CreateTags") == [{"Resources": ["i-1"], "Tags": tags}]


def test_what_is_not_allowed_says_which_permission(aws: FakeAws) -> None:
    aws.answer("CreateTags", Failure("UnauthorizedOperation"))
    with pytest.raises(Denied, match="ec2:CreateTags on trimtab:kept on i-1"):
        Ec2Labels(aws.clients).label(ONE, "by trimtab")
