"""Contestants take turns, so that all of them see the same noise; medians over the rounds."""

import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from statistics import median

from benchmarks import load
from benchmarks.contestants import NODE, all_running
from benchmarks.core_speed import CoreSpeed, watched_core
from benchmarks.outcome import Run
from benchmarks.processes import Running, other_cores, python, running
from benchmarks.scenarios import Scenario

WARM_UP = 2.0
QUIET, TRIES = 0.4, 4
"""How much of a turn must have been undisturbed by the machine, and how often to hope for that."""
ALONE = "slowest upstream alone"


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often; `seconds` a turn."""

    rounds: int = 5
    seconds: float = 3.0
    connections: int = 16
    lenient: bool = False


@dataclass(slots=True)
class Figures:
    """Of one contestant, a value a round.

    Requests a second, CPU in µs a request and in beats of the tested core, times in ms, refusals in
    percent, and of the answers at half load the percentage that came while the machine was not slow.
    """

    name: str
    rate: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    cpu_beats: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99_full: list[float] = field(default_factory=list)
    p99_half: list[float] = field(default_factory=list)
    p99_half_of_all: list[float] = field(default_factory=list)
    quiet: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    memory: float = 0.0

    def medians(self) -> dict[str, float]:
        columns = {one.name: getattr(self, one.name) for one in fields(self)}
        found = {
            name: median(values or [0.0])
            for name, values in columns.items()
            if isinstance(values, list)
        }
        per_core = 1e6 / found["cpu"] if found["cpu"] else 0.0
        return found | {"per_core": per_core, "memory": self.memory}


@dataclass(slots=True)
class Turn:
    """One contestant with its place in the endless row of requests, which no round repeats."""

    running: Running
    make: Callable[[int], bytes]
    figures: Figures
    asked: int = 0
    speed: CoreSpeed | None = None

    def requests(self) -> Iterator[bytes]:
        while True:
            yield self.make(self.asked)
            self.asked += 1

    def at_full_load(self, effort: Effort) -> None:
        run = _quietest(
            lambda: load.without_rest(
                self.running.port,
                self.requests(),
                connections=effort.connections,
                seconds=effort.seconds,
                spent=self.running.cpu_seconds,
                lenient=effort.lenient,
            )
        )
        self.figures.rate.append(run.rate)
        self.figures.cpu.append(run.cost * 1e6)
        beat = self.speed.beat(run.stretches) if self.speed else None
        self.figures.cpu_beats.append(run.cost / beat if beat else math.nan)
        self.figures.p50.append(run.p50 * 1000)
        self.figures.p99_full.append(run.p99 * 1000)
        self.figures.refused.append(run.refused / len(run.latencies) * 100)

    def at_half_load(self, effort: Effort) -> None:
        """At half of what it has just done: the machine may be another in a minute."""
        rate = self.figures.rate[-1] / 2
        port = self.running.port
        run = _quietest(
            lambda: load.at_pace(port, self.requests(), rate=rate, seconds=effort.seconds)
        )
        self.figures.p99_half.append(run.p99 * 1000)
        self.figures.p99_half_of_all.append(run.p99_of_all * 1000)
        self.figures.quiet.append(run.quiet * 100)

    def warm_up(self, *, lenient: bool = False) -> None:
        port = self.running.port
        load.without_rest(port, self.requests(), connections=16, seconds=WARM_UP, lenient=lenient)


def _quietest(once_more: Callable[[], Run]) -> Run:
    """The first turn in which the machine was quiet for long enough, else the best of some."""
    best = once_more()
    for _ in range(TRIES - 1):
        if best.quiet >= QUIET:
            break
        best = max(best, once_more(), key=lambda run: run.quiet)
    return best


@contextmanager
def upstream(essays: int | None = None) -> Iterator[Running]:
    more = {"ESSAYS": str(essays)} if essays else {}
    command = python("benchmarks.upstream")
    with running("upstream", command, more, cores=other_cores()) as found:
        yield found


def measure(scenario: Scenario, effort: Effort, *, with_node: bool = True) -> list[Figures]:
    """Every contestant of a scenario; last the slowest upstream, asked without one in between."""
    with tempfile.TemporaryDirectory() as folder, upstream() as behind:
        contestants = [make(behind.url, Path(folder)) for make in scenario.contestants]
        chosen = [one for one in contestants if with_node or one.folder != NODE]
        with watched_core() as speed, all_running(chosen) as processes:
            turns = [
                Turn(process, scenario.maker(process.name), Figures(process.name), speed=speed)
                for process in processes
            ]
            alone = _alone(behind, scenario, turns[0])
            _rounds(turns, alone, effort)
    return [turn.figures for turn in [*turns, *alone]]


def _alone(behind: Running, scenario: Scenario, ours: Turn) -> list[Turn]:
    """The upstream at the pace at which ours is asked."""
    make = scenario.maker_behind()
    return [Turn(behind, make, Figures(ALONE, rate=ours.figures.rate))] if make else []


def _rounds(turns: list[Turn], alone: list[Turn], effort: Effort) -> None:
    for turn in turns:
        turn.warm_up()
    for _ in range(effort.rounds):
        for turn in turns:
            turn.at_full_load(effort)
            turn.at_half_load(effort)
        for turn in alone:
            turn.at_half_load(effort)
    for turn in turns:
        turn.figures.memory = turn.running.resident()
