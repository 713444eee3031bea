"""What probes and access logs saw, one item per report, gone by itself after a while."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trimtab.adapters import records
from trimtab.adapters.tables import Put, Range, Table, Tables
from trimtab.errors import Malformed, Refused, TrimtabError
from trimtab.model.ids import FleetId, ServiceId
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.report import MOST_TALLIES, Report, bounded, in_order
from trimtab.ports import Reported

MOST_REPORTS = 2_000
"""Of one service that one read takes; more than that is somebody writing without end."""


@dataclass(frozen=True, slots=True)
class TableReports:
    """Port ``Reports`` on the Memory table, in partitions of its own for IAM to tell apart."""

    tables: Tables

    def keep(self, report: Report) -> None:
        """Store a report in the place of the same one, if it was there."""
        if len(report.tallies) > MOST_TALLIES:
            raise Refused(
                f"{len(report.tallies):,} targets in one report of {report.fleet}, it holds "
                f"{MOST_TALLIES:,}; write it in parts"
            )
        item = records.report_item(bounded(report))
        what = f"report of {report.source} on {report.fleet} of {report.service}"
        self.tables.write([Put(Table.MEMORY, item, what, None)])

    def recent(
        self, fleets: Sequence[tuple[ServiceId, FleetId]], since: datetime
    ) -> Mapping[tuple[ServiceId, FleetId], Reported]:
        """What was reported of each fleet, one query a service."""
        wanted: dict[ServiceId, list[FleetId]] = defaultdict(list)
        for service, fleet in fleets:
            wanted[service].append(fleet)
        answers: dict[tuple[ServiceId, FleetId], Reported] = {}
        for service, names in wanted.items():
            found = self._of_service(service, since)
            for name in names:
                answers[service, name] = _of_fleet(found, name)
        return answers

    def _of_service(self, service: ServiceId, since: datetime) -> list[Report] | Reason:
        """Read a service's reports; one that is damaged leaves us not knowing what it said."""
        low = records.stamp(since)
        partition = records.reports_of(service)
        wanted = Range(Table.MEMORY, partition, low, limit=MOST_REPORTS + 1)
        try:
            found = [records.read(Report, item) for item in self.tables.query(wanted)]
        except Malformed as error:
            return Reason(ReasonCode.NOT_SEEN, str(error))
        except TrimtabError as error:
            return Reason(ReasonCode.AWS_ERROR, f"{type(error).__name__}: {error}")
        if len(found) > MOST_REPORTS:
            text = f"more than {MOST_REPORTS:,} reports since {low}: too many to be read"
            return Reason(ReasonCode.PARTIAL_DATA, text)
        if any(report.service != service for report in found):
            return Reason(ReasonCode.NOT_SEEN, f"a report in {partition} is of another service")
        return found


def _of_fleet(found: list[Report] | Reason, fleet: FleetId) -> Reported:
    if isinstance(found, Reason):
        return found
    return in_order([report for report in found if report.fleet == fleet])
