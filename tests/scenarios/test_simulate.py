"""The same loop without AWS: it sees and does what it does on the embedded AWS."""

from __future__ import annotations

from tests.scenarios.embedded_shop import A_TARGET_DIES, of_kind, running, shop
from trimtab.model.entry import OUTCOMES, Entry, Kind
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.simulator.run import Minute
from trimtab_lab.simulator.simulate import names_of, native_day, simulate


def test_simulator_and_embedded_aws_act_alike() -> None:
    scenario = shop(A_TARGET_DIES)
    simulated = simulate(scenario, policy_for(scenario, names_of(scenario)), minutes=10)
    with running(scenario) as aws:
        embedded = aws.run(10)

    assert actions(simulated.entries) == actions(embedded.entries) != []


def test_every_minute_is_told_with_what_happened_in_it() -> None:
    minutes: list[Minute] = []
    scenario = shop(A_TARGET_DIES)
    run = simulate(scenario, policy_for(scenario, names_of(scenario)), 12, minutes.append)

    assert [minute.number for minute in minutes] == list(range(1, 13))
    assert [entry for minute in minutes for entry in minute.entries] == run.entries
    assert [event for minute in minutes for event in minute.events] == list(run.events)
    assert run.ticks == 12


def test_every_simulated_intent_has_one_outcome() -> None:
    scenario = shop(A_TARGET_DIES)
    run = simulate(scenario, policy_for(scenario, names_of(scenario)), 30)
    intents = [entry.id for entry in of_kind(run.entries, Kind.INTENDED)]

    assert sorted(str(e.intent) for e in of_kind(run.entries, *OUTCOMES)) == sorted(intents)


def test_a_native_day_sees_the_same_users_and_writes_no_log() -> None:
    scenario = shop()
    native = native_day(scenario, 20)
    trimmed = simulate(scenario, policy_for(scenario, names_of(scenario)), 20)

    assert native.entries == []
    assert native.users.requests == trimmed.users.requests > 0


def actions(entries: list[Entry]) -> list[tuple[object, object]]:
    return [(e.subject, e.change) for e in of_kind(entries, Kind.APPLIED)]
