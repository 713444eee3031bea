"""The load-to-latency model: what a target makes of the requests it is given.

A target is a queue with `workers` servers and a mean service time S. Its latency is the sum of

- a stationary part, Sakasegawa's approximation of the M/M/c queue (H. Sakasegawa, "An approximation
  formula Lq = a * rho^b / (1 - rho)", 1977):  S * (1 + rho^(sqrt(2(c+1)) - 1) / (c * (1 - rho))),
  with rho followed over about half a minute and kept at or below 0.95, since a queue needs time to
  reach the stationary state of a load that high. With one worker it is the M/M/1 law S / (1 - rho);
- a fluid part, the backlog that builds up while arrivals exceed capacity, divided by capacity.

The backlog holds at most `timeout_s` worth of work: beyond it the target answers 503 at once (a
bounded accept queue), so a saturated target is slow up to the timeout and fails the excess. A slow
target divides its speed, a cold one too: service time up, capacity down by the same factor.

Requests in one step share one mean; around it single requests are spread log-normally with
sigma 0.5 (a 95th percentile about twice the mean). A `LatencyMix` keeps counts per mean, in buckets
5 % apart, and answers quantiles of the mixture: good to the width of a bucket.

Approximations: the bound on waiting is on a step's mean, single answers may take longer; no
request sizes, no retries, no connection limits; a request's
outcome is decided in the step it arrives.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trimtab_lab.world.instances import Instance

RATIO = math.log(1.05)
SMALLEST_S = 0.001
SIGMA = 0.5
FAST_ANSWER_S = 0.005
"""How long an error takes that is answered without doing the work."""
FOLLOW = 0.35
"""Share of the way the followed rho goes to this step's (10 s steps: about half a minute)."""
HIGHEST_RHO = 0.95

_REACH = 96
_SPREAD = [
    0.5 * (1 + math.erf((offset * RATIO + SIGMA**2 / 2) / SIGMA / math.sqrt(2)))
    for offset in range(-_REACH, _REACH + 1)
]


def work(instance: Instance, at: int, step_s: int, noise: float) -> None:
    """Put one step's arrivals through the instance: sets its latency, backlog and failing share.

    Example: 150 requests in 10 s on a sound target of 24/s: rho 0.625, nothing fails; 300 of them
    build a backlog of 60 requests, 2.5 s of waiting for whoever comes next.
    """
    app = instance.app
    speed = instance.speed(at)
    per_s = app.workers / app.service_time_s * speed
    real = instance.arrivals * (1.0 - instance.error_share)
    waiting = instance.backlog
    after = waiting + real - per_s * step_s
    shed = 0.0
    if after <= 0.0:
        after = 0.0
    elif after > per_s * app.timeout_s:
        shed = min(real, after - per_s * app.timeout_s)
        after = per_s * app.timeout_s
    instance.backlog = after
    load = real / (per_s * step_s)
    rho = instance.rho = instance.rho + FOLLOW * (min(load, 1.0) - instance.rho)
    rho = min(rho, HIGHEST_RHO)
    queue = rho**instance.queue_shape / (app.workers * (1.0 - rho))
    latency = app.service_time_s / speed * (1.0 + queue) + (waiting + after) / 2 / per_s
    instance.latency = latency = min(latency * noise, app.timeout_s)
    instance.bucket = bucket_of(latency)
    instance.cpu_sum += 100.0 if shed else min(100.0, 4.0 + 92.0 * load * noise)
    instance.cpu_steps += 1
    served = 1.0 - (shed / real if real else 0.0)
    instance.fail_share = 1.0 - (1.0 - instance.error_share) * served * (1.0 - app.error_ratio)


def bucket_of(seconds: float) -> int:
    """Index of the bucket for a mean latency."""
    return int(math.log(max(seconds, SMALLEST_S) / SMALLEST_S) / RATIO + 0.5)


FAST_BUCKET = bucket_of(FAST_ANSWER_S)


def merged(mixes: Iterable[dict[int, int]]) -> dict[int, int]:
    """Several latency mixes as one."""
    total: dict[int, int] = {}
    for mix in mixes:
        for bucket, count in mix.items():
            total[bucket] = total.get(bucket, 0) + count
    return total


def share_within(mix: dict[int, int], bucket: int) -> float:
    """Share of the mix that is at or below a bucket's latency."""
    total = below = 0.0
    for mean, count in mix.items():
        total += count
        offset = bucket - mean + _REACH
        if offset > 2 * _REACH:
            below += count
        elif offset >= 0:
            below += count * _SPREAD[offset]
    return below / total if total else 1.0


def quantile(mix: dict[int, int], share: float) -> float:
    """Latency in seconds that `share` of the requests in the mix do not exceed; 0 for none."""
    if not mix:
        return 0.0
    low, high = min(mix) - _REACH, max(mix) + _REACH
    while high - low > 1:
        middle = (low + high) // 2
        if share_within(mix, middle) < share:
            low = middle
        else:
            high = middle
    below, above = share_within(mix, low), share_within(mix, high)
    part = (share - below) / (above - below) if above > below else 1.0
    return SMALLEST_S * math.exp(RATIO * (low + min(1.0, max(0.0, part))))


def slower_than(mix: dict[int, int], seconds: float) -> float:
    """Share of the mix slower than `seconds`."""
    return 1.0 - share_within(mix, bucket_of(seconds))
