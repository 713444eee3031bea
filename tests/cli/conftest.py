from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import a_policy, an_entry, at
from tests.cli.operating import Terminal
from tests.unit.cli.policies import SHOP
from trimtab.model.entry import Kind


@pytest.fixture
def terminal() -> Terminal:
    """An operator with an empty deployment."""
    return Terminal()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A valid policy document."""
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP)
    return path


@pytest.fixture
def watched(terminal: Terminal) -> Terminal:
    """A shop with a policy, version 1, and nothing else."""
    entry = replace(
        an_entry(when=at(-600), seed="policy"),
        kind=Kind.POLICY,
        change=None,
        inverse=None,
        lever=None,
    )
    terminal.state.store.apply_policy(a_policy(), frozenset(), entry)
    return terminal
