"""The situation: all that deciders and guards look at, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trimtab.model.assessment import Assessment, FleetBelief
from trimtab.model.change import Change, Resize, Reweight
from trimtab.model.effect import Effect
from trimtab.model.ids import FleetId
from trimtab.model.memory import Memory
from trimtab.model.observation import FleetSeen, Observation
from trimtab.model.policy import Policy


@dataclass(frozen=True, slots=True)
class Situation:
    """What was seen, what we believe of it, what is wanted and what is remembered.

    ``effects``: what became of earlier actions, as far as this tick tells of it.
    """

    seen: Observation
    belief: Assessment
    policy: Policy
    memory: Memory
    effects: tuple[Effect, ...] = ()

    @property
    def now(self) -> datetime:
        """When it was seen."""
        return self.seen.now

    def fleet(self, name: FleetId) -> FleetSeen:
        """A fleet as seen; an unseen one is all blind."""
        return self.seen.fleets.get(name) or FleetSeen(name, None)

    def names(self, change: Change) -> bool:
        """Whether the policy in force still names what a change is about, and by that name."""
        if isinstance(change, Reweight):
            route = next((r for r in self.policy.routes if r.name == change.route), None)
            if route is None or route.rule != change.rule:
                return False
            return change.after.keys() <= {self.policy.fleets[f].target_group for f in route.split}
        fleet = self.policy.fleets.get(change.fleet)
        if fleet is None or change.group not in (None, fleet.group):
            return False
        return isinstance(change, Resize) or change.target_group == fleet.target_group

    def believed(self, name: FleetId) -> FleetBelief:
        """What we believe of a fleet."""
        return self.belief.fleets[name]
