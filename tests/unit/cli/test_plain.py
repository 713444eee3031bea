"""Strings from outside lose what could steer a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab_cli.plain import plain


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        pytest.param("\x1b[31mred\x1b[0m", "red", id="colour"),
        pytest.param("\x1b]0;title\x07x", "x", id="window-title"),
        pytest.param("\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "click", id="link"),
        pytest.param("\x9b2Jx", "x", id="one-byte-csi"),
        pytest.param("a\r\nb\tc", "a  b c", id="line-breaks"),
        pytest.param("a\u202eb\u200bc\ufeff", "abc", id="invisible"),
        pytest.param("[bold]{{7*7}} <b> × µ 日本", "[bold]{{7*7}} <b> × µ 日本", id="plain-text"),
    ],
)
def test_only_what_can_be_read_remains(given_text: str, expected: str) -> None:
    assert plain(given_text) == expected


@given(st.text())
def test_no_control_character_remains_and_twice_is_once(given_text: str) -> None:
    once = plain(given_text)
    assert all(unicodedata.category(character)[0] != "C" for character in once)
    assert plain(once) == once
