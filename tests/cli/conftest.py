from pathlib import Path

import pytest

from tests.cli.operating import Terminal
from tests.unit.cli.policies import SHOP


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
