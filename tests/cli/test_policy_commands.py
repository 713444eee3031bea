"""trimtab policy check, apply, show."""

import json
from dataclasses import replace
from pathlib import Path

from tests.builders import SHOP, a_tick, an_eject, at
from tests.cli.operating import ANN, Terminal
from trimtab import codec
from trimtab.errors import Denied, NotFound
from trimtab.model.change import inverse_of, subject_of
from trimtab.model.entry import Kind
from trimtab.model.lease import Lease, Leases
from trimtab.model.memory import Ejection, FleetMemory, Memory
from trimtab.model.policy import Policy
from trimtab.model.reason import ReasonCode


def entries(terminal: Terminal) -> list[tuple[Kind, str, int]]:
    found = terminal.state.ledger.of_service(SHOP, at(-60), at(60))
    return [(entry.kind, entry.by, entry.policy_version) for entry in found]


def test_check_needs_no_aws_and_names_the_service(terminal: Terminal, shop: Path) -> None:
    terminal.broken = Denied("no")
    assert terminal.lines("policy", "check", shop) == [f"{shop}: valid, service shop"]


def test_check_names_mistakes_of_all_files_and_exits_1(terminal: Terminal, tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("service: shop\nfleets: {}\n")
    result = terminal.run("policy", "check", tmp_path / "a.yaml", tmp_path / "b.yaml")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{tmp_path / name}:2:9: fleets: 0 given; expected at least 1"
        for name in ("a.yaml", "b.yaml")
    ]
    assert f"error: 1 mistake in {tmp_path / 'a.yaml'}" in result.stderr


def test_check_of_a_file_that_is_not_there_is_a_usage_error(terminal: Terminal) -> None:
    result = terminal.run("policy", "check", "nowhere.yaml")
    assert (result.exit_code, result.stderr) == (
        2,
        "error: nowhere.yaml cannot be read: No such file or directory\n  check the path\n",
    )


def test_apply_stores_a_version_and_logs_who_did(terminal: Terminal, shop: Path) -> None:
    lines = terminal.lines("policy", "apply", shop)
    assert lines[-1] == "shop: version 1 is in force from the next tick"
    assert entries(terminal) == [(Kind.POLICY, ANN, 1)]


def test_apply_again_changes_nothing(terminal: Terminal, shop: Path) -> None:
    terminal.run("policy", "apply", shop)
    assert terminal.lines("policy", "apply", shop) == [
        "shop: nothing changes, version 1 stays in force"
    ]
    assert len(entries(terminal)) == 1


def test_apply_shows_what_changes(terminal: Terminal, shop: Path) -> None:
    terminal.run("policy", "apply", shop)
    shop.write_text(shop.read_text().replace("max: 40", "max: 20"))
    lines = terminal.lines("policy", "apply", shop)
    assert [line for line in lines if line[:2] in ("- ", "+ ")] == ["-  max: 40", "+  max: 20"] or (
        "-  max: 40" in lines and "+  max: 20" in lines
    )
    assert lines[-1] == "shop: version 2 is in force from the next tick"


def test_a_dry_run_stores_nothing(terminal: Terminal, shop: Path) -> None:
    assert terminal.lines("policy", "apply", shop, "--dry-run")[-1] == (
        "dry run: nothing was stored"
    )
    assert terminal.state.store.policy(SHOP) is None
    assert entries(terminal) == []


def test_apply_refuses_mistakes_and_unknown_names_and_stores_nothing(
    terminal: Terminal, shop: Path
) -> None:
    good = shop.read_text()
    for bad in (good.replace("enforce", "enfroce"), good.replace("shop-blue,", "nope,")):
        shop.write_text(bad)
        result = terminal.run("policy", "apply", shop)
        assert result.exit_code == 1
        assert f"error: {shop} was not applied" in result.stderr
    assert terminal.state.store.services() == ()


def test_show_prints_a_document_that_applies_as_the_same_policy(
    terminal: Terminal, shop: Path, tmp_path: Path
) -> None:
    terminal.run("policy", "apply", shop)
    shown = tmp_path / "shown.yaml"
    shown.write_text("\n".join(terminal.lines("policy", "show", "shop")))
    assert terminal.lines("policy", "apply", shown) == [
        "shop: nothing changes, version 1 stays in force"
    ]


def test_show_gives_the_stored_json_of_any_version(terminal: Terminal, shop: Path) -> None:
    terminal.run("policy", "apply", shop)
    shop.write_text(shop.read_text().replace("max: 40", "max: 20"))
    terminal.run("policy", "apply", shop)
    (line,) = terminal.lines("policy", "show", "shop", "--version", "1", "--json")
    policy = codec.decode(Policy, json.loads(line))
    assert (policy.version, policy.scaling.max_size) == (1, 40)


def test_show_of_an_unknown_service_suggests_one(terminal: Terminal, shop: Path) -> None:
    terminal.run("policy", "apply", shop)
    result = terminal.run("policy", "show", "shpo")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: there is no service 'shpo'\n  did you mean shop?\n",
    )


def test_an_unknown_version_is_refused(terminal: Terminal, shop: Path) -> None:
    terminal.run("policy", "apply", shop)
    result = terminal.run("policy", "show", "shop", "--version", "7")
    assert (result.exit_code, "shop has no version 7" in result.stderr) == (1, True)


def test_a_missing_table_says_which_stack(terminal: Terminal, shop: Path) -> None:
    terminal.broken = NotFound("dynamodb:GetItem on trimtab-memory: no such table")
    result = terminal.run("policy", "apply", shop)
    assert (result.exit_code, result.stderr) == (
        3,
        "error: dynamodb:GetItem on trimtab-memory: no such table\n"
        "  is stack 'trimtab' deployed here? name another with --stack or --region\n",
    )


def test_a_denied_call_says_which_permission(terminal: Terminal, shop: Path) -> None:
    terminal.broken = Denied("dynamodb:PutItem on memory: allow the role dynamodb:PutItem on it")
    result = terminal.run("policy", "apply", shop)
    assert result.exit_code == 3
    assert "dynamodb:PutItem" in result.stderr
    assert "--profile" in result.stderr


def test_apply_leaves_nobody_behind_unless_told_to(terminal: Terminal, shop: Path) -> None:
    terminal.lines("policy", "apply", shop)
    policy = terminal.state.store.policy(SHOP)
    assert policy is not None
    fleet = next(iter(policy.fleets))
    out = Ejection(an_eject(7), ReasonCode.EJECT_OUTLIER, at(-5), at(5), 1)
    held = Memory(fleets={fleet: FleetMemory(ejected={an_eject(7).target: out})})
    lease = Lease(subject_of(out.eject), inverse_of(out.eject), at(17), "taken out")
    tick = replace(a_tick(policy=policy), memory=held, leases=Leases(1, (lease,)))
    terminal.state.ledger.commit(tick)

    shop.write_text(shop.read_text().replace("mode: enforce", "mode: observe"))
    result = terminal.run("policy", "apply", shop)
    assert result.exit_code == 1
    assert f"no tick would bring back {fleet}/{an_eject(7).target}" in result.stderr
    assert "the warden gives them back" in result.stderr
    lines = terminal.lines("policy", "apply", shop, "--leave-behind")
    assert lines[-2] == (
        f"left behind: {fleet}/{an_eject(7).target}; the warden gives it back once its lease runs "
        "out at 2026-03-02 12:17:00 UTC"
    )
    assert lines[-1] == "shop: version 2 is in force from the next tick"
