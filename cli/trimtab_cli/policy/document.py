"""The policy document as people write it. Defaults are those of ``trimtab.model.policy``.

Bounds are hard ceilings: no document may pass them, because past them Trimtab itself would be the
outage. Each description says what the field does and, where it has a ceiling, why.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from trimtab.model.policy import (
    GuardPolicy,
    Mode,
    OnFailure,
    RoutePolicy,
    ScalingPolicy,
    TargetTracking,
)
from trimtab.model.zones import ZonePolicy
from trimtab_cli.policy.doc import Doc
from trimtab_cli.policy.expected import (
    duration,
    flag,
    number,
    percent,
    rate,
    share,
    text,
    whole,
    word,
)
from trimtab_cli.policy.forms import ModeWord, as_written, default_of
from trimtab_cli.policy.healing import HealthDoc

NAME = text("a name of lower-case letters, digits and - (at most 32)", "[a-z][a-z0-9-]{0,31}")
SERVICE = text(
    "a name of letters, digits, - and _ that starts with a letter (at most 64)",
    "[A-Za-z][A-Za-z0-9_-]{0,63}",
)
AWS_NAME = text(
    "a name, an ARN or tag:KEY=VALUE",
    r"tag:[^=]{1,128}=[ -~]{0,256}|(?!tag:)[!-~](?:[ -~]{0,1598}[!-~])?",
)
LISTENER_RULE = text(
    "LOAD_BALANCER:PORT/PRIORITY (or /default), such as shop:443/10, or a rule's ARN",
    r"[A-Za-z0-9-]{1,32}:[0-9]{1,5}/(?:[0-9]{1,5}|default)|arn:aws[a-z-]*:elasticloadbalancing:[!-~]{1,500}",
)
LONGEST_SPLIT = 5
"""Target groups in one forward action; AWS allows no more."""


class FleetDoc(Doc):
    """One fleet: a target group and, if it has one, the Auto Scaling group behind it."""

    target_group: Annotated[str, AWS_NAME] = Field(
        description="Target group whose members are watched: its name, its ARN or tag:KEY=VALUE.",
        examples=["shop-blue"],
    )
    scaling_group: Annotated[str, AWS_NAME] | None = Field(
        default=None,
        description="Auto Scaling group that launches the members. Without it the fleet is healed "
        "and weighted, never sized.",
        examples=["shop-blue-asg"],
    )


class ModesDoc(Doc):
    """How far Trimtab may go, per lever."""

    eject: Annotated[Mode, word(Mode)] = Field(
        default=as_written("mode", Mode.OBSERVE),
        description="Taking targets out and bringing them back.",
    )
    scale: Annotated[Mode, word(Mode)] = Field(
        default=as_written("mode", Mode.OBSERVE), description="Sizing Auto Scaling groups."
    )
    route: Annotated[Mode, word(Mode)] = Field(
        default=as_written("mode", Mode.OBSERVE), description="Moving weights between fleets."
    )


class TrackRequestsDoc(Doc):
    """Keep the requests that each target answers near a number."""

    type: Literal["target_tracking"] = Field(description="Kind of rule.")
    metric: Literal["requests_per_target"] = Field(
        description="The load balancer's requests, per target."
    )
    target: Annotated[float, rate()] = Field(
        description="Requests one target should answer.", examples=["900/min"]
    )
    tolerance: Annotated[float, share("0%", "50%")] = Field(
        default=default_of(TargetTracking, "tolerance"),
        description="Deviation from the target that changes nothing.",
    )


class TrackCpuDoc(Doc):
    """Keep the group's mean CPU near a percentage."""

    type: Literal["target_tracking"] = Field(description="Kind of rule.")
    metric: Literal["cpu"] = Field(description="The Auto Scaling group's mean CPUUtilization.")
    target: Annotated[float, percent("5%", "95%")] = Field(
        description="CPU one target should use.", examples=["60%"]
    )
    tolerance: Annotated[float, share("0%", "50%")] = Field(
        default=default_of(TargetTracking, "tolerance"),
        description="Deviation from the target that changes nothing.",
    )


