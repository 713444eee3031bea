"""``trimtab explain``: one entry in full, as a tree: what, why, who allowed it, how to undo it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.tree import Tree

from trimtab import codec
from trimtab.model.assessment import Evidence
from trimtab.model.change import Change, Resize, Reweight
from trimtab.model.effect import Vitals
from trimtab.model.entry import Entry, Kind
from trimtab.model.reason import Fact, Reason
from trimtab.model.verdict import Check
from trimtab.told.words import sentence_of
from trimtab_cli.against import as_data, shown_of
from trimtab_cli.entries import SHORT_ID, line_of
from trimtab_cli.find import Story, find
from trimtab_cli.moments import lasting
from trimtab_cli.plot import Plot
from trimtab_cli.reading import as_told, in_a_line, reading_of
from trimtab_cli.session import Operator, service_named
from trimtab_cli.show import STYLE_OF, console, moment, say_json, say_lines, text
from trimtab_cli.undo import caution_of, commands_of

DONE_NOTHING: Mapping[Kind, str] = {
    Kind.REFUSED: "nothing was done: the guard refused it",
    Kind.SHADOWED: "nothing was done: this lever only observes",
    Kind.AWAITING: "nothing was done: it waits for approval",
}


def explain(
    context: typer.Context,
    entry: Annotated[str, typer.Argument(help="Id of an entry; its beginning or end will do.")],
    service: Annotated[str | None, typer.Option(show_default="all")] = None,
    since: Annotated[str, typer.Option(help="How far back to search.")] = "14d",
    as_json: Annotated[bool, typer.Option("--json", help="The entry and its outcome.")] = False,
) -> None:
    """Explain one entry: evidence, thresholds, guards, before and after, outcome, and undo."""
    operator: Operator = context.obj
    name = service_named(service) if service else None
    back = lasting(since, "--since")
    with operator.deployment() as deployment:
        story = find(deployment, entry, name, back)
        shown = shown_of(story.entry, deployment.ledger)
        read = reading_of(story.entry, deployment.ledger)
    if as_json:
        outcome = codec.encode(story.outcome) if story.outcome else None
        effect = codec.encode(story.effect) if story.effect else None
        told = {"entry": codec.encode(story.entry), "outcome": outcome, "effect": effect}
        thread = [codec.encode(each) for each in story.thread]
        beside = as_data(shown)
        rest = {"stage": story.life.stage, "thread": thread, "expired": story.expired}
        say_json({**told, **rest, "beside_peers": beside, "read": as_told(read)})
    else:
        console().print(tree_of(story))
        for one in shown:
            console().print(Plot(one))
        if read is not None:
            console().print(text(in_a_line(read), "dim"))
        say_lines(_undo_lines(story))


def tree_of(story: Story) -> Tree:
    """The whole story of an entry."""
    entry = story.entry
    head = f"{entry.service}: {entry.kind} at {moment(entry.at)} UTC"
    tree = Tree(text(head, STYLE_OF[entry.kind]), guide_style="dim")
    tree.add(text(f"id {entry.id}", "dim"))
    _add_what(tree, entry)
    _add_why(tree, entry)
    _add_checks(tree, entry.checks)
    label = "ruling" if entry.wanted else "reason"
    ruling = tree.add(text(f"{label}: {_sentence(entry.reason)}", "bold"))
    _add_facts(ruling, entry.reason.facts)
    _add_frame(tree, entry)
    _add_outcome(tree, story)
    _add_effect(tree, story)
    _add_life(tree, story)
    if story.expired:
        tree.add(text(f"expired: {story.expired}", "yellow"))
    if entry.kind in DONE_NOTHING:
        tree.add(text(DONE_NOTHING[entry.kind]))
    return tree


def _add_what(tree: Tree, entry: Entry) -> None:
    if entry.change is None:
        if entry.subject:
            tree.add(text(f"about: {entry.subject}"))
        return
    what = tree.add(text(f"what: {sentence_of(entry.change)}", "bold"))
    for line in _before_and_after(entry.change):
        what.add(text(line))


def _before_and_after(change: Change) -> list[str]:
    match change:
        case Resize():
            return [f"before: {change.before}", f"after:  {change.after}"]
        case Reweight():
            return [
                f"{arn.rsplit(':', 1)[-1]}: {change.before[arn]} -> {weight}"
                for arn, weight in change.after.items()
            ]
        case _:
            return [f"target {change.target} of {change.target_group}, zone {change.zone or '?'}"]


def _add_why(tree: Tree, entry: Entry) -> None:
    if entry.wanted is None:
        return
    why = tree.add(text(f"why: {_sentence(entry.wanted)}", "bold"))
    _add_facts(why, entry.wanted.facts)
    for evidence in entry.evidence:
        why.add(text(_evidence(evidence)))


def _evidence(evidence: Evidence) -> str:
    against = f" against {evidence.peers} peers" if evidence.peers else ""
    return (
        f"{evidence.detector}: {evidence.text}; {evidence.score:g}, threshold "
        f"{evidence.threshold:g}, {evidence.samples} samples{against}, "
        f"since {moment(evidence.since)}"
    )


def _add_checks(tree: Tree, checks: tuple[Check, ...]) -> None:
    if not checks:
        return
    guards = tree.add(text(f"guards: {len(checks)} looked", "bold"))
    for check in checks:
        mark, style = ("passed", "green") if check.passed else ("refused", "red")
        branch = guards.add(text(f"{mark}: {check.guard}: {_sentence(check.reason)}", style))
        _add_facts(branch, check.reason.facts)


def _add_frame(tree: Tree, entry: Entry) -> None:
    mode = f", mode {entry.mode}" if entry.mode else ""
    version = entry.policy_version or "?"
    frame = tree.add(text(f"policy version {version}{mode}, caused by {entry.by}"))
    frame.add(text(f"tick {entry.tick}"))
    if entry.deadline:
        frame.add(text(f"to be carried out by {moment(entry.deadline)} UTC, or not at all"))
    if entry.expects:
        expected = tree.add(text(f"expected: {entry.expects.text}", "bold"))
        for fleet, vitals in entry.expects.before.items():
            expected.add(text(f"{fleet} before: {_shown(_numbers(vitals)) or 'not seen'}", "dim"))


def _add_outcome(tree: Tree, story: Story) -> None:
    outcome = story.outcome
    if outcome is None:
        if story.entry.kind is Kind.INTENDED:
            known = "not in the log any more" if story.expired else "none yet"
            tree.add(text(f"outcome: {known}", "yellow"))
        return
    branch = tree.add(
        text(f"outcome: {outcome.kind} at {moment(outcome.at)} UTC", STYLE_OF[outcome.kind])
    )
    branch.add(text(_sentence(outcome.reason)))
    _add_facts(branch, outcome.reason.facts)
    for call in outcome.calls:
        branch.add(text(f"{call.operation}, AWS request {call.request_id}"))


def _numbers(vitals: Vitals) -> dict[str, Fact]:
    """What was known of a fleet, by name; the codec leaves out what was not."""
    named: dict[str, Fact] = codec.encode(vitals)
    return named


def _add_effect(tree: Tree, story: Story) -> None:
    effect = story.effect
    if effect is not None:
        said = "not known" if effect.kind is Kind.NOTED else str(effect.kind)
        head = f"effect: {said} at {moment(effect.at)} UTC"
        branch = tree.add(text(head, STYLE_OF[effect.kind]))
        branch.add(text(_sentence(effect.reason)))
        _add_facts(branch, effect.reason.facts)
    elif story.entry.expects and story.outcome and story.outcome.kind is Kind.APPLIED:
        tree.add(text("effect: not known yet", "yellow"))


def _add_life(tree: Tree, story: Story) -> None:
    """The stage of the action, and its thread where others have a part in it."""
    life = story.life
    if not life.steps:
        return
    stage = tree.add(text(f"stage: {life.stage}", "bold"))
    if len(story.thread) > 1 + sum(1 for each in (story.outcome, story.effect) if each):
        for entry in story.thread:
            stage.add(line_of(entry))
    for flaw in life.illegal:
        stage.add(text(f"this does not fit: {flaw}", "bold red"))


def _undo_lines(story: Story) -> list[str]:
    """How to take it back; below the tree and never wrapped, so that commands can be copied."""
    entry, outcome = story.entry, story.outcome
    if entry.kind in DONE_NOTHING or entry.inverse is None or story.expired:
        return []
    if outcome is not None and outcome.kind is not Kind.APPLIED:
        return []
    lines = [f"to undo: {sentence_of(entry.inverse)}"]
    lines.append(f"  trimtab undo {shlex.quote(entry.id)} --service {entry.service} --why WHY")
    lines.append("or by hand:")
    lines.append(f"  trimtab pause {entry.service} --why 'undoing {entry.id[-SHORT_ID:]}'")
    lines += [f"  {command}" for command in commands_of(entry.inverse)]
    lines.append(f"  trimtab resume {entry.service}")
    if caution := caution_of(entry.inverse):
        lines.append(f"mind: {caution}")
    return [*lines, "once resumed, it decides anew, on what it then sees"]


def _add_facts(tree: Tree, facts: Mapping[str, Fact]) -> None:
    if facts:
        tree.add(text(_shown(facts), "dim"))


def _shown(facts: Mapping[str, Fact]) -> str:
    return ", ".join(f"{name} {_fact(value)}" for name, value in facts.items())


def _fact(value: Fact) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value) or "-"


def _sentence(reason: Reason) -> str:
    return f"{reason.text} ({reason.code})" if reason.text else str(reason.code)
