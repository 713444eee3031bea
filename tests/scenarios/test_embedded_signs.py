"""Machines, notices and tags through the real handlers, roles and boto3: the campaign's stories."""

from __future__ import annotations

from tests.scenarios.embedded_shop import A_TARGET_DIES, running, shop
from trimtab.model.entry import Kind
from trimtab.model.reason import ReasonCode
from trimtab_lab.campaign.embed import play_embedded
from trimtab_lab.campaign.story import STORIES, read_story


def test_a_spot_instance_leaves_at_its_notice_between_two_ticks() -> None:
    story = read_story(STORIES / "target-spot-notice.toml").model_copy(update={"minutes": 14})
    played = play_embedded(story, seed=7)
    assert (played.missed, played.wrong, played.broken) == ((), (), ())
    assert played.removed == {"3": 11}


def test_without_the_right_to_ask_beyond_health_the_rest_goes_on() -> None:
    with running(shop(A_TARGET_DIES)) as aws:
        for operation in ("DescribeTags", "DescribeSpotInstanceRequests"):
            aws.deny("ec2", operation)
        aws.deny("autoscaling", "DescribeInstanceRefreshes")
        run = aws.run(12)
    noted = {e.subject for e in run.entries if e.reason.code is ReasonCode.ACCESS_DENIED}
    assert {s.split(" of ")[1].split()[0] for s in noted if s.startswith("sight of ")} >= {
        "instance_tags", "notices", "refresh",
    }  # fmt: skip
    assert any(e.kind is Kind.APPLIED for e in run.entries)
