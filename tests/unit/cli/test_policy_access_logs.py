"""A document's access logs, both ways."""

from datetime import timedelta

import pytest

from tests.unit.cli.policies import SMALL
from tests.unit.cli.test_policy_document import policy
from trimtab import codec
from trimtab.model.access_logs import AccessLogs, CountSource, LoggedLatency
from trimtab.model.policy import Policy
from trimtab_cli.policy.written import yaml_of

WHOLE = """\
health:
  failures: {source: access_logs, min_volume: 100}
  access_logs:
    max_age: 10m
    latency: {times_median: 2, floor: 1.5s, min_requests: 30/min}
"""


def test_every_field_is_read() -> None:
    health = policy(SMALL + WHOLE).health
    assert health.failures is not None
    assert (health.failures.source, health.failures.requests) == (CountSource.ACCESS_LOGS, None)
    latency = LoggedLatency(2.0, floor=timedelta(seconds=1.5), min_requests=30.0)
    assert health.access_logs == AccessLogs(timedelta(minutes=10), latency)


def test_latency_may_be_left_out_of_it() -> None:
    health = policy(SMALL + "health: {access_logs: {latency: off}}\n").health
    assert health.access_logs == AccessLogs(latency=None)
    assert policy(SMALL).health.access_logs is None


@pytest.mark.parametrize("text", [WHOLE, "health: {access_logs: {}}\n"], ids=["whole", "least"])
def test_it_survives_the_codec_and_its_own_writing(text: str) -> None:
    effective = policy(SMALL + text)
    assert codec.loads(Policy, codec.dumps(effective)) == effective
    assert policy(yaml_of(effective)) == effective
