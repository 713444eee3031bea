"""What a closer look shows, for Hypothesis: mostly nothing, now and then any of it."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from tests.builders import NOON
from tests.properties.policies import some
from trimtab.model.observation import Target
from trimtab.model.signs import Check, Closer, Impairment, Machine, Marks, Notice, Scheduled

AN_HOUR_AGO = NOON - timedelta(hours=1)
MACHINES = (
    Machine((Impairment(Check.SYSTEM, AN_HOUR_AGO),)),
    Machine((Impairment(Check.STORAGE),)),
    Machine((), (Scheduled("instance-stop", NOON), Scheduled("system-reboot"))),
    Machine((), (Scheduled("instance-retirement", NOON + timedelta(days=9)),)),
)
NOTICE = Notice("marked-for-termination", NOON - timedelta(seconds=20))


@st.composite
def closers(draw: st.DrawFn, targets: tuple[Target, ...]) -> Closer | None:
    """Nothing was asked, or was found, or something is the matter with one or two of them."""
    if draw(some(True, True, False)):
        return None
    instances = sorted({t.instance for t in targets})[:2]
    return Closer(
        marks=draw(some(Marks(), Marks(), Marks("kubernetes", "eks:x"), Marks(do_not_touch=True))),
        untouchable=frozenset(instances[: draw(some(0, 0, 1))]),
        machines={i: draw(some(*MACHINES)) for i in instances[: draw(some(0, 1, 2))]},
        notices=dict.fromkeys(instances[: draw(some(0, 0, 1))], NOTICE),
        refresh=draw(some("", "", "InProgress")),
    )
