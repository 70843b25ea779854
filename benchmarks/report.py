"""Prints figures as tables or Markdown, writes them as JSON, and compares them with the bounds."""

import json
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import UPSTREAM_ALONE, Figures
from benchmarks.scenarios import SCENARIOS, Scenario

HEADINGS = (
    "",
    "CPU µs/request",
    "requests/s/core",
    "CPU, times",
    "p50 ms",
    "p99 ms at half load",
    "RSS MiB",
)
BOUND_HEADINGS = ("", "found", "bound", "held")
RELEASES = ("quart", "hypercorn", "uvloop", "aiohttp", "pydantic", "msgspec", "granian", "fastapi")
MAX_ADDED_LATENCY = 8.0
"""Milliseconds that p99 at half load may lie above the slowest upstream's."""
Measured = Mapping[str, Sequence[Figures]]


class Bound(NamedTuple):
    """A bound on the CPU of one contestant over another's."""

    scenario: str
    upper: str
    lower: str
    sign: Literal[">=", "<="]
    ratio: float


DASHBOARD_BOUNDS: tuple[tuple[str, str, Literal[">=", "<="], float], ...] = (
    ("FastAPI + httpx", "ours on Hypercorn", ">=", 6.0),
    ("FastAPI + httpx", "ours on Granian", ">=", 8.0),
    ("Fastify + undici", "ours on Hypercorn", ">=", 1.2),
    ("Fastify + undici", "ours on Granian", ">=", 1.6),
    ("ours on Hypercorn", "aiohttp floor", "<=", 2.4),
    ("ours on Granian", "aiohttp floor", "<=", 1.9),
    ("ours on Hypercorn", "bare Quart", "<=", 2.5),
)
BOUNDS = (
    *(
        Bound(scenario, upper, lower, sign, ratio)
        for scenario in ("dashboard", "finished")
        for upper, lower, sign, ratio in DASHBOARD_BOUNDS
    ),
    Bound("detail", "ours on Hypercorn", "bare Quart", "<=", 1.4),
    Bound("essay", "ours on Hypercorn", "bare Quart", "<=", 1.4),
    Bound("associations", "ours on Hypercorn", "bare Quart", "<=", 1.4),
    Bound("cached", "ours on Hypercorn", "Quart bytes on Hypercorn", "<=", 1.8),
    Bound("cached", "ours on Granian", "Quart bytes on Granian", "<=", 1.8),
    Bound("profile", "ours on Hypercorn", "Quart bytes on Hypercorn", "<=", 1.8),
    Bound("profile", "ours on Granian", "Quart bytes on Granian", "<=", 1.8),
    Bound("gateway", "gateway", "bare proxy on Granian", "<=", 1.2),
)


def rows(figures: Sequence[Figures]) -> list[list[str]]:
    """One row a contestant; its CPU is compared with that of the first."""
    reference = figures[0].medians()["cpu"]
    return [_row(one, reference) for one in figures]


def _row(figures: Figures, reference: float) -> list[str]:
    found = figures.medians()
    if figures.name == UPSTREAM_ALONE:
        return [figures.name, "", "", "", "", f"{found['p99_half']:.1f}", ""]
    return [
        figures.name,
        f"{found['cpu']:.0f}",
        f"{found['per_core']:.0f}",
        f"{found['cpu'] / reference:.2f}" if reference else "",
        f"{found['p50']:.1f}",
        f"{found['p99_half']:.1f}",
        f"{found['memory']:.0f}",
    ]


def bounds(measured: Measured) -> list[list[str]]:
    """Every bound with the median of its ratios within a round.

    CPU is compared in loops of the core that both contestants ran on, one after the other.
    """
    found = []
    for scenario, upper, lower, sign, ratio in BOUNDS:
        cpu = {one.name: one.cpu_loops for one in measured.get(scenario, ())}
        if upper in cpu and lower in cpu:
            pairs = zip(cpu[upper], cpu[lower], strict=True)
            value = median(over / under for over, under in pairs)
            held = value >= ratio if sign == ">=" else value <= ratio
            title = f"{scenario}: {upper} over {lower}"
            found.append([title, f"{value:.2f}", f"{sign} {ratio}", "yes" if held else "no"])
    return [*found, *_added_latencies(measured)]


def _added_latencies(measured: Measured) -> Iterator[list[str]]:
    for scenario, figures in measured.items():
        p99 = {one.name: one.p99_half for one in figures}
        for name, values in p99.items():
            if UPSTREAM_ALONE in p99 and name.startswith(("ours", "gateway")):
                pairs = zip(values, p99[UPSTREAM_ALONE], strict=True)
                added = median(whole - alone for whole, alone in pairs)
                title = f"{scenario}: {name}, p99 at half load over the slowest upstream's, ms"
                held = "yes" if added <= MAX_ADDED_LATENCY else "no"
                yield [title, f"{added:+.1f}", f"<= {MAX_ADDED_LATENCY}", held]


def show(measured: Measured) -> None:
    for scenario in _measured_scenarios(measured):
        title = f"{scenario.name}: {scenario.description}"
        show_table(title, HEADINGS, rows(measured[scenario.name]))
    show_table("Bounds", BOUND_HEADINGS, bounds(measured))


def markdown(measured: Measured) -> str:
    parts = []
    for scenario in _measured_scenarios(measured):
        parts.append(f"**{scenario.name}**: {scenario.description}.\n")
        parts.append(markdown_table(HEADINGS, rows(measured[scenario.name])))
    parts.append(markdown_table(BOUND_HEADINGS, bounds(measured)))
    return "\n".join(parts)


def _measured_scenarios(measured: Measured) -> Iterable[Scenario]:
    return (scenario for scenario in SCENARIOS if scenario.name in measured)


def show_table(title: str, headings: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    shown = Table(*headings, title=title)
    for line in lines:
        shown.add_row(*line)
    Console().print(shown)


def markdown_table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    shown = [headings, ["---"] + ["---:"] * (len(headings) - 1), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in shown) + "\n"


def save(measured: Measured, path: Path) -> None:
    """Write medians, the rounds behind the bounds, the bounds and the machine as JSON."""
    scenarios = {
        name: {
            one.name: one.medians()
            | {
                "cpu_rounds": one.cpu,
                "cpu_loops_rounds": one.cpu_loops,
                "rate_rounds": one.rate,
                "p99_half_rounds": one.p99_half,
            }
            for one in figures
        }
        for name, figures in measured.items()
    }
    document = {"machine": machine(), "scenarios": scenarios, "bounds": bounds(measured)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def machine() -> dict[str, object]:
    cpu_lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in cpu_lines if "model name" in line]
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "processor": models[0] if models else "unknown",
        "releases": {name: _release(name) for name in RELEASES},
    }


def _release(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
