"""Those whom Trimtab is compared with, each on a world of its own.

All of them have what AWS does by itself: the load balancer's checks and target tracking.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from trimtab.assess.binomial import Counts
from trimtab.assess.envoy import (
    Ejecting,
    HostHistory,
    SuccessRate,
    eject,
    may_eject,
    success_rate_outliers,
    sweep,
)
from trimtab_lab.campaign.stage import FLEET
from trimtab_lab.world.world import World

STEP = timedelta(seconds=10)
CONSECUTIVE_5XX = 5
PANIC_PERCENT = 50
"""Envoy balances over all hosts again when fewer than this are left."""

NEVER_OUT = HostHistory()


class Envoy:
    """A proxy in front of the fleet with Envoy's outlier detection at its defaults.

    Every ten seconds: the success rate rule, and consecutive failures in so far as they can be told
    from counts (an interval in which everything of at least five requests failed). At most a tenth
    of the hosts, one always, as ``always_eject_one_host`` allows: without it fleets below ten would
    have no outlier detection at all.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.rules = Ejecting(always_one=True)
        self.hosts: dict[str, HostHistory] = {}
        self._last: dict[str, tuple[int, int]] = {}
        self.arn = world.target_groups()[0].arn

    def step(self) -> frozenset[str]:
        """Look at the last ten seconds; return who is held back from now on."""
        now = self.world.now
        asked = {h: Counts(*c) for h, c in self._since().items()}
        rest = {h: c for h, c in asked.items() if not self._host(h).is_out}
        for host in asked:
            self.hosts[host] = sweep(self._host(host), now, self.rules)
        dead = [h for h, c in rest.items() if c.asked >= CONSECUTIVE_5XX and c.failed == c.asked]
        for host in dict.fromkeys([*dead, *success_rate_outliers(rest, SuccessRate()).found]):
            out = sum(1 for h in asked if self._host(h).is_out)
            if not self._host(host).is_out and may_eject(out, len(asked), self.rules):
                self.hosts[host] = eject(self._host(host), now, self.rules)
        out_now = frozenset(h for h in asked if self._host(h).is_out)
        healthy = len(asked) - len(out_now)
        panic = bool(asked) and 100 * healthy < PANIC_PERCENT * len(asked)
        self.world.hold_back(self.arn, frozenset() if panic else out_now)
        return out_now

    def _host(self, host: str) -> HostHistory:
        return self.hosts.get(host, NEVER_OUT)

    def _since(self) -> dict[str, tuple[int, int]]:
        """Count what happened since the last look; a new minute's counts begin at nothing."""
        seen = self.world.counts_of_minute(self.arn)
        fresh = self.world.now.second == 0
        before = {} if self.world.now.second == STEP.seconds else self._last
        self._last = {} if fresh else seen
        return {
            h: (max(0, asked - before.get(h, (0, 0))[0]), max(0, failed - before.get(h, (0, 0))[1]))
            for h, (asked, failed) in seen.items()
        }


def taken_out_by_balancer(world: World) -> frozenset[str]:
    """Return whom the load balancer sends nothing, because its checks fail."""
    arn = world.target_groups()[0].arn
    return frozenset(t.id for t in world.describe_target_health(arn) if t.state == "unhealthy")


def taken_out_by_group(world: World) -> frozenset[str]:
    """Return whom the group is ending because it holds them unhealthy."""
    (group,) = world.describe_groups((f"{FLEET}-asg",))
    return frozenset(i.id for i in group.instances if i.health_status != "Healthy")


Out = Callable[[World], frozenset[str]]
