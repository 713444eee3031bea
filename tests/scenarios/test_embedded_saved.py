"""An embedded AWS saved in a file opens again as it was, for whoever operates it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.scenarios.embedded_shop import A_TARGET_DIES, SHOP, running, shop, stored
from trimtab.errors import Conflict
from trimtab.model.observation import Group
from trimtab.wiring import connect
from trimtab_lab.embedded import local_session, save
from trimtab_lab.simulator.policies import put_policy


def test_a_saved_aws_shows_the_same_log_groups_and_targets(tmp_path: Path) -> None:
    with running(shop(A_TARGET_DIES)) as aws:
        aws.run(12)
        log, now = stored(aws), aws.now
        group = aws.connections.infrastructure.groups(["shop-blue-asg"])["shop-blue-asg"]
        arn = aws.world.target_groups()[0].arn
        targets = aws.world.describe_target_health(arn)
        routes = aws.world.rules()
        save(aws, tmp_path)

    with local_session(tmp_path) as saved:
        ports = connect(saved.settings, saved.session)
        assert saved.now == now
        assert list(ports.ledger.of_day(f"{now:%Y-%m-%d}")) == log
        again = ports.infrastructure.groups(["shop-blue-asg"])["shop-blue-asg"]
        assert isinstance(group, Group)
        assert isinstance(again, Group)
        assert (again.desired, set(again.members)) == (group.desired, set(group.members))
        assert {(t.id, t.state) for t in saved.world.describe_target_health(arn)} == {
            (t.id, t.state) for t in targets
        }
        assert saved.world.rules() == routes


def test_what_an_operator_changes_is_there_the_next_time(tmp_path: Path) -> None:
    with running(shop()) as aws:
        aws.run(2)
        save(aws, tmp_path / "day.json")

    for version in (2, 3):
        with local_session(tmp_path / "day.json") as saved:
            store = connect(saved.settings, saved.session).store
            policy = store.policy(SHOP)
            assert policy is not None
            assert policy.version == version - 1
            later = replace(policy, guard=replace(policy.guard, max_load=1.0 + version / 10))
            saved.world.advance(saved.now)
            put_later(store, later, saved, version)


def test_two_commands_at_once_save_once(tmp_path: Path) -> None:
    file = tmp_path / "day.json"
    with running(shop()) as aws:
        aws.run(1)
        save(aws, file)

    with pytest.raises(Conflict, match="by another command"):
        _disable_while_another_writes(file)


def _disable_while_another_writes(file: Path) -> None:
    with local_session(file) as saved:
        store = connect(saved.settings, saved.session).store
        policy = store.policy(SHOP)
        assert policy is not None
        put_later(store, replace(policy, enabled=False), saved, 1)
        file.write_bytes(file.read_bytes() + b" ")


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "aws.json").write_text('{"format": 99}')
    with pytest.raises(ValueError, match="format 1"), local_session(tmp_path):
        pass


def put_later(store: object, policy: object, saved: object, version: int) -> None:
    """Apply a policy a minute later each time: its log entry has a key of its own."""
    from datetime import timedelta
    from types import SimpleNamespace
    from typing import Any, cast

    at = cast("Any", saved).now + timedelta(minutes=version)
    put_policy(cast("Any", store), cast("Any", policy), cast("Any", SimpleNamespace(now=at)))
