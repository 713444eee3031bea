"""The catalogue's scenarios by number and name, and what lies beyond it."""

from __future__ import annotations

from trimtab_lab.chaos.needed import NEEDED
from trimtab_lab.chaos.plan import Trouble
from trimtab_lab.chaos.scenarios import Named
from trimtab_lab.chaos.scripts import (
    acts,
    both,
    bound,
    by_approval,
    by_warden,
    dice,
    dies,
    down,
    edited_log,
    ejects,
    fault,
    flap,
    forgets,
    garbled_policy,
    in_person,
    keeps_four,
    leaves,
    lower,
    no_ejections,
    no_reweights,
    no_shrinking,
    nothing,
    own_event,
    pause,
    poison,
    refuses_its_own,
    resizes,
    step_by_step,
    suspend,
    terminate,
    tracked,
    triple,
    undo_all,
    undone_once,
    watching,
    weigh,
)
from trimtab_lab.world.faults import Everywhere, Fault, FaultKind, InZone, KthTarget, WholeFleet
from trimtab_lab.world.scenario import ZONES

BLUE, GREEN = WholeFleet("blue"), WholeFleet("green")
DARK = fault(Fault(FaultKind.METRICS_DARK, Everywhere(), lasts_s=1200), minute=1)
TABLES = both(
    dice(Trouble.THROTTLE, call="transaction", since=1, until=16),
    dice(Trouble.UNCLEAR, call="get", since=1, until=16),
)

