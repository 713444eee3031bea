"""The parts of a world, made and wired by `trimtab_lab.world.build`."""

from __future__ import annotations

import random
from dataclasses import dataclass

from trimtab_lab.world.access_log import AccessLog
from trimtab_lab.world.active_faults import Faults
from trimtab_lab.world.alarms import Alarms
from trimtab_lab.world.autoscaling import AutoScaling
from trimtab_lab.world.elb import LoadBalancing
from trimtab_lab.world.health import HealthChecker
from trimtab_lab.world.instances import Instance
from trimtab_lab.world.journal import Journal
from trimtab_lab.world.launches import Launches
from trimtab_lab.world.measure import Measure
from trimtab_lab.world.metrics import Metrics
from trimtab_lab.world.recorder import Recorder
from trimtab_lab.world.scaling_groups import ScalingGroup
from trimtab_lab.world.targets import Rule, TargetGroup
from trimtab_lab.world.traffic import Arrivals


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that makes up one world."""

    starts_at: int
    load_balancer_arn: str
    load_balancer_dimension: str
    target_groups: dict[str, TargetGroup]
    rules: dict[str, Rule]
    scaling_groups: dict[str, ScalingGroup]
    instances: dict[str, Instance]
    journal: Journal
    recorder: Recorder
    metrics: Metrics
    measure: Measure
    access_log: AccessLog
    checker: HealthChecker
    elb: LoadBalancing
    launches: Launches
    autoscaling: AutoScaling
    alarms: Alarms
    faults: Faults
    arrivals: Arrivals
    noise: random.Random
