"""The size a group may have: the group's own bounds, narrowed by the policy's."""

from __future__ import annotations

from trimtab.model.observation import Group
from trimtab.model.policy import Policy


def bounds(group: Group, policy: Policy) -> tuple[int, int]:
    """Return the least and the largest size: the group's own bounds, narrowed by the policy's.

    Where they contradict each other the group's own win: they are what AWS enforces.
    """
    low = max(group.min_size, min(policy.scaling.min_size or 0, group.max_size))
    high = min(group.max_size, max(policy.scaling.max_size or group.max_size, group.min_size))
    return min(low, high), high
