"""Whatever is handed in, the answer is a draft or faults, and showing a fault is safe."""

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.cli.policies import SHOP, KnownNames
from trimtab.model.policy import Policy
from trimtab_cli.policy.draft import Draft, parse_document
from trimtab_cli.policy.resolve import resolve
from trimtab_cli.policy.written import yaml_of

KEYS = ["service", "mode", "fleets", "health", "scaling", "routes", "guard", "rules", "split"]
KEYS += ["eject", "outliers", "metric", "floor", "target", "blue", "load_balancer", "max_share"]
SCALARS = ["30s", "20%", "900/min", "250ms", "observe", "off", "true", "1e999", "-3", ".nan", "~"]
SCALARS += ["shop:80/10", "99999999999999999999", "0x10", "'", '"\\e[31m"', "&a", "*a", "!!int 3"]
words = st.sampled_from(SCALARS) | st.text(max_size=8)
yamlish = st.recursive(
    words,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: "[" + ", ".join(items) + "]")
        | st.lists(st.tuples(st.sampled_from(KEYS) | st.text(max_size=5), inner), max_size=5).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=20,
)


def answered(document: bytes | str) -> None:
    read = parse_document(document, "p.yaml")
    if isinstance(read, Draft):
        resolved = resolve(read, KnownNames())
        if isinstance(resolved, Policy):
            assert isinstance(parse_document(yaml_of(resolved), "w.yaml"), Draft)
        read = () if isinstance(resolved, Policy) else resolved
    else:
        assert read
    for fault in read:
        assert all(unicodedata.category(character) != "Cc" for character in str(fault))


@settings(max_examples=40)
@given(st.binary(max_size=200))
def test_bytes_are_answered(data: bytes) -> None:
    answered(data)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(KEYS), yamlish), max_size=6))
def test_yaml_of_any_shape_is_answered(pairs: list[tuple[str, str]]) -> None:
    answered("\n".join(f"{key}: {value}" for key, value in pairs))


@settings(max_examples=40)
@given(st.data())
def test_a_valid_document_with_one_wound_is_answered(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(SHOP)))
    end = data.draw(st.integers(start, min(len(SHOP), start + 12)))
    answered(SHOP[:start] + data.draw(words) + SHOP[end:])


@settings(max_examples=40)
@given(st.lists(st.integers(0, SHOP.count("\n")), min_size=1, max_size=4))
def test_a_valid_document_without_some_lines_is_answered(gone: list[int]) -> None:
    lines = SHOP.splitlines(keepends=True)
    answered("".join(line for number, line in enumerate(lines) if number not in gone))
