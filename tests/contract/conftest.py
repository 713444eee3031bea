"""The two worlds that keep the promises of the state ports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.contract.deployments import Deployment, in_memory, on_aws
from trimtab.adapters.aws.clients import Clients


@pytest.fixture(scope="module")
def aws() -> Iterator[Clients]:
    with mock_aws():
        yield Clients(region="eu-west-1")


@pytest.fixture(params=["in_memory", "on_aws"])
def here(request: pytest.FixtureRequest) -> Deployment:
    if request.param == "in_memory":
        return in_memory()
    return on_aws(request.getfixturevalue("aws"))
