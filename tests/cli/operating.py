"""A terminal for tests: the real commands on state in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from typer.testing import CliRunner, Result

from tests.builders import at
from tests.unit.cli.policies import KnownNames
from trimtab.errors import TrimtabError
from trimtab_cli.connect import Connected, Deployment, Where
from trimtab_cli.main import app
from trimtab_cli.session import Operator
from trimtab_lab.simulator.stores import InMemory

ANN = "arn:aws:iam::111122223333:user/ann"


@dataclass
class Terminal:
    """Runs commands; ``now`` can be moved, ``broken`` makes connecting fail."""

    state: InMemory = field(default_factory=InMemory)
    now: datetime = field(default_factory=at)
    broken: TrimtabError | None = None

    def run(self, *words: str | Path) -> Result:
        operator = Operator(Where(), self._connect)
        return CliRunner().invoke(app, [str(word) for word in words], obj=operator)

    def lines(self, *words: str | Path) -> list[str]:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout.splitlines()

    @contextmanager
    def _connect(self, _: Where) -> Iterator[Deployment]:
        if self.broken:
            raise self.broken
        store, ledger = self.state.store, self.state.ledger
        yield Connected(store, ledger, KnownNames(), lambda: ANN, lambda: self.now)
