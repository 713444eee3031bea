"""One judged tick, as the laws look at it: what went in, what was believed, what came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.model.assessment import Assessment, TargetBelief
from trimtab.model.change import Change
from trimtab.model.ids import FleetId
from trimtab.model.observation import Group
from trimtab.model.policy import Policy
from trimtab.model.tick import Inputs
from trimtab.model.verdict import Ruling, Verdict


@dataclass(frozen=True)
class Judged:
    """A tick's inputs, what was believed of them, and the verdicts."""

    inputs: Inputs
    belief: Assessment
    verdicts: Sequence[Verdict]

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.inputs.policy

    @property
    def new(self) -> list[Change]:
        """What this tick lets happen; shadows count, for they must be what enforcing would do."""
        return [v.change for v in self.verdicts if v.ruling is not Ruling.REFUSED]

    @property
    def coming(self) -> list[Change]:
        """All that is on its way once this tick is over."""
        return [*(p.change for p in self.inputs.memory.pending), *self.new]

    def group(self, fleet: FleetId) -> Group | None:
        """The fleet's group, if it was seen."""
        seen = self.inputs.seen.fleets.get(fleet)
        return seen.group if seen else None

    def targets(self, fleet: FleetId) -> tuple[TargetBelief, ...]:
        """What is believed of the fleet's targets; nothing if they were not seen."""
        return self.belief.fleets[fleet].targets or ()