SCENARIOS = (
    Named(1, "everything unhealthy at once", fault(down(BLUE), down(GREEN), minute=1),
          no_ejections),
    Named(2, "a zone is lost", fault(Fault(FaultKind.ZONE_OUTAGE, InZone(ZONES[0]), 0, 600))),
    Named(3, "one of three odd, few requests",
          fault(Fault(FaultKind.ERRORS, KthTarget("blue", 1), 0, 900, 0.5), minute=4),
          no_ejections, demand=(0.01,) * 25, quiet=True),
    Named(4, "no metrics for twenty minutes", DARK, no_shrinking),
    Named(5, "every series comes back empty", dice(Trouble.PARTIAL), no_shrinking),
    Named(6, "some series come back in part", dice(Trouble.PARTIAL, 0.3)),
    Named(7, "not a number, negative, huge datapoints", dice(Trouble.GARBAGE), no_shrinking),
    Named(8, "metrics minutes late",
          fault(Fault(FaultKind.METRICS_LATE, Everywhere(), 0, 900, 180.0))),
    Named(9, "target health throttled for five ticks",
          dice(Trouble.THROTTLE, call="read targets", since=3, until=8)),
    Named(10, "throttled at the write", dice(Trouble.THROTTLE, call="apply", until=12), ejects),
    Named(11, "the write times out, half of them applied",
          dice(Trouble.UNCLEAR, call="apply", until=20), ejects),
    Named(12, "killed before the write", dice(Trouble.CRASH, 0.7, "apply", until=20), ejects),
    Named(13, "killed before the outcome is written",
          dice(Trouble.CRASH, 0.7, "transaction", until=20)),
    Named(14, "every message and record many times", dice(Trouble.DUPLICATE), ejects),
    Named(15, "messages out of order", dice(Trouble.LATE, 0.6)),
    Named(16, "records and events hours late", dice(Trouble.LATE, 0.9)),
    Named(17, "two controllers at once, of two versions",
          both(dice(Trouble.DOUBLE), dice(Trouble.VERSION, 0.4)), ejects),
    Named(18, "frozen before the commit", dice(Trouble.DELAY, 0.5, "transaction")),
    Named(19, "clocks minutes wrong", dice(Trouble.SKEW)),
    Named(20, "demand high at the largest size", bound, demand=(1.0,) * 5 + (2.5,) * 20),
    Named(21, "a human resizes every minute", resizes),
    Named(22, "target tracking on the same metric", tracked,
          demand=(1.0,) * 5 + (1.8,) * 10 + (1.0,) * 10),
    Named(23, "processes suspended", suspend),
    Named(27, "newcomers are slow to come",
          fault(Fault(FaultKind.SLOW_LAUNCHES, BLUE, 0, 900, 4.0)),
          demand=(1.0,) * 5 + (2.0,) * 20),
    Named(28, "what is out is ended by somebody", terminate),
    Named(29, "a target flaps", flap),
    Named(30, "state table lost", forgets),
    Named(31, "paused at any moment", both(pause, dice(Trouble.DELAY, 0.2)), acts),
    Named(32, "the pause switch cannot be read", dice(Trouble.THROTTLE, call="get halts"),
          nothing),
    Named(33, "no tables for fifteen minutes", TABLES),
    Named(34, "an item too large for its table", dice(Trouble.FULL, call="transaction", since=0),
          nothing),
    Named(35, "a storm of contention", both(dice(Trouble.DOUBLE), dice(Trouble.DUPLICATE))),
    Named(36, "malformed policy in force", garbled_policy, ejects),
    Named(37, "a policy with lower limits", lower),
    Named(38, "a fleet leaves the policy while targets are out", leaves),
    Named(39, "nothing to be read at start", dice(Trouble.THROTTLE, call="get", since=0, until=9)),
    Named(40, "hostile events", dice(Trouble.HOSTILE), ejects),
    Named(42, "edited log", edited_log, found="the chain of the log is broken at 1: "),
    Named(45, "every write denied", dice(Trouble.DENY, call="apply"), nothing),
    Named(46, "weights edited by somebody each minute", both(weigh, fault(down(BLUE)))),
    Named(48, "both sides of a route down", fault(down(BLUE), down(GREEN), minute=1),
          no_reweights),
    Named(50, "ten times the demand in a minute", dice(Trouble.DROP, 0.1),
          demand=(0.4,) * 8 + (4.0,) * 17),
    Named(51, "load falls while errors rise",
          fault(Fault(FaultKind.ERRORS, Everywhere(), 0, 1200, 0.4), minute=3),
          no_shrinking, demand=(1.0,) * 4 + (0.3,) * 21, quiet=True),
    Named(52, "most targets missing from an answer", dice(Trouble.MISSING, 0.7, "read"),
          quiet=True, expect=no_ejections),
    Named(53, "one function stands still", dice(Trouble.DELAY, 0.5, "series")),
    Named(54, "ticks overlap", both(dice(Trouble.DELAY, 0.3), dice(Trouble.DOUBLE))),
    Named(55, "no schedule for fifteen minutes", dice(Trouble.DROP, since=5, until=20)),
    Named(56, "poison message", poison, ejects),
    Named(57, "our own event comes back", own_event, refuses_its_own),
    Named(58, "the tables' key is disabled", both(
        dice(Trouble.DENY, call="get", since=1, until=20)), nothing),
    Named(59, "no capacity to launch", fault(Fault(FaultKind.NO_CAPACITY, BLUE, 0, 900)),
          demand=(1.0,) * 5 + (2.0,) * 20),
    Named(60, "a dip of three minutes", dice(Trouble.DROP, 0.1),
          keeps_four, demand=(1.0,) * 10 + (0.2,) * 3 + (1.0,) * 12),
    Named(61, "three times the planned size", triple, step_by_step, quiet=True),
    Named(62, "the receiver lacks capacity", both(
        fault(down(BLUE)), fault(Fault(FaultKind.NO_CAPACITY, GREEN, 0, 900)))),
    Named(63, "a stale snapshot applied late",
          both(dice(Trouble.DELAY, 0.4, "apply"), resizes)),
    Named(64, "upgrade and rollback with intents in flight",
          both(dice(Trouble.VERSION, 0.5, until=20), dice(Trouble.CRASH, 0.1, until=20)), ejects),
)  # fmt: skip
"""Every scenario of the catalogue that means something for what exists."""

BEYOND = (
    Named(104, "reconcile and act dead for long", dies, by_warden),
    Named(101, "everything undone, and once more", undo_all, undone_once),
    Named(102, "all in person: approved, rejected, lapsed", in_person, by_approval),
    Named(103, "every lever only observes", watching, nothing),
)
"""What the catalogue does not name."""

PLAYED = (*SCENARIOS, *BEYOND, *NEEDED)

ELSEWHERE = {
    24: ("target group attached to nothing", "unit tests of the assessment: its targets are idle"),
    25: ("one instance in several target groups", "property tests; one registration each here"),
    26: ("addresses, functions, Kubernetes", "tests of the policy documents: refused when applied"),
    41: ("injected markup", "tests of the CLI and of notifications; as names, in 40"),
    43: ("forged requests to a console", "there is no console"),
    44: ("another account denies", "one account only"),
    47: ("Route 53", "no such lever"),
    49: ("wild forecasts", "no forecast yet"),
}
"""Where the other numbers are looked after, and which mean nothing yet."""
