"""Leases: what a tick leaves for the warden, and what the warden makes of it. Pure.

``leases_after`` grants and renews them at the end of a tick. ``plan_for`` says what those that have
expired call for, by the world alone, with no policy and no memory.
"""

from __future__ import annotations

from trimtab.lease.giveback import Kept, Sight, give_back
from trimtab.lease.grant import adopted, leases_after
from trimtab.lease.plan import Case, plan_for

__all__ = ["Case", "Kept", "Sight", "adopted", "give_back", "leases_after", "plan_for"]
