"""A document's probe, both ways."""

import pytest

from tests.unit.cli.policies import SMALL
from tests.unit.cli.test_policy_document import policy
from trimtab import codec
from trimtab.model.policy import Policy
from trimtab.model.probe import ProbePolicy, Scheme, Statuses
from trimtab.model.report import Source
from trimtab_cli.policy.written import yaml_of

WHOLE = """\
health:
  probe:
    scheme: https
    path: /deep?db=1
    port: 8443
    host: shop.example.com
    statuses: 200,399-300
    body: ready
    timeout: 5s
    failures: 2
    passes: 4
"""


def test_a_document_without_a_probe_has_none_and_reads_no_reports() -> None:
    assert policy(SMALL).health.probe is None
    assert policy(SMALL).health.sources == {}


def test_a_probe_of_defaults_is_the_models() -> None:
    health = policy(SMALL + "health: {probe: {}}\n").health
    assert health.probe == ProbePolicy()
    assert set(health.sources) == {Source.PROBE}


def test_every_field_is_read() -> None:
    probe = policy(SMALL + WHOLE).health.probe
    assert probe is not None
    assert (probe.scheme, probe.port, probe.host) == (Scheme.HTTPS, 8443, "shop.example.com")
    assert probe.statuses == (Statuses(200, 200), Statuses(300, 399))
    assert [status for status in (199, 200, 201, 300, 399, 400)
            if any(status in s for s in probe.statuses)] == [200, 300, 399]  # fmt: skip
    assert probe.window.total_seconds() == 7 * 60


def test_one_status_is_a_number_in_yaml() -> None:
    probe = policy(SMALL + "health: {probe: {statuses: 204}}\n").health.probe
    assert probe is not None
    assert probe.statuses == (Statuses(204, 204),)


@pytest.mark.parametrize("text", [WHOLE, "health: {probe: {}}\n"], ids=["whole", "least"])
def test_it_survives_the_codec_and_its_own_writing(text: str) -> None:
    effective = policy(SMALL + text)
    assert codec.loads(Policy, codec.dumps(effective)) == effective
    assert policy(yaml_of(effective)) == effective
