"""The house itself: what the tools promise is held, and the promises agree with one another."""

import os
import re
import socket
import tomllib
from pathlib import Path

import pytest
import pytest_socket

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_layer_and_the_project_pin_the_same_powertools() -> None:
    lines = (ROOT / "layers/trimtab/requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert set(pins) <= set(PROJECT["project"]["dependencies"])


def test_the_lock_names_public_addresses_only() -> None:
    addresses = re.findall(r'"(\w+://[^/"]+)', (ROOT / "uv.lock").read_text())
    assert set(addresses) == {"https://pypi.org", "https://files.pythonhosted.org"}


def test_the_runtime_is_the_python_we_develop_on() -> None:
    assert (ROOT / ".python-version").read_text().strip() == "3.13"


def test_a_test_cannot_reach_the_network() -> None:
    with socket.socket() as client, pytest.raises(pytest_socket.SocketConnectBlockedError):
        client.connect(("192.0.2.1", 80))


def test_a_test_sees_no_credentials_but_the_fake_ones() -> None:
    assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
    assert not {name for name in os.environ if name.startswith(("AWS_PROFILE", "TRIMTAB_"))}
