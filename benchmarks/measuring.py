"""Measures the contestants of a scenario in turns, so that all of them see the same noise."""

import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from statistics import median

from benchmarks import load
from benchmarks.contestants import NODE, all_running
from benchmarks.core_speed import CoreSpeed, measured_core
from benchmarks.load_result import LoadResult
from benchmarks.processes import ServerProcess, other_cores, python, server_process
from benchmarks.scenarios import MakeRequest, Scenario

WARM_UP_SECONDS = 2.0
MIN_QUIET, MAX_TRIES = 0.4, 4
"""A turn is repeated until this share of its responses was undisturbed, at most so many times."""
UPSTREAM_ALONE = "slowest upstream alone"


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """Rounds, and the seconds and connections of one turn of load."""

    rounds: int = 5
    seconds: float = 3.0
    connections: int = 16
    allow_errors: bool = False


@dataclass(slots=True)
class Figures:
    """Figures of one contestant, one value a round.

    Requests a second; CPU in µs a request and in loops of the tested core; times in ms; errors in
    percent; `quiet` is the percentage of half-load responses outside slow times. Memory is in MiB.
    """

    name: str
    rate: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    cpu_loops: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99_full: list[float] = field(default_factory=list)
    p99_half: list[float] = field(default_factory=list)
    p99_half_of_all: list[float] = field(default_factory=list)
    quiet: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
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
    """A contestant with its endless sequence of requests, none of which is sent twice."""

    process: ServerProcess
    make_request: MakeRequest
    figures: Figures
    sent: int = 0
    core_speed: CoreSpeed | None = None

    def requests(self) -> Iterator[bytes]:
        while True:
            yield self.make_request(self.sent)
            self.sent += 1

    def warm_up(self, *, allow_errors: bool = False) -> None:
        load.closed_loop(
            self.process.port,
            self.requests(),
            connections=16,
            seconds=WARM_UP_SECONDS,
            allow_errors=allow_errors,
        )

    def at_full_load(self, options: LoadOptions) -> None:
        result = _quiet_result(
            lambda: load.closed_loop(
                self.process.port,
                self.requests(),
                connections=options.connections,
                seconds=options.seconds,
                cpu_clock=self.process.cpu_seconds,
                allow_errors=options.allow_errors,
            )
        )
        loop = self.core_speed.loop_seconds(result.intervals) if self.core_speed else None
        self.figures.rate.append(result.rate)
        self.figures.cpu.append(result.cost * 1e6)
        self.figures.cpu_loops.append(result.cost / loop if loop else math.nan)
        self.figures.p50.append(result.p50 * 1000)
        self.figures.p99_full.append(result.p99 * 1000)
        self.figures.errors.append(result.errors / len(result.latencies) * 100)

    def at_half_load(self, options: LoadOptions) -> None:
        """Half of the rate of the turn just before: the machine's speed changes by the minute."""
        rate, port = self.figures.rate[-1] / 2, self.process.port
        result = _quiet_result(
            lambda: load.open_loop(port, self.requests(), rate=rate, seconds=options.seconds)
        )
        self.figures.p99_half.append(result.p99 * 1000)
        self.figures.p99_half_of_all.append(result.p99_of_all * 1000)
        self.figures.quiet.append(result.quiet * 100)


def _quiet_result(run: Callable[[], LoadResult]) -> LoadResult:
    """The first result with enough undisturbed responses, else the best of `MAX_TRIES`."""
    best = run()
    for _ in range(MAX_TRIES - 1):
        if best.quiet >= MIN_QUIET:
            break
        best = max(best, run(), key=lambda result: result.quiet)
    return best


@contextmanager
def upstream(essays: int | None = None) -> Iterator[ServerProcess]:
    """The process that stands in for all downstream services, off the tested core."""
    environment = {"ESSAYS": str(essays)} if essays else {}
    command = python("benchmarks.upstream")
    with server_process("upstream", command, environment, cores=other_cores()) as process:
        yield process


def measure(scenario: Scenario, options: LoadOptions, *, with_node: bool = True) -> list[Figures]:
    """Figures of every contestant, and last of the slowest upstream request sent directly."""
    with tempfile.TemporaryDirectory() as folder, upstream() as behind:
        contestants = [make(behind.url, Path(folder)) for make in scenario.contestants]
        chosen = [one for one in contestants if with_node or one.folder != NODE]
        with measured_core() as speed, all_running(chosen) as processes:
            turns = [
                Turn(process, scenario.requests(), Figures(process.name), core_speed=speed)
                for process in processes
            ]
            alone = []
            upstream_requests = scenario.upstream_requests()
            if upstream_requests:
                # It runs at half of the reference's rate, like the reference itself.
                figures = Figures(UPSTREAM_ALONE, rate=turns[0].figures.rate)
                alone = [Turn(behind, upstream_requests, figures)]
            _run_rounds(turns, alone, options)
    return [turn.figures for turn in [*turns, *alone]]


def _run_rounds(turns: list[Turn], alone: list[Turn], options: LoadOptions) -> None:
    for turn in turns:
        turn.warm_up()
    for _ in range(options.rounds):
        for turn in turns:
            turn.at_full_load(options)
            turn.at_half_load(options)
        for turn in alone:
            turn.at_half_load(options)
    for turn in turns:
        turn.figures.memory = turn.process.resident()
