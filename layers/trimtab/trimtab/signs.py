"""Signs: what is asked beyond health and load, for all services of a batch together.

Tags, notices and deployments are asked for only where something is the matter, or somebody asks:
that is when anything may follow of them, and a quiet fleet costs nothing. The machines are asked
first and every time, as they may be ill while the load balancer is content, but only if the policy
says so. What they, our probe or the access logs say may be proof at once: then who forbids to act
on it is asked in the same tick.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from trimtab.assess.detect import detect
from trimtab.assess.look import Look
from trimtab.model.detectors import Detector, Use
from trimtab.model.ids import Arn, FleetId, InstanceId, ServiceId
from trimtab.model.memory import FleetMemory
from trimtab.model.observation import FleetSeen, Gap, Observation, TargetState
from trimtab.model.reason import Reason
from trimtab.model.signs import Closer, Machine, Marks, Notice
from trimtab.model.tick import Remembered
from trimtab.ports import Signs

T = TypeVar("T")
Place = tuple[ServiceId, FleetId]

AN_INSTANCE = "i-"
"""How instance ids begin; an address is no machine of which EC2 could tell."""


def is_doubtful(seen: FleetSeen, memory: FleetMemory) -> bool:
    """Tell whether anything may be done to a target of the fleet this tick."""
    if seen.looked_closely or memory.findings or memory.shadowed or memory.ejected:
        return True
    doubted = (TargetState.UNHEALTHY, TargetState.UNAVAILABLE)
    return any(t.state in doubted or t.anomalous for t in seen.targets or ())


def with_signs(
    signs: Signs,
    stored: Mapping[ServiceId, Remembered],
    seen: Mapping[ServiceId, Observation],
    urgent: Set[ServiceId],
) -> dict[ServiceId, Observation]:
    """Add to each observation what a closer look shows of its fleets.

    ``urgent`` services were asked for by more than the schedule.
    """
    doubted = {
        (name, fleet)
        for name, held in stored.items()
        for fleet, at in seen[name].fleets.items()
        if name in urgent or is_doubtful(at, held.memory.fleet(fleet))
    }
    answers = _Answers(signs, stored, seen, doubted)
    return {name: answers.added_to(one) for name, one in seen.items()}


class _Answers:
    """Everything that is asked, each once, and what each fleet is to know of it."""

    def __init__(
        self,
        signs: Signs,
        stored: Mapping[ServiceId, Remembered],
        seen: Mapping[ServiceId, Observation],
        doubted: Set[Place],
    ) -> None:
        self._stored = stored
        self._policies = {name: held.policy for name, held in stored.items()}
        self._held = {
            (name, fleet): frozenset(e.eject.instance for e in memory.ejected.values())
            for name, held in stored.items()
            for fleet, memory in held.memory.fleets.items()
        }
        machines = sorted(set(self._machines_to_ask(seen)))
        self._machines = signs.machines(machines) if machines else {}
        self._doubted = doubted | {
            (name, fleet)
            for name, one in seen.items()
            for fleet, at in one.fleets.items()
            if (name, fleet) not in doubted and self._finds((name, fleet), at, one.now)
        }
        self._ask_where_in_doubt(signs, seen)

    def _ask_where_in_doubt(self, signs: Signs, seen: Mapping[ServiceId, Observation]) -> None:
        doubted = sorted(self._doubted)
        known = [p for p in doubted if seen[p[0]].fleets[p[1]].targets is not None]
        arns = [self._target_group(p) for p in known]
        self._marks = signs.marks(list(dict.fromkeys(arns))) if arns else {}
        self._untouchable = signs.untouchable() if doubted else frozenset[InstanceId]()
        grouped = list(dict.fromkeys(g for p in doubted if (g := self._group(p))))
        self._refreshes = signs.refreshes(grouped) if grouped else {}
        wants_notices = any(self._uses(p, Detector.NOTICES) for p in doubted)
        self._notices = signs.notices() if wants_notices else {}

    def _finds(self, place: Place, at: FleetSeen, now: datetime) -> bool:
        """Tell whether machines or reports speak against anybody in a fleet that is quiet else."""
        machines = self._ill_machines(place, at)
        if not machines and not at.reports:
            return False
        held = self._stored[place[0]]
        told = replace(at, closer=Closer(machines=machines))
        return bool(detect(Look(told, held.policy, held.memory.fleet(place[1]), now)).found)

    def _ill_machines(self, place: Place, at: FleetSeen) -> Mapping[InstanceId, Machine]:
        if isinstance(self._machines, Reason) or not self._uses(place, Detector.MACHINE):
            return {}
        here = self._here(place, at)
        return {i: m for i, m in self._machines.items() if i in here}

    def _here(self, place: Place, at: FleetSeen) -> Set[InstanceId]:
        return {t.instance for t in at.targets or ()} | self._held.get(place, frozenset())

    def _uses(self, place: Place, detector: Detector) -> bool:
        return self._policies[place[0]].health.use(detector) is not Use.OFF

    def _target_group(self, place: Place) -> Arn:
        return self._policies[place[0]].fleets[place[1]].target_group

    def _group(self, place: Place) -> str | None:
        return self._policies[place[0]].fleets[place[1]].group

    def _machines_to_ask(self, seen: Mapping[ServiceId, Observation]) -> Iterator[InstanceId]:
        for name, one in seen.items():
            for fleet, at in one.fleets.items():
                if self._uses((name, fleet), Detector.MACHINE):
                    yield from _running(at)
                    members = {m.instance for m in at.group.members} if at.group else set()
                    yield from members & self._held.get((name, fleet), frozenset())

    def added_to(self, seen: Observation) -> Observation:
        gaps = list(seen.gaps)
        fleets = {
            name: self._fleet((seen.service, name), fleet, gaps)
            for name, fleet in seen.fleets.items()
        }
        return replace(seen, fleets=fleets, gaps=tuple(gaps))

    def _fleet(self, place: Place, seen: FleetSeen, gaps: list[Gap]) -> FleetSeen:
        asks_machines = self._uses(place, Detector.MACHINE)
        if place not in self._doubted and not asks_machines:
            return seen
        here = self._here(place, seen)

        def known(what: str, answer: T | Reason, otherwise: T) -> T:
            if isinstance(answer, Reason):
                gaps.append(Gap(what, place[1], answer))
                return otherwise
            return answer

        if asks_machines and isinstance(self._machines, Reason):
            gaps.append(Gap("machines", place[1], self._machines))
        closer = Closer(machines=self._ill_machines(place, seen))
        if place in self._doubted:
            marks = known("tags", self._marks.get(self._target_group(place), Marks()), Marks())
            tagged = known("instance_tags", self._untouchable, frozenset[InstanceId]())
            group = self._group(place)
            refresh = known("refresh", self._refreshes.get(group, ""), "") if group else ""
            closer = replace(closer, marks=marks, refresh=refresh)
            members = {m.instance for m in (seen.group.members if seen.group else ())}
            closer = replace(closer, untouchable=frozenset(tagged & (here | members)))
            if self._uses(place, Detector.NOTICES):
                none: Mapping[InstanceId, Notice] = {}
                notices = known("notices", self._notices, none)
                closer = replace(closer, notices={i: n for i, n in notices.items() if i in here})
        return replace(seen, closer=closer)


def _running(seen: FleetSeen) -> Iterator[InstanceId]:
    """Name the instances that may serve: EC2 knows no address, and forgets what has ended."""
    here = (TargetState.HEALTHY, TargetState.UNHEALTHY, TargetState.INITIAL)
    for target in seen.targets or ():
        if target.state in here and target.instance.startswith(AN_INSTANCE):
            yield target.instance