ScalingRuleDoc = Annotated[TrackRequestsDoc | TrackCpuDoc, Field(discriminator="metric")]


class ScalingDoc(Doc):
    """How many targets each fleet should have. With several rules the largest answer wins."""

    rules: tuple[ScalingRuleDoc, ...] = Field(
        default=(), max_length=10, description="What says how many targets the load needs."
    )
    min: Annotated[int, whole(1, 10_000)] | None = Field(
        default=None,
        description="Fewest targets a fleet is sized to; the group's own minimum holds too. At "
        "least one: a fleet of none answers errors.",
    )
    max: Annotated[int, whole(1, 10_000)] | None = Field(
        default=None,
        description="Most targets a fleet is sized to; the group's own maximum holds too.",
    )
    warm_up: Annotated[timedelta, duration("0s", "2h")] = Field(
        default=default_of(ScalingPolicy, "warm_up"),
        description="How long a new target is neither judged nor counted on.",
    )
    scale_in_after: Annotated[timedelta, duration("1m", "1d")] = Field(
        default=default_of(ScalingPolicy, "scale_in_after"),
        description="A fleet shrinks only to the largest size it was found to need in this time.",
    )
    max_step_up: Annotated[float, share("10%", "400%")] = Field(
        default=default_of(ScalingPolicy, "max_step_up"),
        description="Largest growth in one step, as a share of the size (at least one target).",
    )
    max_step_down: Annotated[float, share("1%", "50%")] = Field(
        default=default_of(ScalingPolicy, "max_step_down"),
        description="Largest shrinkage in one step (at least one target). Never above half: a "
        "wrong reading must not empty a fleet.",
    )
    step_every: Annotated[timedelta, duration("1m", "1d")] = Field(
        default=default_of(ScalingPolicy, "step_every"),
        description="Shortest time between two steps down.",
    )


class RouteDoc(Doc):
    """One place that splits traffic among fleets: a listener rule's forward action."""

    name: Annotated[str, NAME] | None = Field(
        default=None,
        description="Name of the route in the log; without it the listener rule is the name.",
        examples=["main"],
    )
    listener_rule: Annotated[str, LISTENER_RULE] = Field(
        description="The rule whose weights are moved: LOAD_BALANCER:PORT/PRIORITY, with `default` "
        "for the listener's default action, or an ARN.",
        examples=["shop:80/10"],
    )
    split: dict[Annotated[str, NAME], Annotated[float, number(0, 1000)]] = Field(
        description="Where traffic belongs when all is well: relative numbers per fleet.",
        min_length=2,
        max_length=LONGEST_SPLIT,
        examples=[{"blue": 100, "green": 0}],
    )
    on_failure: Annotated[OnFailure, word(OnFailure)] = Field(
        default=default_of(RoutePolicy, "on_failure"),
        description="When a fleet cannot carry its share: `spill` moves what it cannot carry to "
        "fleets that can, `hold` leaves the weights alone.",
    )
    max_step: Annotated[float, share("1%", "100%")] = Field(
        default=default_of(RoutePolicy, "max_step"),
        description="Largest share of traffic that returns home in one step.",
    )
    spill_after: Annotated[timedelta, duration("0s", "1h")] = Field(
        default=default_of(RoutePolicy, "spill_after"),
        description="How long a fleet must be short before traffic leaves it.",
    )
    return_after: Annotated[timedelta, duration("1m", "1d")] = Field(
        default=default_of(RoutePolicy, "return_after"),
        description="How long a fleet must be well before traffic returns.",
    )
    step_every: Annotated[timedelta, duration("1m", "1d")] = Field(
        default=default_of(RoutePolicy, "step_every"),
        description="Shortest time between two steps home.",
    )


