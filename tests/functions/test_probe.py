"""The handlers of the survey and the probe: what they take, and what they say."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from functions.probe import handler as probe
from functions.survey import handler as survey
from tests.builders import BLUE, SHOP, a_target
from tests.functions.deployment import metrics_in, sample
from trimtab import codec
from trimtab.errors import EventRefused
from trimtab.model.errand import MOST_ASKED, Addressed, Answered, Brought, Errand, Run
from trimtab.model.probe import ProbePolicy
from trimtab.model.report import Tally
from trimtab.survey import Surveyed

ONE = Addressed(a_target(1).id, "10.0.0.4", 8080)
RUN = Run((Errand(SHOP, BLUE, ProbePolicy(), (ONE,)),))


def test_a_run_is_asked_in_the_time_there_is(
    monkeypatch: pytest.MonkeyPatch, context: SimpleNamespace
) -> None:
    asked: list[tuple[Run, float]] = []
    brought = Brought((Answered(SHOP, BLUE, {ONE.target: Tally(1, 0, 0.01)}),))

    def ask_all(run: Run, seconds: float) -> Brought:
        asked.append((run, seconds))
        return brought

    monkeypatch.setattr(probe, "ask_all", ask_all)
    answer = probe.lambda_handler({"run": codec.dumps(RUN)}, context)
    assert codec.loads(Brought, answer["brought"]) == brought
    context.get_remaining_time_in_millis = lambda: 9_000
    probe.lambda_handler({"run": codec.dumps(RUN)}, context)
    assert asked == [(RUN, probe.SECONDS), (RUN, 5.0)]


def test_an_address_where_no_target_is_is_not_asked(context: SimpleNamespace) -> None:
    errand = Errand(SHOP, BLUE, ProbePolicy(), (Addressed(ONE.target, "169.254.169.254", 80),))
    answer = probe.lambda_handler({"run": codec.dumps(Run((errand,)))}, context)
    assert codec.loads(Brought, answer["brought"]) == Brought((Answered(SHOP, BLUE, {}),))


MANY = Run((Errand(SHOP, BLUE, ProbePolicy(), (ONE,) * (MOST_ASKED + 1)),))


@pytest.mark.parametrize(
    "event", [None, [], {}, {"run": 1}, {"run": "x"}, {"run": "{}"}, {"run": codec.dumps(MANY)}]
)
def test_what_no_survey_would_send_is_refused(event: object, context: SimpleNamespace) -> None:
    with pytest.raises(EventRefused):
        probe.lambda_handler(event, context)


def test_a_survey_is_told_and_counted(
    monkeypatch: pytest.MonkeyPatch, context: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    done = SimpleNamespace(survey=lambda _: Surveyed(12, 3, ("the probe in a: lost",)))
    monkeypatch.setattr(survey, "surveyor", lambda: done)
    assert survey.lambda_handler(sample("survey-run"), context) == {"targets": 12, "reports": 3}
    assert metrics_in(capsys) == {"TargetsProbed": [12.0], "ProbesFailed": [1.0]}
