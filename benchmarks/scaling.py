"""How the dashboard's cost grows: with processes, with connections, with essays a batch."""

import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing.pool import ThreadPool
from pathlib import Path
from statistics import median

from benchmarks import load
from benchmarks.contestants import ours
from benchmarks.measuring import Effort, Figures, Turn, upstream
from benchmarks.outcome import Run
from benchmarks.processes import Running, running
from benchmarks.report import show_table, table
from benchmarks.scenarios import SCENARIOS

PROCESSES = (1, 2, 4)
CONNECTIONS = (16, 64, 256, 1000)
ESSAYS = (1, 5, 25, 100, 500)
DASHBOARD = SCENARIOS[0]
HEADINGS = ("", "", "CPU µs/request", "requests/s", "p50 ms", "p99 ms", "refused %", "RSS MiB")

Row = tuple[str, int, float, float, float, float, float, float]


def show(effort: Effort, path: Path, *, as_markdown: bool) -> None:
    effort = replace(effort, lenient=True)
    rows = [*by_connections(effort), *by_essays(effort), *by_processes(effort)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([dict(zip(HEADINGS, row, strict=False)) for row in rows]), "utf-8")
    lines = [
        [str(cell) if isinstance(cell, str | int) else f"{cell:.1f}" for cell in row]
        for row in rows
    ]
    if as_markdown:
        print(table(HEADINGS, lines))
    else:
        show_table("The dashboard, by what grows", HEADINGS, lines)


def by_connections(effort: Effort) -> list[Row]:
    return [
        _one("connections", number, replace(effort, connections=number)) for number in CONNECTIONS
    ]


def by_essays(effort: Effort) -> list[Row]:
    return [_one("essays a batch", number, effort, essays=number) for number in ESSAYS]


def _one(what: str, number: int, effort: Effort, *, essays: int | None = None) -> Row:
    with tempfile.TemporaryDirectory() as folder, upstream(essays) as behind:
        one = ours(behind.url, Path(folder))
        with running(one.name, one.command, one.environment) as process:
            turn = Turn(process, DASHBOARD.maker("ours"), Figures("ours"))
            turn.warm_up(lenient=True)
            for _ in range(effort.rounds):
                turn.at_full_load(effort)
            return _row(what, number, turn.figures, process.resident())


def _row(what: str, number: int, figures: Figures, memory: float) -> Row:
    found = figures.medians()
    columns = ("cpu", "rate", "p50", "p99_full", "refused")
    cpu, rate, p50, p99, refused = (found[column] for column in columns)
    return what, number, cpu, rate, p50, p99, refused, memory


def by_processes(effort: Effort) -> list[Row]:
    """All cores for everybody: on a machine with few cores callers and upstream take their share."""
    everything = frozenset(range(os.cpu_count() or 1))
    return [_many(number, effort, everything) for number in PROCESSES]


def _many(number: int, effort: Effort, cores: frozenset[int]) -> Row:
    with tempfile.TemporaryDirectory() as folder, upstream() as behind, ExitStack() as stack:
        one = ours(behind.url, Path(folder))
        processes = [
            stack.enter_context(running(one.name, one.command, one.environment, cores=cores))
            for _ in range(number)
        ]
        for process in processes:
            Turn(process, DASHBOARD.maker("ours"), Figures("ours")).warm_up(lenient=True)
        rates, costs, runs = [], [], []
        for _ in range(effort.rounds):
            before = sum(process.cpu_seconds() for process in processes)
            began = time.perf_counter()
            runs = _together(processes, effort)
            answers = sum(len(run.latencies) for run in runs)
            rates.append(answers / (time.perf_counter() - began))
            spent = sum(process.cpu_seconds() for process in processes) - before
            costs.append(spent / answers * 1e6)
        memory = sum(process.resident() for process in processes)
    refused = sum(run.refused for run in runs) / sum(len(run.latencies) for run in runs) * 100
    slowest = max(run.p99 for run in runs) * 1000
    middle = median(run.p50 for run in runs) * 1000
    return "processes", number, median(costs), median(rates), middle, slowest, refused, memory


def _together(processes: Sequence[Running], effort: Effort) -> list[Run]:
    share = max(1, effort.connections // len(processes))
    make = DASHBOARD.maker("ours")

    def ask(process: Running) -> Run:
        first = time.monotonic_ns() % 1_000_000
        requests = load.endless(make, first)
        return load.without_rest(
            process.port, requests, connections=share, seconds=effort.seconds, lenient=True
        )

    with ThreadPool(len(processes)) as pool:
        return pool.map(ask, processes)
