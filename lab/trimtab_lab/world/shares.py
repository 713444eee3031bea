"""How much of its fair share the load balancer sends each target: slow start and mitigation.

Slow start (Application Load Balancers): a target that becomes healthy after it was registered gets
a share that grows linearly over ``slow_start_s``, if a healthy target is there that is not ramping
itself. One that becomes unhealthy meanwhile leaves slow start, and begins anew once it is healthy.

Anomaly mitigation (Automatic Target Weights) needs the weighted-random algorithm, which excludes
slow start. Traffic to an anomalous target is reduced step by step to next to nothing, and slowly
restored when it does better. Approximation: AWS publishes no numbers; here each bad minute leaves
a quarter, down to a hundredth, and each good one doubles it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.instances import Health

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trimtab_lab.world.instances import Registration
    from trimtab_lab.world.scenario import TargetGroupSpec

LEFT, RESTORED, LEAST = 0.25, 2.0, 0.01
SHORTEST_S, LONGEST_S = 30, 900


def check_attributes(spec: TargetGroupSpec) -> None:
    """Refuse attributes that ELBv2 would refuse."""
    if spec.slow_start_s and not SHORTEST_S <= spec.slow_start_s <= LONGEST_S:
        text = f"'slow_start.duration_seconds' must be 0, or 30 to 900: {spec.slow_start_s}"
        raise WorldError("ValidationError", text)
    if spec.slow_start_s and spec.mitigates:
        raise WorldError(
            "InvalidConfigurationRequest",
            "Slow start mode is not available with the weighted random routing algorithm",
        )


def is_uneven(spec: TargetGroupSpec) -> bool:
    """Tell whether targets can get more or less than each other at all."""
    return bool(spec.slow_start_s or spec.mitigates)


def follow(
    registration: Registration, others: Iterable[Registration], slow_start_s: int, at: int
) -> None:
    """Follow a target's change of state: into slow start, or out of it."""
    if registration.state is not Health.HEALTHY:
        registration.ramps_from = None
        registration.mitigated = 1.0
        return
    steady = any(
        r is not registration and r.state is Health.HEALTHY and r.ramps_from is None for r in others
    )
    if slow_start_s and steady and not registration.is_ramped:
        registration.ramps_from = at
    else:
        registration.is_ramped = True


def shares(pool: Sequence[Registration], slow_start_s: int, at: int) -> list[float]:
    """Return each target's part of a full share, and end what has ramped long enough.

    Worked example: healthy for one minute of five, a target gets a fifth.
    """
    for registration in pool:
        since = registration.ramps_from
        if since is not None and at - since >= slow_start_s:
            registration.ramps_from, registration.is_ramped = None, True
    return [
        r.mitigated * (1.0 if r.ramps_from is None else (at - r.ramps_from) / slow_start_s)
        for r in pool
    ]


def split(requests: int, parts: Sequence[float], start: int) -> list[int]:
    """Split whole requests by parts; ``start`` moves who gets what is left over.

    Worked example: 10 by 1, 1 and 0.5 is 4, 4 and 2.
    """
    whole = sum(parts)
    if whole <= 0:
        return split(requests, [1.0] * len(parts), start)
    given = [0] * len(parts)
    sent, so_far = 0, 0.0
    for step in range(len(parts)):
        place = (start + step) % len(parts)
        so_far += parts[place]
        until = requests if step == len(parts) - 1 else round(requests * so_far / whole)
        given[place] = until - sent
        sent = until
    return given


def mitigate(registration: Registration) -> None:
    """Take a step after a minute: down while it is anomalous, up again when it is not."""
    if registration.state is not Health.HEALTHY:
        return
    if registration.anomalous:
        registration.mitigated = max(LEAST, registration.mitigated * LEFT)
    else:
        registration.mitigated = min(1.0, registration.mitigated * RESTORED)
