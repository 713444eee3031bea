"""What only our own probe sees, on the embedded AWS: real survey and probe, under their roles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from tests.scenarios.embedded_shop import of_kind, shop, states
from trimtab.model.change import Eject
from trimtab.model.entry import Entry, Kind
from trimtab.model.policy import HealthPolicy
from trimtab.model.probe import ProbePolicy
from trimtab.model.reason import Reason, ReasonCode
from trimtab_lab.embedded import Embedded
from trimtab_lab.embedded.driver import MAY_ACT, PROBES
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.world.faults import Everywhere, Fault, FaultKind, InZone, KthTarget
from trimtab_lab.world.scenario import ZONES

DEEP = Fault(FaultKind.DEEP, KthTarget("blue", 1), after_s=240, amount=0.3)
"""A part of one target is broken: its checks pass, a third of its users gets errors."""


@contextmanager
def probed(*faults: Fault) -> Iterator[Embedded]:
    """A shop whose policy has a probe and nothing else that looks at single targets."""
    scenario = shop(*faults, load=2400.0)
    with Embedded(scenario, parameters=MAY_ACT | PROBES) as aws:
        policy = policy_for(scenario, aws.connections.names)
        aws.put(replace(policy, health=HealthPolicy(probe=ProbePolicy())))
        yield aws


def ejected(aws: Embedded) -> list[Entry]:
    done = of_kind(aws.result.entries, Kind.APPLIED)
    return [entry for entry in done if isinstance(entry.change, Eject)]


def noted(aws: Embedded, code: ReasonCode) -> list[str]:
    notes = of_kind(aws.result.entries, Kind.NOTED)
    return [entry.subject for entry in notes if entry.reason.code is code]


def test_what_the_load_balancers_check_never_touches_only_the_probe_finds() -> None:
    with probed(DEEP) as aws:
        aws.run(12)
        (entry,) = ejected(aws)
        assert aws.result.troubles == []
        assert entry.wanted is not None
        assert "our probe failed 3 times in a row, last with status 503" in entry.wanted.text
        assert isinstance(entry.change, Eject)
        fleet = (entry.service, entry.change.fleet)
        found = aws.connections.reports.recent([fleet], aws.now - timedelta(minutes=2))[fleet]
        assert not isinstance(found, Reason)
        assert {report.zone for report in found} == {PROBES[f"ProbeSubnet{n}"] for n in (1, 2, 3)}
        # asked on while it is out: that is what its way back waits for
        assert all(entry.change.target in report.tallies for report in found)


def test_a_probe_that_reaches_nobody_is_said_and_held_against_nobody() -> None:
    blind = Fault(FaultKind.PROBE_BLIND, Everywhere(), after_s=240, lasts_s=480)
    with probed(blind) as aws:
        aws.run(16)
        assert ejected(aws) == []
        assert aws.result.troubles == []
        places = {f"sight of probe {PROBES[f'ProbeSubnet{n}']} blue" for n in (1, 2, 3)}
        assert places <= set(noted(aws, ReasonCode.PROBE_BROKEN))
        assert set(states(aws, "blue").values()) == {"healthy"}


def test_a_probe_that_is_blind_in_one_zone_leaves_the_others_to_find() -> None:
    blind = Fault(FaultKind.PROBE_BLIND, InZone(ZONES[0]), after_s=60)
    with probed(blind, DEEP) as aws:
        aws.run(12)
        assert len(ejected(aws)) == 1
        told = noted(aws, ReasonCode.PROBE_BROKEN)
        assert told
        assert all(PROBES["ProbeSubnet1"] in subject for subject in told)


def test_without_its_functions_nothing_is_asked_and_that_is_said() -> None:
    scenario = shop(DEEP, load=2400.0)
    with Embedded(scenario) as aws:
        policy = policy_for(scenario, aws.connections.names)
        aws.put(replace(policy, health=HealthPolicy(probe=ProbePolicy())))
        aws.run(10)
        assert ejected(aws) == []
        assert "sight of probe blue" in noted(aws, ReasonCode.NO_DATA)
