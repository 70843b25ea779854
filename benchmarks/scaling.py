"""Cost of the dashboard by connections, by essays a batch, and by processes."""

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
from benchmarks.load_result import LoadResult
from benchmarks.measuring import Figures, LoadOptions, Turn, upstream
from benchmarks.processes import ServerProcess, server_process
from benchmarks.report import markdown_table, show_table
from benchmarks.scenarios import SCENARIOS, ours_on_hypercorn

PROCESSES = (1, 2, 4)
CONNECTIONS = (16, 64, 256, 1000)
ESSAYS = (1, 5, 25, 100, 500)
DASHBOARD = SCENARIOS[0]
HEADINGS = ("", "", "CPU µs/request", "requests/s", "p50 ms", "p99 ms", "errors %", "RSS MiB")

Row = tuple[str, int, float, float, float, float, float, float]


def show(options: LoadOptions, path: Path, *, as_markdown: bool) -> None:
    options = replace(options, allow_errors=True)
    rows = [*by_connections(options), *by_essays(options), *by_processes(options)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([dict(zip(HEADINGS, row, strict=False)) for row in rows]), "utf-8")
    lines = [
        [str(cell) if isinstance(cell, str | int) else f"{cell:.1f}" for cell in row]
        for row in rows
    ]
    if as_markdown:
        print(markdown_table(HEADINGS, lines))
    else:
        show_table("The dashboard by load, size and processes", HEADINGS, lines)


def by_connections(options: LoadOptions) -> list[Row]:
    return [
        _with_one_process("connections", number, replace(options, connections=number))
        for number in CONNECTIONS
    ]


def by_essays(options: LoadOptions) -> list[Row]:
    return [
        _with_one_process("essays a batch", number, options, essays=number) for number in ESSAYS
    ]


def _with_one_process(
    label: str, number: int, options: LoadOptions, *, essays: int | None = None
) -> Row:
    with tempfile.TemporaryDirectory() as folder, upstream(essays) as behind:
        one = ours_on_hypercorn(behind.url, Path(folder))
        with server_process(one.name, one.command, one.environment) as process:
            turn = Turn(process, DASHBOARD.requests(), Figures("ours"))
            turn.warm_up(allow_errors=True)
            for _ in range(options.rounds):
                turn.at_full_load(options)
            return _row(label, number, turn.figures, process.resident())


def _row(label: str, number: int, figures: Figures, memory: float) -> Row:
    found = figures.medians()
    columns = ("cpu", "rate", "p50", "p99_full", "errors")
    cpu, rate, p50, p99, errors = (found[column] for column in columns)
    return label, number, cpu, rate, p50, p99, errors, memory


def by_processes(options: LoadOptions) -> list[Row]:
    """Processes on all cores, which they share with the load generator and the upstream."""
    all_cores = frozenset(range(os.cpu_count() or 1))
    return [_with_processes(number, options, all_cores) for number in PROCESSES]


def _with_processes(number: int, options: LoadOptions, cores: frozenset[int]) -> Row:
    with tempfile.TemporaryDirectory() as folder, upstream() as behind, ExitStack() as stack:
        one = ours_on_hypercorn(behind.url, Path(folder))
        processes = [
            stack.enter_context(server_process(one.name, one.command, one.environment, cores=cores))
            for _ in range(number)
        ]
        for process in processes:
            Turn(process, DASHBOARD.requests(), Figures("ours")).warm_up(allow_errors=True)
        rates, costs, runs = [], [], []
        for _ in range(options.rounds):
            before = sum(process.cpu_seconds() for process in processes)
            began = time.perf_counter()
            runs = _load_all(processes, options)
            responses = sum(len(run.latencies) for run in runs)
            rates.append(responses / (time.perf_counter() - began))
            spent = sum(process.cpu_seconds() for process in processes) - before
            costs.append(spent / responses * 1e6)
        memory = sum(process.resident() for process in processes)
    errors = sum(run.errors for run in runs) / sum(len(run.latencies) for run in runs) * 100
    slowest = max(run.p99 for run in runs) * 1000
    middle = median(run.p50 for run in runs) * 1000
    return "processes", number, median(costs), median(rates), middle, slowest, errors, memory


def _load_all(processes: Sequence[ServerProcess], options: LoadOptions) -> list[LoadResult]:
    share = max(1, options.connections // len(processes))
    make = DASHBOARD.requests()

    def call(process: ServerProcess) -> LoadResult:
        first = time.monotonic_ns() % 1_000_000
        requests = load.numbered(make, first)
        return load.closed_loop(
            process.port, requests, connections=share, seconds=options.seconds, allow_errors=True
        )

    with ThreadPool(len(processes)) as pool:
        return pool.map(call, processes)
