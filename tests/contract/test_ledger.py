"""What the port ``Ledger`` promises, in memory and on DynamoDB."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import (
    BLUE,
    NOON,
    SHOP,
    a_policy,
    a_target,
    a_tick,
    an_entry,
    at,
    believed,
    seen_targets,
)
from tests.contract.deployments import Deployment
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.records import at_id, entry_item, tick_item
from trimtab.adapters.tables import Put, Range, Table
from trimtab.errors import Conflict, Malformed, Refused
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import EntryId, InstanceId, ServiceId
from trimtab.model.memory import FleetMemory, Memory
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Inputs, Remembered, Tick
from trimtab.ports import MOST_ENTRIES

WEB = ServiceId("web")


def with_policy(here: Deployment, service: str = SHOP) -> Deployment:
    when = at(-60)
    here.store.apply_policy(
        a_policy(service), frozenset(), an_entry(service, when, kind=Kind.POLICY)
    )
    return here


def remembered(here: Deployment, service: ServiceId = SHOP) -> Memory:
    held = here.store.recall([service])[service]
    assert isinstance(held, Remembered)
    return held.memory


def ticks(here: Deployment) -> list[Tick]:
    return list(here.ledger.ticks(SHOP, at(-60), at(60), limit=100))


def logged(here: Deployment, service: ServiceId = SHOP) -> list[Entry]:
    return list(here.ledger.of_service(service, at(-30), at(1000)))


def an_outcome(intent: Entry, minutes: float) -> Entry:
    return replace(
        intent, id=outcome_id(intent.id), at=at(minutes), kind=Kind.APPLIED, intent=intent.id,
        deadline=None,
    )  # fmt: skip


def test_a_commit_keeps_memory_record_and_entries_exactly(here: Deployment) -> None:
    with_policy(here)
    memory = Memory(fleets={BLUE: FleetMemory(demand=5.25, demand_at=NOON)})
    tick = a_tick(memory=Memory(), entries=(an_entry(seq=0), an_entry(seq=1)))
    tick = replace(tick, memory=memory)
    here.ledger.commit(tick)
    assert remembered(here) == replace(memory, version=1)
    assert ticks(here) == [tick]
    assert logged(here) == [an_entry(seq=0), an_entry(seq=1)]


def test_commits_follow_one_another_when_each_read_the_last(here: Deployment) -> None:
    with_policy(here)
    for minute in range(3):
        here.ledger.commit(a_tick(memory=remembered(here), when=at(minute)))
    assert remembered(here).version == 3
    assert [tick.now for tick in ticks(here)] == [at(2), at(1), at(0)]


def test_of_two_commits_from_the_same_version_one_stands_and_the_other_leaves_nothing(
    here: Deployment,
) -> None:
    with_policy(here)
    winner = a_tick(entries=(an_entry(seed="winner"),))
    loser = a_tick(when=at(0.5), id="LOSER", entries=(an_entry(seed="loser"),))
    late = here.interrupted(lambda: here.ledger.commit(winner))
    with pytest.raises(Conflict, match="memory of shop"):
        late.ledger.commit(loser)
    assert remembered(here).version == 1
    assert ticks(here) == [winner]
    assert logged(here) == [an_entry(seed="winner")]


def test_a_commit_under_a_policy_no_longer_in_force_leaves_nothing(here: Deployment) -> None:
    with_policy(here)
    newer = an_entry(when=at(-50), kind=Kind.POLICY)
    late = here.interrupted(
        lambda: here.store.apply_policy(a_policy(enabled=False), frozenset(), newer)
    )
    with pytest.raises(Conflict, match="policy of shop"):
        late.ledger.commit(a_tick(entries=(an_entry(),)))
    assert (remembered(here), ticks(here), logged(here)) == (Memory(), [], [])


def test_a_commit_without_any_policy_leaves_nothing(here: Deployment) -> None:
    with pytest.raises(Conflict):
        here.ledger.commit(a_tick(entries=(an_entry(),)))
    assert (ticks(here), logged(here)) == ([], [])


def test_a_commit_with_an_entry_that_exists_leaves_nothing_else(here: Deployment) -> None:
    with_policy(here)
    here.ledger.append(an_entry(seq=1, by="somebody"))
    with pytest.raises(Conflict, match="log entry shop/"):
        here.ledger.commit(a_tick(entries=(an_entry(seq=0), an_entry(seq=1))))
    assert (remembered(here), ticks(here)) == (Memory(), [])
    assert logged(here) == [an_entry(seq=1, by="somebody")]


def test_the_same_tick_is_not_recorded_twice(here: Deployment) -> None:
    with_policy(here)
    here.ledger.commit(a_tick(id="TICK"))
    with pytest.raises(Conflict, match="record of tick TICK"):
        here.ledger.commit(a_tick(id="TICK", memory=remembered(here)))
    assert len(ticks(here)) == 1


def test_two_ticks_of_one_moment_do_not_collide(here: Deployment) -> None:
    with_policy(here)
    here.ledger.commit(a_tick(id="A"))
    here.ledger.commit(a_tick(id="B", memory=remembered(here)))
    assert [tick.id for tick in ticks(here)] == ["B", "A"]


def test_as_many_entries_as_promised_fit_and_one_more_is_refused(here: Deployment) -> None:
    with_policy(here)
    entries = tuple(an_entry(seq=n) for n in range(MOST_ENTRIES + 1))
    with pytest.raises(Refused, match=f"{MOST_ENTRIES + 1} log entries, at most {MOST_ENTRIES}"):
        here.ledger.commit(a_tick(entries=entries))
    assert logged(here) == []
    here.ledger.commit(a_tick(entries=entries[:MOST_ENTRIES]))
    assert logged(here) == list(entries[:MOST_ENTRIES])


def a_random_instance(number: int) -> InstanceId:
    """An id that does not compress, as those of AWS."""
    return InstanceId(f"i-{hashlib.sha256(str(number).encode()).hexdigest()[:17]}")


def test_a_memory_too_big_for_an_item_is_refused_and_nothing_written(here: Deployment) -> None:
    with_policy(here)
    memory = Memory(
        fleets={BLUE: FleetMemory(warming={a_random_instance(n): NOON for n in range(40_000)})}
    )
    with pytest.raises(Refused, match=r"of shop.* bytes"):
        here.ledger.commit(replace(a_tick(entries=(an_entry(),)), memory=memory))
    assert (remembered(here), ticks(here), logged(here)) == (Memory(), [], [])


def test_an_entry_too_big_for_an_item_is_refused(here: Deployment) -> None:
    with pytest.raises(Refused, match="log entry shop/"):
        here.ledger.append(an_entry(subject="x" * 410_000))


def test_a_tick_too_big_for_an_item_is_recorded_without_its_targets_and_says_so(
    here: Deployment,
) -> None:
    with_policy(here)
    dice = random.Random(7)
    targets = tuple(
        a_target(instance=InstanceId(f"i-{dice.getrandbits(68):017x}")) for _ in range(20_000)
    )
    tick = a_tick(belief=believed(targets))
    inputs = Inputs(seen_targets(targets), tick.inputs.policy, tick.inputs.memory)
    here.ledger.commit(replace(tick, inputs=inputs))
    recorded = ticks(here)[0]
    assert recorded.inputs.seen.fleets[BLUE].targets is None
    assert recorded.belief.fleets[BLUE].targets is None
    assert recorded.inputs.seen.gaps[0].what == "tick_record"
    assert remembered(here).version == 1


def test_an_entry_is_appended_once_and_the_first_stands(here: Deployment) -> None:
    assert here.ledger.append(an_entry(by="first"))
    assert not here.ledger.append(an_entry(by="second"))
    assert here.ledger.entry(SHOP, an_entry().id) == an_entry(by="first")


def test_an_intent_gets_one_outcome_whoever_comes_twice(here: Deployment) -> None:
    intent = an_entry()
    failed = replace(an_outcome(intent, 2), kind=Kind.FAILED)
    assert here.ledger.append(an_outcome(intent, 1))
    assert not here.ledger.append(failed)
    assert here.ledger.entry(SHOP, outcome_id(intent.id)) == an_outcome(intent, 1)


def test_an_entry_that_is_not_there_is_none(here: Deployment) -> None:
    here.ledger.append(an_entry())
    assert here.ledger.entry(WEB, an_entry().id) is None


def test_entries_are_those_that_exist_of_those_named(here: Deployment) -> None:
    kept = [an_entry(seq=n) for n in range(3)]
    for entry in kept:
        here.ledger.append(entry)
    absent = [EntryId(f"absent-{n}") for n in range(150)]  # more than one batch
    found = here.ledger.entries(SHOP, [*absent, *(e.id for e in kept), kept[0].id])
    assert found == {entry.id: entry for entry in kept}
    assert here.ledger.entries(SHOP, []) == {}


def test_a_services_log_is_in_order_of_time_however_late_an_outcome_came(here: Deployment) -> None:
    first, second = an_entry(when=at(0)), an_entry(when=at(60))
    late = an_outcome(first, minutes=60 * 13)  # the next day, long after the second
    for entry in (late, second, first, an_entry(WEB, when=at(30))):
        here.ledger.append(entry)
    assert logged(here) == [first, second, late]
    backwards = here.ledger.of_service(SHOP, at(-30), at(1000), newest_first=True)
    assert list(backwards) == [late, second, first]


def test_a_services_log_starts_at_since_and_ends_before_until(here: Deployment) -> None:
    entries = [an_entry(when=at(minute)) for minute in range(4)]
    for entry in entries:
        here.ledger.append(entry)
    assert list(here.ledger.of_service(SHOP, at(1), at(3))) == entries[1:3]
    assert list(here.ledger.of_service(SHOP, at(3), at(1))) == []
    assert list(here.ledger.of_service(WEB, at(0), at(9))) == []


def test_a_log_asked_for_since_ever_starts_with_its_first_entry(here: Deployment) -> None:
    here.ledger.append(an_entry())
    ever = NOON.replace(year=1)
    assert list(here.ledger.of_service(SHOP, ever, at(1))) == [an_entry()]
    with pytest.raises(Refused, match="days of log"):
        list(here.ledger.of_service(SHOP, ever, NOON.replace(year=9999)))


def test_a_day_shows_all_services_in_order_of_time_and_goes_on_where_it_stopped(
    here: Deployment,
) -> None:
    entries = [an_entry(service, when=at(m)) for m, service in enumerate([SHOP, WEB, SHOP])]
    for entry in (*reversed(entries), an_entry(when=at(60 * 13))):
        here.ledger.append(entry)
    assert list(here.ledger.of_day("2026-03-02")) == entries
    assert list(here.ledger.of_day("2026-03-02", after=at_id(entries[0]))) == entries[1:]
    assert list(here.ledger.of_day("2026-03-01")) == []


def test_of_two_entries_at_one_moment_the_second_follows_the_first(here: Deployment) -> None:
    intent = an_entry()
    at_once = an_outcome(intent, 0)
    here.ledger.append(at_once)
    here.ledger.append(intent)
    assert list(here.ledger.of_day("2026-03-02", after=at_id(intent))) == [at_once]


def test_more_log_than_one_page_holds_is_read_to_its_end(here: Deployment) -> None:
    wide = [an_entry(seq=n, subject="x" * 60_000) for n in range(20)]  # 1.2 MB, a page is 1 MB
    for entry in wide:
        here.ledger.append(entry)
    assert list(here.ledger.of_service(SHOP, at(-1), at(1))) == wide
    assert list(here.ledger.of_day("2026-03-02")) == wide


def test_ticks_come_newest_first_within_a_time_and_a_limit(here: Deployment) -> None:
    with_policy(here)
    for minute in range(5):
        here.ledger.commit(a_tick(memory=remembered(here), when=at(minute)))
    found = here.ledger.ticks(SHOP, at(1), at(4), limit=2)
    assert [tick.now for tick in found] == [at(3), at(2)]
    assert [t.now for t in here.ledger.ticks(SHOP, at(1), at(4), limit=9)] == [at(3), at(2), at(1)]
    assert list(here.ledger.ticks(WEB, at(0), at(9), limit=5)) == []


def test_a_tick_record_tells_when_it_expires(here: Deployment) -> None:
    with_policy(here)
    here.ledger.commit(a_tick())
    item = next(here.tables.query(Range(Table.TICKS, SHOP)))
    assert item["expires"] == int((NOON + timedelta(days=14)).timestamp())
    assert item["whole"] is True


def test_a_ledger_that_keeps_no_ticks_still_keeps_memory_and_entries(here: Deployment) -> None:
    with_policy(here)
    TableLedger(here.tables, keep=None).commit(a_tick(entries=(an_entry(),)))
    assert (remembered(here).version, logged(here), ticks(here)) == (1, [an_entry()], [])


def test_a_damaged_entry_names_itself(here: Deployment) -> None:
    item = {**entry_item(an_entry()), "body": "{"}
    here.tables.write([Put(Table.LOG, item, "damage")])
    with pytest.raises(Malformed, match=f"shop/{an_entry().id}"):
        here.ledger.entry(SHOP, an_entry().id)


def test_a_damaged_tick_record_names_itself(here: Deployment) -> None:
    whole = tick_item(a_tick(), timedelta(days=1))
    body = whole["body"]
    assert isinstance(body, bytes)
    here.tables.write([Put(Table.TICKS, {**whole, "body": body[:-9]}, "damage")])
    with pytest.raises(Malformed, match="shop/2026-03-02T12:00:00"):
        ticks(here)


def test_what_people_wrote_survives_unchanged(here: Deployment) -> None:
    reason = Reason(
        ReasonCode.PAUSE_SET, "déploiement «v2» \u202e\x1b[31m 🚀", {"n": 1.5, "b": None}
    )
    here.ledger.append(an_entry(reason=reason))
    found = here.ledger.entry(SHOP, an_entry().id)
    assert found is not None
    assert found.reason == reason
