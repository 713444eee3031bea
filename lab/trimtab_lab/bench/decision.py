"""How long the pure part of a tick takes, by number of targets."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from trimtab.assess import assess
from trimtab.assess.columns import Samples
from trimtab.codec import dumps
from trimtab.loop import think
from trimtab.model.observation import Observation
from trimtab_lab.bench.crowd import Sight, crowd

SIZES = (20, 1_000, 10_000)
ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Assessing:
    """Milliseconds of looking at what is given one by one, and of ``assess`` alone, in turns.

    ``columns_ms`` are for laying the series side by side, which observing does before.
    """

    reading_ms: float
    ms: float
    columns_ms: float

    @property
    def times_reading(self) -> float:
        """How many times as long: this hardly depends on the machine, or on what else it does."""
        return self.ms / self.reading_ms


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds for a number of targets, and microseconds for each of them."""

    targets: int
    assessing: Mapping[str, Assessing]
    """By how much is seen of each target."""
    think_ms: float
    record_ms: float
    verdicts: int

    @property
    def us_per_target(self) -> float:
        """Microseconds of deciding per target: constant if growth is linear."""
        return self.think_ms * 1000 / self.targets


def time_decisions(sizes: tuple[int, ...] = SIZES, rounds: int = ROUNDS) -> list[Timing]:
    """Time assess alone; all of assess, decide, guard and remember; and writing the tick's record.

    The median of ``rounds``, after one to warm up, in this thread's own time: what other programs
    do meanwhile is not counted.
    """
    timings = []
    for size in sizes:
        inputs = crowd(size)
        tick = think(inputs, "bench")
        thinking = [_ms(partial(think, inputs, "bench")) for _ in range(rounds)]
        recording = [_ms(partial(dumps, tick)) for _ in range(max(1, rounds // 2))]
        timings.append(
            Timing(
                targets=size,
                assessing={sight.value: _assessing(size, sight, rounds) for sight in Sight},
                think_ms=statistics.median(thinking),
                record_ms=statistics.median(recording),
                verdicts=len(tick.verdicts),
            )
        )
    return timings


def _assessing(size: int, sight: Sight, rounds: int) -> Assessing:
    given = crowd(size, sight)
    work = partial(assess, given.seen, given.policy, given.memory)
    reading = partial(_read, given.seen)
    series = [dict(m) for f in given.seen.fleets.values() for m in (f.metrics or {}).values()]
    work()
    turns = [
        (_ms(reading), _ms(work), _ms(lambda: [Samples(one) for one in series]))
        for _ in range(rounds)
    ]
    read, assessed, laid = map(statistics.median, zip(*turns, strict=True))
    return Assessing(reading_ms=read, ms=assessed, columns_ms=laid)


def _read(seen: Observation) -> int:
    """Name each target, and look at each of its points, once: the least that can be done singly."""
    count = 0
    for fleet in seen.fleets.values():
        count += sum(1 for t in fleet.targets or () if t.id and t.state)
        for metric in (fleet.metrics or {}).values():
            for one in metric.values():
                held = zip(one.times, one.values, strict=True)
                count += sum(1 for at, value in held if at <= seen.now and value >= 0)
    return count


def _ms(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return (time.thread_time() - began) * 1000
