"""docs/reasons.md and the code name the same reasons."""

import re
from pathlib import Path

from trimtab.model.reason import ReasonCode

ROWS = re.findall(
    r"^\| `(\w+)` \| (.+?) \| (.+?) \|$",
    (Path(__file__).parents[3] / "docs/reasons.md").read_text(),
    flags=re.MULTILINE,
)


def test_every_reason_is_explained_once_and_none_is_made_up() -> None:
    assert sorted(code for code, _, _ in ROWS) == sorted(code.value for code in ReasonCode)


def test_every_reason_says_what_to_do() -> None:
    assert [code for code, meaning, advice in ROWS if len(meaning) < 10 or len(advice) < 7] == []
