"""Narrate: turn verdicts and what we believe into entries of the log. Pure.

Intents are always written. A refusal, a shadow or a note is written when it begins or changes,
not every minute: ``standing`` remembers what was said last and since when.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from trimtab.answers import answers_of, lapses, linked
from trimtab.effects import expectation_of
from trimtab.model.assessment import FleetBelief
from trimtab.model.cause import REMEDIES, Cause
from trimtab.model.change import change_key, inverse_of, left_of, lever_of, subject_of
from trimtab.model.effect import Effect, Proof
from trimtab.model.entry import Entry, Kind, effect_id
from trimtab.model.heard import NOTHING_HEARD, Heard
from trimtab.model.ids import EntryId, FleetId
from trimtab.model.memory import Pending, Standing
from trimtab.model.policy import Lever, Mode
from trimtab.model.proof import is_proof
from trimtab.model.reason import NOT_YET, Fact, Reason, ReasonCode, in_words
from trimtab.model.situation import Situation
from trimtab.model.verdict import Ruling, Verdict

MOST_ENTRIES = 80
"""Entries per tick; DynamoDB takes a hundred writes in one transaction."""


KIND_OF = {
    Ruling.ALLOWED: Kind.INTENDED,
    Ruling.CLAMPED: Kind.INTENDED,
    Ruling.REFUSED: Kind.REFUSED,
    Ruling.SHADOWED: Kind.SHADOWED,
    Ruling.AWAITING: Kind.AWAITING,
}


KIND_OF_EFFECT = {
    Proof.VERIFIED: Kind.VERIFIED,
    Proof.INEFFECTIVE: Kind.INEFFECTIVE,
    Proof.UNKNOWN: Kind.NOTED,
}


@dataclass(frozen=True, slots=True)
class Story:
    """What a tick writes: entries, the intents among them, and what stands from now on."""

    entries: tuple[Entry, ...]
    pending: tuple[Pending, ...]
    standing: Mapping[str, Standing]


def narrate(
    verdicts: Sequence[Verdict], at: Situation, tick: str, by: str, heard: Heard = NOTHING_HEARD
) -> Story:
    """Write a tick's entries, numbered in order below the tick's id.

    Each request that was heard gets an answer: the verdict on what it asks for, or one of its own.
    """
    blank = _blank(at, tick, by)
    standing: dict[str, Standing] = {}
    drafts = [_of_effect(effect, at, blank) for effect in at.effects]  # before what follows of it
    for verdict in verdicts:
        entry, is_asked = linked(_of_verdict(verdict, at, blank), verdict, heard)
        if _is_news(entry, verdict, at, standing) or is_asked:
            drafts.append(entry)
    drafts += answers_of(heard, verdicts, drafts, blank)
    drafts += lapses(at.memory.standing, standing, drafts, blank)
    drafts += _notes(at, blank, standing)
    entries = _numbered(_fold(drafts, blank), tick)
    return Story(entries, _pending(entries, verdicts), {**standing, **_waiting(entries, standing)})


def _numbered(drafts: Iterable[Entry], tick: str) -> tuple[Entry, ...]:
    """Give every entry its key; what answers another one has a key of its own."""
    return tuple(
        replace(e, id=EntryId(f"{tick}#{i:03d}")) if e.id == tick else e
        for i, e in enumerate(drafts)
    )


def _pending(entries: Iterable[Entry], verdicts: Iterable[Verdict]) -> tuple[Pending, ...]:
    wishes = {change_key(v.change): v.proposal for v in verdicts if v.may_act}
    found = []
    for e in entries:
        if e.kind is Kind.INTENDED and e.change and e.wanted and e.deadline:
            wish = wishes[change_key(e.change)]
            pending = Pending(e.id, e.change, e.wanted.code, e.at, e.deadline)
            short = left_of(wish.goal or wish.change, e.change) if wish.undoes else None
            pending = replace(pending, until=wish.until, undoes=wish.undoes, short=short)
            found.append(replace(pending, expects=e.expects))
    return tuple(found)


def _waiting(entries: Iterable[Entry], standing: Mapping[str, Standing]) -> Mapping[str, Standing]:
    """Remember by which entry a proposal awaits its answer."""
    asked = {change_key(e.change): e.id for e in entries if e.kind is Kind.AWAITING and e.change}
    return {k: replace(standing[k], entry=name) for k, name in asked.items() if k in standing}


def _blank(at: Situation, tick: str, by: str) -> Entry:
    return Entry(
        service=at.seen.service,
        id=EntryId(tick),
        at=at.now,
        kind=Kind.NOTED,
        by=by,
        tick=tick,
        reason=Reason(ReasonCode.WITHIN_LIMITS, ""),
        policy_version=at.policy.version,
    )


def _of_verdict(verdict: Verdict, at: Situation, blank: Entry) -> Entry:
    kind = KIND_OF[verdict.ruling]
    is_intent = kind is Kind.INTENDED
    deadline = at.now + at.policy.guard.intent_deadline if is_intent else None
    return replace(
        blank,
        kind=kind,
        reason=verdict.reason,
        lever=verdict.proposal.lever,
        mode=at.policy.mode(verdict.proposal.lever),
        subject=subject_of(verdict.change),
        change=verdict.change,
        inverse=inverse_of(verdict.change),
        wanted=verdict.proposal.reason,
        evidence=verdict.proposal.evidence,
        checks=verdict.checks,
        deadline=deadline,
        expects=expectation_of(verdict.change, at) if is_intent else None,
        undoes=verdict.proposal.undoes if is_intent else (),
    )


def _of_effect(effect: Effect, at: Situation, blank: Entry) -> Entry:
    """Say what effect an action had; nobody knowing is a note, which decides nothing."""
    done = effect.about
    lever = lever_of(done.change)
    return replace(
        blank,
        id=effect_id(done.entry),
        kind=KIND_OF_EFFECT[effect.proof],
        reason=effect.reason,
        lever=lever,
        mode=at.policy.mode(lever),
        subject=subject_of(done.change),
        change=done.change,
        intent=done.entry,
    )


def _is_news(entry: Entry, verdict: Verdict, at: Situation, standing: dict[str, Standing]) -> bool:
    """Note that a verdict stands; tell whether it has to be written.

    What only has to wait its turn is in the tick's record, not in the log. A shadowed resize to
    another size is news, a longer row of the same refusal is not.
    """
    if verdict.may_act:
        return True
    key = change_key(verdict.change)
    said = at.memory.standing.get(key)
    if verdict.reason.code in NOT_YET:
        if said is not None and said.entry is not None:
            standing.setdefault(key, said)  # it still awaits approval, only not this minute
        return False
    now = Standing(verdict.codes, _gist(verdict), at.now)
    if said is not None and (said.codes, said.ruling) == (now.codes, now.ruling):
        standing[key] = said
        return False
    standing[key] = now
    return True


def _gist(verdict: Verdict) -> str:
    """Tell apart what a reader would call another proposal; refusals differ by reason only."""
    if verdict.ruling is Ruling.REFUSED:
        return str(verdict.ruling)
    change = verdict.change
    after = getattr(change, "after", "")
    size = dict(after) if isinstance(after, Mapping) else after
    return f"{verdict.ruling} {size}"


def _notes(at: Situation, blank: Entry, standing: dict[str, Standing]) -> list[Entry]:
    """Note what began and what ended: blindness, an unknown load, panic, a fleet down."""
    said, written = at.memory.standing, []
    blank = replace(blank, mode=_observing(at))
    now = dict(_worth_noting(at))
    for key, reason in now.items():
        held = said.get(key)
        codes = (reason.code, reason.code)
        if held is not None and held.codes == codes:
            standing[key] = held
            continue
        standing[key] = Standing(codes, "noted", at.now)
        written.append(replace(blank, reason=reason, subject=key))
    for key, held in said.items():
        if held.ruling == "noted" and key not in now:
            text = f"ended after {in_words(at.now - held.since)}"
            written.append(replace(blank, reason=Reason(held.codes[0], text), subject=key))
    return written


def _observing(at: Situation) -> Mode | None:
    """Say of a note that its service only observes: the digest tells of it."""
    return Mode.OBSERVE if all(at.policy.mode(lever) is Mode.OBSERVE for lever in Lever) else None


_NOTED = frozenset({Cause.OVERLOAD, Cause.ZONE, Cause.DEPLOYMENT, Cause.DEPENDENCY})
"""Causes that no other note tells of."""


def _worth_noting(at: Situation) -> Iterable[tuple[str, Reason]]:
    for gap in at.seen.gaps:
        yield f"sight of {gap.what} {gap.subject}", gap.reason
    for name in sorted(at.policy.fleets):
        belief = at.believed(name)
        if belief.targets is None and at.fleet(name).targets is not None:
            text = f"the load balancer cannot say how any target of {name} is"
            yield f"sight of targets of {name}", Reason(ReasonCode.BLIND, text)
        if belief.demand_gap is not None and at.policy.scaling.rules:
            yield f"load of {name}", belief.demand_gap
        if belief.panic:
            facts = {"bad": belief.bad, "bad_share": round(belief.bad_share, 3)}
            text = f"{belief.bad} targets of {name} are bad: removing stops"
            yield f"panic in {name}", Reason(ReasonCode.PANIC, text, facts)
        if belief.cause in _NOTED:
            text = f"{belief.because}; {REMEDIES[belief.cause].instead}"
            yield f"cause in {name}", Reason(REMEDIES[belief.cause].refusal, text)
        yield from _rehearsed(belief, at)
        yield from _in_vain(name, at)
        if belief.down:
            share = belief.error_share
            text = f"nothing in {name} can be trusted to serve"
            facts_down = {"error_share": round(share, 3) if share is not None else None}
            yield f"state of {name}", Reason(ReasonCode.FLEET_DOWN, text, facts_down)


MOST_REHEARSED = 10
"""So many targets of a fleet are told one by one; more are told as a number."""


def _rehearsed(belief: FleetBelief, at: Situation) -> Iterable[tuple[str, Reason]]:
    """Tell what detectors in shadow have proven, each once while it stands."""
    found = [
        (t.target.id, e)
        for t in belief.targets or ()
        for e in t.shadowed
        if is_proof(e, at.policy.health, at.now)
    ]
    if len(found) <= MOST_REHEARSED:
        for target, e in found:
            facts: dict[str, Fact] = {"detector": e.detector, "score": e.score}
            facts |= {"threshold": e.threshold, "since": e.since.isoformat()}
            key = f"shadow of {e.detector} on {target} of {belief.fleet}"
            yield key, Reason(ReasonCode.SHADOWED, f"in shadow: {e.text}", facts)
        return
    for code, count in sorted(Counter(e.detector for _, e in found).items()):
        text = f"in shadow: {count} targets of {belief.fleet} would have been found"
        key = f"shadow of {code} on many of {belief.fleet}"
        yield key, Reason(ReasonCode.SHADOWED, text, {"detector": code, "count": count})


def _in_vain(name: FleetId, at: Situation) -> Iterable[tuple[str, Reason]]:
    """Call people to a fleet whose newcomers fail like those they came for."""
    rules, ladder = at.policy.health.replace, at.memory.fleet(name).ladder
    if rules is not None and ladder.is_in_vain(rules, at.now):
        text = f"{len(ladder.vain)} that came in place of others failed too; no more are replaced"
        facts: dict[str, Fact] = {"vain": ", ".join(sorted(ladder.vain))}
        yield f"replacing in {name}", Reason(ReasonCode.REPLACING_IN_VAIN, text, facts)


def _fold(drafts: list[Entry], blank: Entry) -> list[Entry]:
    """Keep intents and answers; fold surplus refusals into one entry that says how many."""
    if len(drafts) <= MOST_ENTRIES:
        return drafts
    first = [e for e in drafts if _must_stay(e)]
    rest = [e for e in drafts if not _must_stay(e)]
    room = max(0, MOST_ENTRIES - 1 - len(first))
    folded = len(rest) - room
    text = f"{folded} more refusals and notes of this tick are in its record only"
    more = Reason(ReasonCode.MORE_REFUSED, text, {"count": folded})
    return [*first, *rest[:room], replace(blank, reason=more, subject="this tick")]


def _must_stay(entry: Entry) -> bool:
    return entry.kind is Kind.INTENDED or entry.request is not None or entry.intent is not None
