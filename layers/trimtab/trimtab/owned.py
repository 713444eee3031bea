"""Owned: whose a thing is by now, asked once more before a write.

The guard has asked when it was decided; a tag that somebody has set since must count, too. As with
the guard, a tag that cannot be read is no reason to let a sick target serve on, but one not to end
it.
"""

from __future__ import annotations

from trimtab.model.change import Change, Eject, Retire
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason
from trimtab.model.signs import DO_NOT_TOUCH, Marks
from trimtab.ports import Signs


def forbidden_by_tags(change: Change, signs: Signs) -> str:
    """Say what the tags of an instance or its target group forbid; empty: nothing.

    Only what takes a target away is forbidden by them: giving back is always ours to do.
    """
    if not isinstance(change, Eject | Retire):
        return ""
    return _by_instance(change, signs) or _by_target_group(change, signs)


def forbidden_by(marks: Marks | None, what: str) -> str:
    """Say what a group's own tags forbid; empty: nothing, or nobody has read them."""
    if marks is None:
        return ""
    if marks.do_not_touch:
        return f"{what} carries the tag {DO_NOT_TOUCH}"
    if marks.manager:
        return f"{what} is managed by {marks.manager} ({marks.because})"
    return ""


def _by_instance(change: Eject | Retire, signs: Signs) -> str:
    tagged = signs.untouchable()
    if isinstance(tagged, Reason):
        return _unread(change, tagged)
    return f"{change.instance} carries the tag {DO_NOT_TOUCH}" if change.instance in tagged else ""


def _by_target_group(change: Eject | Retire, signs: Signs) -> str:
    """Only who deregisters changes what a target group's manager keeps as it wants it."""
    what = f"the target group of {change.fleet}"
    marks = signs.marks([change.target_group])[change.target_group]
    if isinstance(marks, Reason):
        return _unread(change, marks)
    if isinstance(change, Eject) and change.method is EjectMethod.DEREGISTER:
        return forbidden_by(marks, what)
    return forbidden_by(Marks(do_not_touch=marks.do_not_touch), what)


def _unread(change: Eject | Retire, why: Reason) -> str:
    if isinstance(change, Eject):
        return ""
    return f"nobody can tell whether {change.instance} may end: {why.text}"
