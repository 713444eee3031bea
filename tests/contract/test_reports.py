"""Reports are kept and read alike in memory and on DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from tests.builders import BLUE, GREEN, a_report, a_target, at
from tests.contract.deployments import Deployment
from trimtab.adapters import records
from trimtab.adapters import reports as adapter
from trimtab.adapters.reports import TableReports
from trimtab.adapters.tables import Put, Range, Table
from trimtab.errors import Refused
from trimtab.model.ids import ServiceId, Zone
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.report import MOST_ERROR, MOST_TALLIES, Report, Source, Tally


@pytest.fixture
def service() -> ServiceId:
    return ServiceId(f"shop-{uuid4()}")


def read(here: Deployment, service: ServiceId, minutes: float = -10) -> tuple[Report, ...]:
    found = TableReports(here.tables).recent([(service, BLUE)], at(minutes))[service, BLUE]
    assert not isinstance(found, Reason)
    return found


def test_nothing_was_reported_at_first(here: Deployment, service: ServiceId) -> None:
    assert read(here, service) == ()
    assert TableReports(here.tables).recent([], at()) == {}


def test_what_is_kept_is_read_oldest_first_by_fleet_and_since(
    here: Deployment, service: ServiceId
) -> None:
    reports = TableReports(here.tables)
    kept = [a_report(m, zone, service=service) for m in (-1, -3, -2) for zone in ("b", "a")]
    other = a_report(-1, service=service, fleet=GREEN)
    for report in (*kept, other, a_report(-1, service=ServiceId(f"{service}-twin"))):
        reports.keep(report)
    found = reports.recent([(service, BLUE), (service, GREEN)], at(-2))
    expected = sorted(kept, key=lambda r: (r.minute, r.zone))[2:]
    assert found == {(service, BLUE): tuple(expected), (service, GREEN): (other,)}


def test_the_same_report_again_takes_its_place_and_late_ones_are_sorted_in(
    here: Deployment, service: ServiceId
) -> None:
    reports = TableReports(here.tables)
    first = a_report(-1, failing=[1], service=service)
    again = replace(first, tallies={a_target(1).id: Tally(1, 0)})
    late = a_report(-4, service=service)
    for report in (first, again, again, late):
        reports.keep(report)
    assert read(here, service) == (late, again)


def test_parts_sources_and_places_stand_side_by_side(here: Deployment, service: ServiceId) -> None:
    one = a_report(-1, service=service)
    others = (
        replace(one, zone=Zone("b")),
        replace(one, source=Source.ACCESS_LOGS, part="e1"),
        replace(one, source=Source.ACCESS_LOGS, part="e2"),
    )
    for report in (one, *others):
        TableReports(here.tables).keep(report)
    assert len(read(here, service)) == 4


def test_what_a_target_says_of_itself_is_bounded_before_it_is_stored(
    here: Deployment, service: ServiceId
) -> None:
    said = Tally(-4, 9, float("nan"), "x\x1b[2J\n\u202e" + "y" * 500)
    TableReports(here.tables).keep(
        replace(a_report(-1, service=service), tallies={a_target(1).id: said})
    )
    (report,) = read(here, service)
    tally = report.tallies[a_target(1).id]
    assert (tally.asked, tally.failed, tally.seconds) == (0, 0, None)
    assert len(tally.last_error) == MOST_ERROR
    assert tally.last_error.startswith("x?[2J??y")
    assert tally.last_error.isprintable()


def test_a_report_of_everybody_fits_and_one_of_more_is_refused(
    here: Deployment, service: ServiceId
) -> None:
    tallies = {a_target(n).id: Tally(1, n % 2, n / 7, "x" * 80) for n in range(MOST_TALLIES)}
    report = replace(a_report(-1, service=service), tallies=tallies)
    TableReports(here.tables).keep(report)
    assert read(here, service) == (report,)
    more = tallies | {a_target(MOST_TALLIES).id: Tally(1, 0)}
    with pytest.raises(Refused, match="in parts"):
        TableReports(here.tables).keep(replace(report, tallies=more))


def test_a_damaged_report_leaves_us_not_knowing_and_others_knowing(
    here: Deployment, service: ServiceId
) -> None:
    item = records.report_item(a_report(-1, service=service))
    here.tables.write([Put(Table.MEMORY, {**item, "body": "{"}, "a damaged report", None)])
    other = ServiceId(f"{service}-other")
    good = a_report(-1, service=other)
    TableReports(here.tables).keep(good)
    found = TableReports(here.tables).recent([(service, BLUE), (other, BLUE)], at(-5))
    assert isinstance(found[service, BLUE], Reason)
    assert found[other, BLUE] == (good,)


def test_a_report_in_another_services_partition_is_not_believed(
    here: Deployment, service: ServiceId
) -> None:
    item = records.report_item(a_report(-1, service=service))
    wrong = records.report_item(a_report(-1))
    here.tables.write([Put(Table.MEMORY, {**item, "body": wrong["body"]}, "misplaced", None)])
    found = TableReports(here.tables).recent([(service, BLUE)], at(-5))
    assert isinstance(found[service, BLUE], Reason)


def test_more_reports_than_can_be_read_are_a_reason(
    here: Deployment, service: ServiceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "MOST_REPORTS", 2)
    for minute in (-1, -2, -3):
        TableReports(here.tables).keep(a_report(minute, service=service))
    found = TableReports(here.tables).recent([(service, BLUE)], at(-5))[service, BLUE]
    assert isinstance(found, Reason)
    assert found.code is ReasonCode.PARTIAL_DATA


def test_it_goes_by_itself_after_a_while(here: Deployment, service: ServiceId) -> None:
    TableReports(here.tables).keep(a_report(0, service=service))
    (row,) = here.tables.query(Range(Table.MEMORY, records.reports_of(service)))
    assert row["expires"] == int(at(120).timestamp())
