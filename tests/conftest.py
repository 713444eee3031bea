"""What every test stands on: no account, no network, no clock of its own; nothing clever.

Connections other than to this machine are refused by pytest-socket (`--allow-hosts` in
pyproject.toml).
"""

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import settings

AMBIENT = ("AWS_", "_X_AMZN_", "LAMBDA_", "POWERTOOLS_", "TRIMTAB_", "MOTO_")
SCREEN = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
"""The terminal that runs the tests, and pytest-xdist's idea of one: printing depends on it."""

FAKE_ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_REGION": "eu-west-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

# A shared machine's pauses are not a property of the code.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session", autouse=True)
def _no_account_but_the_fake_one() -> Iterator[None]:
    loud = AMBIENT + SCREEN
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(loud)}
    with patch.dict(os.environ, quiet | FAKE_ACCOUNT, clear=True):
        yield


@pytest.fixture(autouse=True)
def _each_test_leaves_the_environment_as_it_was(
    _no_account_but_the_fake_one: None,
) -> Iterator[None]:
    with patch.dict(os.environ):
        yield
