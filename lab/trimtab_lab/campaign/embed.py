"""Stories on the embedded AWS: the same files, the real handlers, boto3 and moto in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from trimtab.model.entry import OUTCOMES
from trimtab.model.ids import ServiceId
from trimtab.model.tick import Tick
from trimtab_lab.campaign.play import Cast, Played, Who, campaign_policy, ejected, told
from trimtab_lab.campaign.stage import Stage, scenario_of
from trimtab_lab.campaign.story import Story
from trimtab_lab.campaign.witness import Witness
from trimtab_lab.embedded import Embedded
from trimtab_lab.embedded.driver import MAY_ACT, PROBES

DOZEN = (
    "target-errors-of-8",
    "target-errors-of-3",
    "target-slow-of-4",
    "target-dead-of-3",
    "target-among-absurd-values",
    "none-one-bad-minute",
    "overload-half-more",
    "zone-errors",
    "fleet-errors-of-all",
    "dependency-errors",
    "deployment-slow",
    "blind-and-one-bad",
    "probe-sees-it-with-one-zone-blind",
)
"""The stories that `make campaign-health` and the tests always play here: seconds each."""
IAM_NAMES = {"elbv2": "elasticloadbalancing"}
"""Services that the log names as IAM does, and boto3 otherwise."""
MOST_TICKS = 10
"""Of one minute: the schedule's, and those that alarms and events ask for."""


def play_embedded(story: Story, seed: int) -> Played:
    """Play a story to its end with Trimtab as it is deployed, every role held to its rights."""
    if story.clock:
        raise ValueError(f"{story.name}: the embedded AWS has one clock, and it is right")
    scenario = scenario_of(story, seed)
    policy = campaign_policy(story, scenario)
    removed: dict[str, int] = {}
    parameters = MAY_ACT | (PROBES if story.fleet.probe else {})
    if story.fleet.access_logs:
        parameters["AccessLogsBucket"] = "trimtab-alb-logs"
    with Embedded(scenario, parameters=parameters) as aws:
        aws.put(policy)
        stage, witness = Stage(story, aws.world), Witness(policy)
        for minute in range(story.minutes):
            stage.before(minute)
            known, began = len(aws.result.entries), aws.world.now
            aws.run(1)
            for tick in _ticks(aws, policy.service, began):
                witness.judge(tick)
            entries = aws.result.entries[known:]
            witness.after(minute + 1, entries)
            for instance in ejected(entries):
                removed.setdefault(instance, minute + 1)
        witness.ended()
        if witness.ticks < story.minutes:
            witness.broken.append(f"{witness.ticks} ticks recorded in {story.minutes} minutes")
        broken = (*aws.result.troubles, *witness.broken, *_unlogged(aws))
        return told(Cast(story, seed, Who.TRIMTAB), stage, removed, broken)


def _ticks(aws: Embedded, service: ServiceId, since: datetime) -> Iterator[Tick]:
    found = aws.connections.ledger.ticks(service, since, aws.now, MOST_TICKS)
    yield from sorted(found, key=lambda tick: tick.now)


def _unlogged(aws: Embedded) -> Iterator[str]:
    """Law 7 by the calls themselves: what AWS was asked to change against what outcomes name."""
    done = Counter(
        f"{IAM_NAMES.get(call.service, call.service)}:{call.operation}"
        for call in aws.calls.writes()
        if not call.error and call.function
    )
    logged = Counter(
        call.operation
        for entry in aws.result.entries
        if entry.kind in OUTCOMES
        for call in entry.calls
    )
    for operation, times in sorted((done - logged).items()):
        yield f"law 7: {operation} was called {times} times more often than outcomes say"
