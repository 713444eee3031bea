import pytest

from tests.unit.core.stage import Stage, a_stage


@pytest.fixture
def stage() -> Stage:
    """Act, about to be asked."""
    return a_stage()
