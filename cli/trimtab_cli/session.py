"""What every command is handed: where to connect, and how."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from trimtab.model.ids import ServiceId
from trimtab_cli.connect import Deployment, Where, connected
from trimtab_cli.stop import USAGE, Stop

SERVICE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
EVERYTHING = ServiceId("#all")
"""Under which the pause of everything is logged."""


@dataclass(frozen=True, slots=True)
class Operator:
    """The person at the terminal: the options given, and the way to the deployment."""

    where: Where
    connect: Callable[[Where], AbstractContextManager[Deployment]] = connected

    def deployment(self) -> AbstractContextManager[Deployment]:
        """Connect; nothing is asked of AWS before."""
        return self.connect(self.where)


def service_named(name: str) -> ServiceId:
    """Take a service's name from the command line."""
    if not SERVICE.fullmatch(name):
        expected = "expected letters, digits, - and _, starting with a letter"
        raise Stop(f"{name!r} cannot be the name of a service", expected, USAGE)
    return ServiceId(name)


def no_such_service(deployment: Deployment, name: ServiceId) -> Stop:
    """Say that a service has no policy, and which have one."""
    known = [str(listed.service) for listed in deployment.store.services()]
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return Stop(f"there is no service {name!r}", f"did you mean {near[0]}?")
    if known:
        return Stop(f"there is no service {name!r}", f"there are: {', '.join(known)}")
    return Stop(f"there is no service {name!r}", "apply a policy: `trimtab policy apply FILE`")
