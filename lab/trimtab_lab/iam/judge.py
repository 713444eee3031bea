"""What a role's statements say together: one that denies settles it, else one that allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trimtab_lab.iam.asked import Asked
from trimtab_lab.iam.statements import Statement


@dataclass(frozen=True, slots=True)
class Answer:
    """IAM's answer, with the statements it rests on."""

    allowing: tuple[Statement, ...]
    denying: tuple[Statement, ...]

    @property
    def is_allowed(self) -> bool:
        """Whether the call may be made."""
        return bool(self.allowing) and not self.denying

    @property
    def why_not(self) -> str:
        """IAM's words for what is not allowed."""
        if self.denying:
            return f"with an explicit deny in {self.denying[0].sid}"
        return "because no identity-based policy allows the action"


def judge(statements: Iterable[Statement], asked: Asked) -> Answer:
    """Judge one question."""
    met = [statement for statement in statements if statement.meets(asked)]
    return Answer(
        allowing=tuple(statement for statement in met if statement.allows),
        denying=tuple(statement for statement in met if not statement.allows),
    )
