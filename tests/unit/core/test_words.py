"""What a change does, in words; and text of others, made inert."""

from __future__ import annotations

import pytest

from tests.builders import BLUE_ARN, GREEN_ARN, an_eject
from tests.unit.core.worlds import a_reweight
from trimtab.model.change import Change, inverse_of
from trimtab.model.policy import EjectMethod
from trimtab.told.words import MOST_CHARACTERS, cut, plain, safe, sentence_of


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(an_eject(), "deregister i-00000000000000001:8080 of blue", id="deregister"),
        pytest.param(an_eject(method=EjectMethod.STANDBY, group="g", replace=True),
                     "put in standby i-00000000000000001:8080 of blue in eu-west-1a and replace it",
                     id="standby"),
        pytest.param(inverse_of(an_eject()), "bring i-00000000000000001:8080 of blue back",
                     id="back"),
        pytest.param(a_reweight({BLUE_ARN: 100, GREEN_ARN: 0}, {BLUE_ARN: 80, GREEN_ARN: 20}),
                     "weights of main: blue 100->80, green 0->20", id="weights"),
    ],
)  # fmt: skip
def test_a_change_is_said_in_words(change: Change, words: str) -> None:
    assert words in sentence_of(change)


@pytest.mark.parametrize(
    "evil", ["a\x1b[31mb", "a\nb", "a\u202eb", "a\x00b", "a\u200bb", "a\u2028b", "a\u2029b"]
)
def test_text_is_made_inert(evil: str) -> None:
    assert safe(evil).startswith("a ")


@pytest.mark.parametrize("formula", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", " \t=1"])
def test_a_line_never_begins_a_formula(formula: str) -> None:
    assert plain(formula).startswith("'")


def test_text_has_an_end() -> None:
    assert len(safe("x" * 5000)) == MOST_CHARACTERS
    assert cut("abcdef", 4) == "abc…"
    assert cut("abcd", 4) == "abcd"
