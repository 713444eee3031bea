from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.adapters.fake_aws import FakeAws
from trimtab.adapters.aws.clients import Clients


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture(scope="module")
def moto() -> Iterator[Clients]:
    with mock_aws():
        yield Clients(region="eu-west-1")
