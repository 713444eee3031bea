"""The embedded AWS: the real handlers and boto3 adapters against moto, over a simulated world.

moto parses and writes the wire; Elastic Load Balancing, Auto Scaling and CloudWatch are answered
by `trimtab_lab.world`, tables, queues and topics by moto's own backends, mended where they are not
like AWS. Time is virtual. Entry points: `Embedded` (run a scenario) and `local_session` (open one
that was saved).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab_lab.embedded.driver import Embedded
    from trimtab_lab.embedded.saved import Saved, local_session, save

__all__ = ["Embedded", "Saved", "local_session", "save"]


def __getattr__(name: str) -> Any:
    """Fetch an entry point when it is asked for: moto takes seconds, and not everybody needs it."""
    if name == "Embedded":
        from trimtab_lab.embedded import driver

        return driver.Embedded
    if name in __all__:
        from trimtab_lab.embedded import saved

        return getattr(saved, name)
    raise AttributeError(name)
