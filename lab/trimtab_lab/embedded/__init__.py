"""The embedded AWS: the real handlers and boto3 adapters against moto, over a simulated world.

moto parses and writes the wire; Elastic Load Balancing, Auto Scaling and CloudWatch are answered
by `trimtab_lab.world`, tables, queues and topics by moto's own backends, mended where they are not
like AWS. Time is virtual. Entry points: `Embedded` (run a scenario) and `local_session` (open one
that was saved).
"""

from trimtab_lab.embedded.driver import Embedded
from trimtab_lab.embedded.saved import Saved, local_session, save

__all__ = ["Embedded", "Saved", "local_session", "save"]
