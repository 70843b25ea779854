"""Figures as a table for people, as Markdown for the docs, as JSON for whoever compares runs."""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import ALONE, Figures
from benchmarks.scenarios import SCENARIOS, Scenario

OURS = ("ours", "gateway")
HEADINGS = (
    "",
    "CPU µs/request",
    "requests/s/core",
    "CPU, times",
    "p50 ms",
    "p99 ms at half load",
    "RSS MiB",
)
RELEASES = ("quart", "hypercorn", "uvloop", "aiohttp", "pydantic", "msgspec", "granian", "fastapi")
LATE_BY = 5.0
"""Milliseconds that an answer may come later than the slowest upstream's, p99 at half load."""
Measured = Mapping[str, Sequence[Figures]]

# Name, scenario, who is over whom, and the bound on the ratio of their CPU.
AIMS = (
    ("FastAPI + httpx over ours", "dashboard", "FastAPI + httpx", "ours", ">=", 6.0),
    ("Fastify + undici over ours", "dashboard", "Fastify + undici", "ours", ">=", 1.2),
    ("ours over the aiohttp floor", "dashboard", "ours", "aiohttp floor", "<=", 2.0),
    ("FastAPI over ours on Granian", "dashboard", "FastAPI + httpx", "ours on Granian", ">=", 10.0),
    ("batch detail over bare", "detail", "ours", "bare Quart", "<=", 1.4),
    ("essay over bare", "essay", "ours", "bare Quart", "<=", 1.4),
    ("associations over bare", "associations", "ours", "bare Quart", "<=", 1.4),
    ("from memory over bytes", "cached", "ours", "bare Quart", "<=", 1.2),
    ("profile from memory over bytes", "profile", "ours", "bare Quart", "<=", 1.2),
    ("gateway over bare proxy", "gateway", "gateway", "bare proxy", "<=", 1.35),
)


def rows(figures: Sequence[Figures]) -> list[list[str]]:
    """One a contestant; `times` is its CPU over that of ours."""
    own = next((one.medians()["cpu"] for one in figures if one.name in OURS), None)
    return [_row(one, own) for one in figures]


def _row(figures: Figures, own: float | None) -> list[str]:
    found = figures.medians()
    if figures.name == ALONE:
        return [figures.name, "", "", "", "", f"{found['p99_half']:.1f}", ""]
    return [
        figures.name,
        f"{found['cpu']:.0f}",
        f"{found['per_core']:.0f}",
        f"{found['cpu'] / own:.2f}" if own else "",
        f"{found['p50']:.1f}",
        f"{found['p99_half']:.1f}",
        f"{found['memory']:.0f}",
    ]


def ratios(measured: Measured) -> list[list[str]]:
    """What must hold, beside what was found: medians of what two had in the same round.

    CPU is compared in beats of the core that both ran on, one after the other.
    """
    found = []
    for says, scenario, upper, lower, sign, bound in AIMS:
        cpu = {one.name: one.cpu_beats for one in measured.get(scenario, ())}
        if upper not in cpu or lower not in cpu:
            continue
        pairs = zip(cpu[upper], cpu[lower], strict=True)
        ratio = median(over / under for over, under in pairs)
        held = ratio >= bound if sign == ">=" else ratio <= bound
        found.append([says, f"{ratio:.2f}", f"{sign} {bound}", _word(held)])
    return [*found, *_lateness(measured)]


def _lateness(measured: Measured) -> Iterable[list[str]]:
    for scenario, figures in measured.items():
        late = {one.name: one.p99_half for one in figures}
        if ALONE in late:
            own = next(late[name] for name in OURS if name in late)
            pairs = zip(own, late[ALONE], strict=True)
            more = median(ours - alone for ours, alone in pairs)
            says = f"{scenario}: p99 at half load over the slowest upstream's, ms"
            yield [says, f"{more:+.1f}", f"<= {LATE_BY}", _word(more <= LATE_BY)]


def _word(held: object) -> str:
    return "yes" if held else "no"


def show(measured: Measured) -> None:
    for scenario in _run(measured):
        title = f"{scenario.name}: {scenario.says}"
        show_table(title, HEADINGS, rows(measured[scenario.name]))
    show_table("What must hold", ("", "found", "aim", "held"), ratios(measured))


def show_table(title: str, headings: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    shown = Table(*headings, title=title)
    for line in lines:
        shown.add_row(*line)
    Console().print(shown)


def markdown(measured: Measured) -> str:
    parts = []
    for scenario in _run(measured):
        parts.append(f"**{scenario.name}**: {scenario.says}.\n")
        parts.append(table(HEADINGS, rows(measured[scenario.name])))
    parts.append(table(("", "found", "aim", "held"), ratios(measured)))
    return "\n".join(parts)


def save(measured: Measured, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rounds = {
        name: {one.name: _plain(one) for one in figures} for name, figures in measured.items()
    }
    whole = {"machine": machine(), "scenarios": rounds, "ratios": ratios(measured)}
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", "utf-8")


def machine() -> dict[str, object]:
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "processor": _processor(),
        "releases": {name: _release(name) for name in RELEASES},
    }


def _plain(figures: Figures) -> dict[str, object]:
    rounds = {
        "cpu": figures.cpu,
        "cpu_beats": figures.cpu_beats,
        "rate": figures.rate,
        "p99_half": figures.p99_half,
    }
    return figures.medians() | {f"{name}_rounds": values for name, values in rounds.items()}


def _run(measured: Measured) -> Iterable[Scenario]:
    return (scenario for scenario in SCENARIOS if scenario.name in measured)


def table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    shown = [headings, ["---"] + ["---:"] * (len(headings) - 1), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in shown) + "\n"


def _processor() -> str:
    found = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    return found[0].partition(":")[2].strip() if found else "unknown"


def _release(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