class ZonesDoc(Doc):
    """How fast targets may leave a zone, by how much of it is bad: Kubernetes' zone states."""

    unhealthy_share: Annotated[float, share("30%", "100%")] = Field(
        default=default_of(ZonePolicy, "unhealthy_share"),
        description="From this share of a zone's instances on, and three of them, the zone is "
        "partly disrupted.",
    )
    pace: Annotated[float, rate()] = Field(
        default=default_of(ZonePolicy, "pace"),
        description="Ejections in a zone that is well, or that is bad as a whole while others are "
        "well.",
    )
    slow_pace: Annotated[float, rate()] = Field(
        default=default_of(ZonePolicy, "slow_pace"),
        description="Ejections in a partly disrupted zone, if it is `large`.",
    )
    large: Annotated[int, whole(1, 10_000)] = Field(
        default=default_of(ZonePolicy, "large"),
        description="A partly disrupted zone with no more instances than that loses none.",
    )


class GuardDoc(Doc):
    """Limits over all levers together. The guard has the last word on every proposal."""

    max_load: Annotated[float, share("100%", "200%")] = Field(
        default=default_of(GuardPolicy, "max_load"),
        description="Most a target may be made to carry by Trimtab's doing, of its target load: "
        "who survives a removal, and who receives a shift. Above 200% the survivors would fall "
        "too.",
    )
    max_removals_per_hour: Annotated[int, whole(0, 1000)] = Field(
        default=default_of(GuardPolicy, "max_removals_per_hour"),
        description="Most actions in an hour that take something out of service.",
    )
    max_actions_per_hour: Annotated[int, whole(1, 10_000)] = Field(
        default=default_of(GuardPolicy, "max_actions_per_hour"),
        description="Most actions of any kind in an hour.",
    )
    panic_share: Annotated[float, share("20%", "90%")] = Field(
        default=default_of(GuardPolicy, "panic_share"),
        description="With this share of a fleet bad or held out, nothing more is removed and what "
        "was removed returns. Below 20% one bad target of five would be a panic; above 90% there "
        "would be nothing left to protect.",
    )
    panic_count: Annotated[int, whole(1, 100)] = Field(
        default=default_of(GuardPolicy, "panic_count"),
        description="Bad targets there must be, besides the share, before it is a panic.",
    )
    max_age: Annotated[timedelta, duration("2m", "15m")] = Field(
        default=default_of(GuardPolicy, "max_age"),
        description="Older metrics justify nothing that removes capacity. CloudWatch itself is up "
        "to two minutes late; a view older than fifteen is none.",
    )
    intent_deadline: Annotated[timedelta, duration("1m", "10m")] = Field(
        default=default_of(GuardPolicy, "intent_deadline"),
        description="An action not carried out by then is dropped and decided anew.",
    )
    demand_memory: Annotated[timedelta, duration("5m", "2h")] = Field(
        default=default_of(GuardPolicy, "demand_memory"),
        description="How long the last known load may still speak for keeping capacity, or for "
        "routing around a fleet that is down.",
    )
    zones: ZonesDoc = Field(default_factory=ZonesDoc, description="Zone states.")


class PolicyDoc(Doc):
    """What you want for one service: its fleets, and how they are healed, sized and weighted."""

    service: Annotated[str, SERVICE] = Field(description="Name of the service.", examples=["shop"])
    enabled: Annotated[bool, flag()] = Field(
        default=True, description="`false` stops looking at the service; the policy stays stored."
    )
    mode: Annotated[ModesDoc, ModeWord()] = Field(
        default_factory=ModesDoc,
        description="`observe` logs what would be done and does nothing, `approve` waits for a "
        "person, `enforce` acts. One word for all, or one per lever: eject, scale, route.",
        examples=["observe"],
    )
    fleets: dict[Annotated[str, NAME], FleetDoc] = Field(
        description="The fleets of the service by name.",
        min_length=1,
        max_length=20,
        examples=[{"blue": {"target_group": "shop-blue", "scaling_group": "shop-blue-asg"}}],
    )
    health: HealthDoc = Field(default_factory=HealthDoc, description="Healing.")
    scaling: ScalingDoc = Field(default_factory=ScalingDoc, description="Sizing.")
    routes: tuple[RouteDoc, ...] = Field(
        default=(), max_length=10, description="Weights between fleets."
    )
    guard: GuardDoc = Field(default_factory=GuardDoc, description="Limits over all levers.")
