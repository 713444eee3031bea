"""The checks can fail: each break of the template is reported, by the check that is for it."""

from __future__ import annotations

import pytest

from tests.template import (
    breaks_of_resources,
    breaks_of_roles,
    delivery,
    permissions,
    resources,
    tables,
    watching,
)
from tests.template.breaking import Break
from tests.template.stack import the_stack, the_template
from tests.template.test_template import Check

BREAKS = (*breaks_of_roles.BREAKS, *breaks_of_resources.BREAKS)


@pytest.mark.parametrize(
    ("break_it", "check"),
    [
        pytest.param(break_it, check, id=name.replace(" ", "-").replace("'", ""))
        for name, break_it, check in BREAKS
    ],
)
def test_a_break_is_reported(break_it: Break, check: Check) -> None:
    template = the_template()
    break_it(template["Resources"])
    assert list(check(the_stack(template)))


FAMILIES = ["EnableEject", "EnableReplace", "EnableScale", "EnableRoute"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_that_is_on_by_default_is_reported(family: str) -> None:
    template = the_template()
    template["Parameters"][family]["Default"] = "true"
    assert list(watching.nothing_may_be_changed_by_default(the_stack(template)))


def test_a_parameter_without_words_is_reported() -> None:
    template = the_template()
    del template["Parameters"]["ManagedTagValue"]["ConstraintDescription"]
    template["Parameters"]["Hidden"] = {"Type": "String"}
    faults = list(watching.parameters_explain_themselves(the_stack(template)))
    assert len(faults) >= 3


def test_every_check_has_a_break() -> None:
    broken = {check for _, _, check in BREAKS} | {
        watching.nothing_may_be_changed_by_default,
        watching.parameters_explain_themselves,
    }
    modules = (permissions, tables, resources, delivery, watching)
    assert {check for module in modules for check in module.CHECKS} <= broken
