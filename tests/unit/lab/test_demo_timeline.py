"""The timeline of a day: every line says what and why, in words."""

from tests.builders import an_eject, an_entry, at
from trimtab.model.reason import Reason, ReasonCode
from trimtab_lab.demo.day import moment_of, told
from trimtab_lab.world.journal import Event, EventKind


def test_an_entry_that_changes_something_says_what_it_does_and_why() -> None:
    wanted = Reason(ReasonCode.EJECT_OUTLIER, "slower than 7 peers")
    moment = moment_of(an_entry(change=an_eject(1), wanted=wanted))
    assert moment.subject != an_entry().subject
    assert (an_eject(1).instance in moment.subject, moment.text) == (True, "slower than 7 peers")


def test_a_fault_everywhere_is_named_once_and_in_words() -> None:
    moment = told(Event(at(), EventKind.FAULT, "metrics_dark", "metrics_dark everywhere begins"))
    assert (moment.subject, moment.text) == ("", "metrics dark everywhere begins")
