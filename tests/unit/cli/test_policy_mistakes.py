"""A malformed policy is refused with the line, the path and what was expected; never a traceback.

mistakes.txt holds the cases: ``=== name``, the document (``<small>`` stands for a valid beginning
of four lines), and after ``>`` each fault as it must be shown.
"""

from pathlib import Path

import pytest

from tests.unit.cli.policies import SHOP, SMALL
from trimtab_cli.policy.draft import parse_document

CASES = Path(__file__).with_name("mistakes.txt").read_text().split("=== ")[1:]


def shown(document: str | bytes) -> list[str]:
    faults = parse_document(document, "p.yaml")
    assert isinstance(faults, tuple), "was taken as valid"
    return [str(fault) for fault in faults]


@pytest.mark.parametrize("case", CASES, ids=[case.partition("\n")[0] for case in CASES])
def test_a_mistake_is_named_with_its_place_and_what_was_expected(case: str) -> None:
    lines = case.splitlines()[1:]
    document = "\n".join(line for line in lines if not line.startswith("> ")).rstrip("\n") + "\n"
    expected = [f"p.yaml:{line[2:]}" for line in lines if line.startswith("> ")]
    assert shown(document.replace("<small>\n", SMALL)) == expected


def test_a_file_that_is_not_utf8_is_refused() -> None:
    assert shown(b"service: sh\xffop\n") == ["p.yaml:1:12: not UTF-8; save the file as UTF-8 text"]


def test_a_file_too_large_is_refused_before_it_is_read() -> None:
    assert shown("#" * 300_000) == ["p.yaml:1:1: too large; expected at most 256 kB"]


def test_a_tab_in_the_indentation_is_refused() -> None:
    assert shown("service: shop\nfleets:\n\tblue: {target_group: a}\n") == [
        "p.yaml:3:1: a tab in the indentation; use spaces"
    ]


def test_a_control_character_is_refused() -> None:
    assert shown(SMALL + "# \x07\n") == ["p.yaml:5:1: character U+0007 is not allowed; remove it"]


def test_all_mistakes_are_named_at_once_in_order_of_lines() -> None:
    document = (
        SHOP.replace("mode: enforce", "mode: enfroce")
        .replace("90s", "90")
        .replace("blue: 3", "bleu: 3")
        .replace("max: 40", "max: 1")
        .replace("guard:", "gaurd:")
    )
    faults = parse_document(document, "shop.yaml")
    assert isinstance(faults, tuple)
    assert [(fault.line, fault.path) for fault in faults] == [
        (2, "mode"),
        (7, "health.load_balancer.unhealthy_for"),
        (16, "scaling.min"),
        (21, "routes[0].split.bleu"),
        (22, "gaurd"),
    ]
