"""Bounds of the benchmark, from the figures of its rounds."""

from pathlib import Path

from benchmarks.measuring import UPSTREAM_ALONE, Figures
from benchmarks.report import BOUNDS, bounds, rows
from benchmarks.scenarios import SCENARIOS


def test_ratios_are_taken_within_a_round() -> None:
    ours = Figures("ours on Granian", cpu_loops=[1000.0, 1700.0, 4000.0])
    floor = Figures("aiohttp floor", cpu_loops=[500.0, 1000.0, 2500.0])

    found = bounds({"dashboard": [ours, floor]})

    assert found == [["dashboard: ours on Granian over aiohttp floor", "1.70", "<= 1.9", "yes"]]


def test_missed_bound_is_reported() -> None:
    ours = Figures("ours on Hypercorn", cpu_loops=[1000.0])
    fastify = Figures("Fastify + undici", cpu_loops=[1100.0])

    found = bounds({"dashboard": [ours, fastify]})

    title = "dashboard: Fastify + undici over ours on Hypercorn"
    assert found == [[title, "1.10", ">= 1.2", "no"]]


def test_added_latency_is_over_the_upstream_of_the_same_round() -> None:
    ours = Figures("ours on Hypercorn", p99_half=[4.0, 30.0, 6.0])
    peer = Figures("a peer", p99_half=[4.0, 30.0, 6.0])
    alone = Figures(UPSTREAM_ALONE, p99_half=[1.0, 26.0, 1.0])

    ((_, added, _, held),) = bounds({"detail": [ours, peer, alone]})

    assert (added, held) == ("+4.0", "yes")


def test_cpu_is_compared_with_the_first_contestant() -> None:
    figures = [Figures("ours on Hypercorn", cpu=[100.0]), Figures("baseline", cpu=[150.0])]

    assert [row[3] for row in rows(figures)] == ["1.00", "1.50"]


def test_every_bound_is_of_contestants_that_its_scenario_has(tmp_path: Path) -> None:
    names = {
        scenario.name: {make("http://upstream", tmp_path).name for make in scenario.contestants}
        for scenario in SCENARIOS
    }

    for bound in BOUNDS:
        assert {bound.upper, bound.lower} <= names[bound.scenario]
