"""trimtab log, explain, pause, resume."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import BLUE, SHOP, an_eject, an_entry, at
from tests.cli.operating import ANN, Terminal
from trimtab import codec
from trimtab.model.assessment import Evidence
from trimtab.model.change import inverse_of
from trimtab.model.effect import Expectation, Vitals
from trimtab.model.entry import Call, Entry, Kind, effect_id, outcome_id
from trimtab.model.ids import EntryId, InstanceId
from trimtab.model.policy import EjectMethod, Lever, Mode
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.verdict import Check

ROOT = Path(__file__).parents[2]
HOSTILE = "[bold red]\x1b[31mred\x1b]0;title\x07 \u202egnp.exe\r\n:smile: =HYPERLINK(1)"


def append(terminal: Terminal, *entries: Entry) -> None:
    for entry in entries:
        assert terminal.state.ledger.append(entry)


EXPECTED = Expectation(
    "by 12:05 it takes no traffic", at(5), {BLUE: Vitals(6, 6, 1, units=4.5)}, carried=True
)


def its_effect(intent: Entry, kind: Kind = Kind.INEFFECTIVE) -> list[Entry]:
    """The outcome of an intent, and five minutes later its effect."""
    bare = replace(intent, deadline=None, expects=None, checks=(), evidence=(), intent=intent.id)
    done = replace(bare, id=outcome_id(intent.id), at=at(1), kind=Kind.APPLIED)
    why = Reason(ReasonCode.MADE_WORSE, "5 of blue carry 6.0 units", {"units": 6.5})
    return [done, replace(done, id=effect_id(intent.id), at=at(6), kind=kind, reason=why)]


def test_explain_shows_what_was_expected_and_what_came_of_it(watched: Terminal) -> None:
    intent = replace(an_ejection(), expects=EXPECTED)
    append(watched, intent, *its_effect(intent))
    watched.now = at(10)

    shown = "\n".join(watched.lines("explain", intent.id))
    assert "expected: by 12:05 it takes no traffic" in shown
    assert "blue before: serving 6, trusted 6, bad 1, units 4.5" in shown
    assert "effect: ineffective at 2026-03-02 12:06:00 UTC" in shown
    assert "5 of blue carry 6.0 units (made_worse)" in shown
    assert "stage: ineffective" in shown
    assert shown == "\n".join(watched.lines("explain", effect_id(intent.id)))
    (told,) = watched.lines("explain", intent.id, "--json")
    assert json.loads(told)["effect"]["reason"]["code"] == "made_worse"


def test_explain_says_that_an_effect_is_not_known_yet(watched: Terminal) -> None:
    intent = replace(an_ejection(), expects=EXPECTED)
    append(watched, intent, its_effect(intent)[0])
    watched.now = at(2)
    assert "effect: not known yet" in "\n".join(watched.lines("explain", intent.id))


def test_the_log_shows_effects_by_kind(watched: Terminal) -> None:
    intent = an_ejection()
    append(watched, intent, *its_effect(intent, Kind.VERIFIED))
    watched.now = at(10)
    (line,) = watched.lines("log", "--kind", "verified")
    assert "put in standby" in line


def an_ejection() -> Entry:
    change = an_eject(1, method=EjectMethod.STANDBY, group="blue-asg")
    evidence = Evidence(
        ReasonCode.METRIC_OUTLIER, 910.0, 358.0, 2, 7, at(-2), "Latency is above its peers'"
    )
    passed = Check("pause", True, Reason(ReasonCode.WITHIN_LIMITS, "not paused"))
    budget = Reason(ReasonCode.WITHIN_LIMITS, "within budget", {"out": 0, "allowed": 1})
    return an_entry(
        lever=Lever.EJECT,
        change=change,
        inverse=inverse_of(change),
        wanted=Reason(ReasonCode.EJECT_OUTLIER, "slower than 7 peers", {"score": 910.0}),
        evidence=(evidence,),
        checks=(passed, Check("fleet_budget", True, budget)),
        policy_version=1,
        mode=Mode.ENFORCE,
    )


def its_outcome(intent: Entry) -> Entry:
    return replace(
        intent,
        id=outcome_id(intent.id),
        at=intent.at + timedelta(seconds=2),
        kind=Kind.APPLIED,
        by="act",
        reason=Reason(ReasonCode.APPLIED, "done, and AWS agreed"),
        intent=intent.id,
        calls=(Call("autoscaling:EnterStandby", "request-1"),),
        evidence=(),
        checks=(),
        deadline=None,
    )


# log


def test_log_shows_the_newest_oldest_first(watched: Terminal) -> None:
    append(watched, *(an_entry(when=at(-n), seed=str(n)) for n in (30, 20, 10)))
    for more in ([], ["--service", "shop"]):
        lines = watched.lines("log", "--limit", "2", "--since", "2h", *more)
        assert [line[:19] for line in lines] == ["2026-03-02 11:40:00", "2026-03-02 11:50:00"]


def test_log_filters_by_time_kind_and_lever(watched: Terminal) -> None:
    ejection = replace(an_ejection(), at=at(-30))
    append(watched, ejection, its_outcome(ejection), an_entry(when=at(-90), seed="old"))

    def kinds(*options: str) -> list[str]:
        return [json.loads(line)["kind"] for line in watched.lines("log", "--json", *options)]

    assert kinds("--since", "1h") == ["intended", "applied"]
    assert kinds("--since", "2026-03-02T10:00", "--until", "1h") == ["intended"]
    assert kinds("--kind", "applied", "--kind", "failed") == ["applied"]
    assert kinds("--lever", "scale", "--since", "2h") == ["intended"]


def test_log_json_is_the_entry_itself(watched: Terminal) -> None:
    append(watched, an_ejection())
    (line,) = watched.lines("log", "--json", "--since", "1h")
    assert codec.decode(Entry, json.loads(line)) == an_ejection()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["log", "--since", "yesterday"], 2, "--since 'yesterday' is no time"),
        (["log", "--since", "1h", "--until", "2h"], 1, "--since is not before --until"),
        (["log", "--service", "nope"], 1, "there is no service 'nope'"),
        (["log", "--service", "#all"], 2, "cannot be the name of a service"),
        (["log", "--kind", "nonsense"], 2, "nonsense"),
        (["explain", "abc"], 2, "too short"),
        (["explain", "ZZZZZZZZ"], 1, "no entry's id begins or ends with 'ZZZZZZZZ'"),
        (["status", "a/b"], 2, "cannot be the name of a service"),
        (["log", "--since", "0001-01-01"], 2, "searched over 400 days at most"),
        (["explain", "ZZZZ", "--since", "9999d"], 2, "searched over 400 days at most"),
        (["pause", "shop", "--why", "x" * 501], 2, "--why has 501 characters"),
        (["pause", "shop"], 2, "a pause needs a reason"),
        (["pause", "shop", "--why", "x", "--for", "soon"], 2, "--for 'soon' is no duration"),
        (["pause", "nope", "--why", "x"], 1, "there is no service 'nope'"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_said_in_a_line(
    watched: Terminal, words: list[str], code: int, says: str
) -> None:
    result = watched.run(*words)
    assert (result.exit_code, says in result.stderr) == (code, True), result.stderr


def test_follow_goes_on_with_what_comes_once(
    watched: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(watched, an_entry(when=at(-1)))
    looks = iter(range(3))

    def sleep(_: float) -> None:
        look = next(looks, None)
        if look is None:
            raise KeyboardInterrupt
        if look == 1:
            append(watched, an_entry(when=at(), seed="new"))

    monkeypatch.setattr("time.sleep", sleep)
    lines = watched.lines("log", "--follow", "--since", "1h")
    assert [line[:19] for line in lines] == ["2026-03-02 11:59:00", "2026-03-02 12:00:00"]


# explain


@pytest.mark.parametrize("part", ["whole", "beginning", "end", "outcome"])
def test_explain_tells_the_whole_story_by_any_part_of_the_id(watched: Terminal, part: str) -> None:
    intent = an_ejection()
    append(watched, intent, its_outcome(intent))
    name = {
        "whole": intent.id,
        "beginning": intent.id[:12].lower(),
        "end": intent.id[-8:],
        "outcome": outcome_id(intent.id),
    }[part]
    shown = "\n".join(watched.lines("explain", name))
    for told in (
        "shop: intended at 2026-03-02 12:00:00 UTC",
        "why: slower than 7 peers (eject_outlier)",
        "metric_outlier: Latency is above its peers'; 910, threshold 358, 2 samples against 7",
        "passed: fleet_budget: within budget (within_limits)",
        "allowed 1, out 0",
        "policy version 1, mode enforce, caused by schedule",
        "to be carried out by 2026-03-02 12:02:00 UTC",
        "outcome: applied at 2026-03-02 12:00:02 UTC",
        "autoscaling:EnterStandby, AWS request request-1",
        f"aws autoscaling exit-standby --instance-ids {intent.change.instance} "  # type: ignore[union-attr]
        "--auto-scaling-group-name blue-asg",
    ):
        assert told in shown


def test_a_command_to_paste_is_one_line_on_a_narrow_screen(
    watched: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    append(watched, an_ejection())
    (line,) = [each for each in watched.lines("explain", an_ejection().id) if " aws " in each]
    assert line.endswith("--auto-scaling-group-name blue-asg")


def test_explain_lists_entries_that_share_the_beginning(watched: Terminal) -> None:
    append(watched, an_entry(seq=0), an_entry(seq=1))
    result = watched.run("explain", an_entry().id[:8])
    assert result.exit_code == 1
    assert "error: 2 entries have such an id" in result.stderr
    assert "#001" in result.stderr


def test_explain_of_a_refusal_says_that_nothing_was_done(watched: Terminal) -> None:
    refused = replace(an_ejection(), kind=Kind.REFUSED, deadline=None)
    append(watched, refused)
    shown = "\n".join(watched.lines("explain", refused.id))
    assert "nothing was done: the guard refused it" in shown
    assert "to undo" not in shown


def test_explain_json_is_the_entry_and_its_outcome(watched: Terminal) -> None:
    intent = an_ejection()
    append(watched, intent, its_outcome(intent))
    (line,) = watched.lines("explain", intent.id, "--json")
    told = json.loads(line)
    assert codec.decode(Entry, told["entry"]) == intent
    assert codec.decode(Entry, told["outcome"]) == its_outcome(intent)


# pause and resume


def test_pause_holds_and_resume_lifts_and_both_are_logged(watched: Terminal) -> None:
    assert watched.lines("pause", "shop", "--why", "deploy", "--for", "2h", "--lever", "eject") == [
        "shop: eject paused until 2026-03-02 14:00:00: deploy"
    ]
    (pause,) = watched.state.store.pauses(SHOP)
    assert (pause.levers, pause.by, pause.until) == (frozenset({Lever.EJECT}), ANN, at(120))
    assert "paused (eject) until 2026-03-02 14:00:00" in "\n".join(watched.lines("status"))
    watched.now = at(1)
    assert watched.lines("resume", "shop") == ["shop: resumed"]
    assert watched.state.store.pauses(SHOP) == ()
    log = [json.loads(line) for line in watched.lines("log", "--json", "--kind", "pause")]
    assert [(each["reason"]["code"], each["by"]) for each in log] == [
        ("pause_set", ANN),
        ("pause_cleared", ANN),
    ]


def test_everything_can_be_paused_and_resume_of_one_service_says_so(watched: Terminal) -> None:
    watched.run("pause", "--why", "incident")
    watched.now = at(1)
    assert watched.lines("resume", "shop") == [
        "shop: resumed",
        f"still paused with everything by {ANN}: incident; `trimtab resume` lifts it",
    ]
    assert "#all" in "\n".join(watched.lines("log", "--kind", "pause"))


def test_saying_the_same_twice_in_one_moment_is_two_entries(watched: Terminal) -> None:
    for words in (["pause", "--why", "x"], ["resume"]) * 2:
        assert watched.run(*words).exit_code == 0
    assert len(watched.lines("log", "--kind", "pause")) == 4


# safety of the terminal


def test_hostile_strings_are_shown_inert(watched: Terminal) -> None:
    change = an_eject(1, instance=InstanceId(HOSTILE))
    entry = replace(
        an_ejection(),
        change=change,
        inverse=inverse_of(change),
        by=HOSTILE,
        subject=HOSTILE,
        wanted=Reason(ReasonCode.EJECT_OUTLIER, HOSTILE, {HOSTILE: HOSTILE}),
    )
    append(watched, entry)
    watched.run("pause", "shop", "--why", HOSTILE)
    for words in (["log"], ["explain", entry.id], ["status"], ["log", "--json"]):
        shown = "".join(watched.lines(*words))
        assert not any(character in shown for character in "\x1b\x07\u202e\r"), words
    shown = "\n".join(watched.lines("explain", entry.id))
    assert "[bold red]red gnp.exe  :smile: =HYPERLINK(1)" in shown


def test_a_hostile_name_is_quoted_in_the_command_to_paste(watched: Terminal) -> None:
    change = an_eject(1, instance=InstanceId("i-1; rm -rf ~"))
    entry = replace(an_ejection(), change=change, inverse=inverse_of(change))
    append(watched, entry)
    shown = "\n".join(watched.lines("explain", entry.id))
    assert "--targets 'Id=i-1; rm -rf ~,Port=8080'" in shown


def test_an_outcome_without_its_intent_is_shown_alone(watched: Terminal) -> None:
    lost = replace(its_outcome(an_ejection()), intent=EntryId("GONE#000"))
    append(watched, lost)
    assert "applied" in watched.lines("explain", lost.id)[0]


def test_examples_apply_to_the_demos_world(terminal: Terminal) -> None:
    from trimtab.model.policy import Policy
    from trimtab_cli.policy.draft import Draft, parse_document
    from trimtab_cli.policy.resolve import resolve
    from trimtab_lab.simulator.simulate import names_of
    from trimtab_lab.world.shop import shop_day

    draft = parse_document((ROOT / "examples/shop.yaml").read_bytes(), "shop.yaml")
    assert isinstance(draft, Draft)
    assert isinstance(resolve(draft, names_of(shop_day())), Policy)
