"""What a run of the benchmark says must hold, out of what contestants had in its rounds."""

from benchmarks.measuring import ALONE, Figures
from benchmarks.report import ratios


def test_ratios_are_taken_within_a_round() -> None:
    ours = Figures("ours", cpu_beats=[1000.0, 2000.0, 4000.0])
    floor = Figures("aiohttp floor", cpu_beats=[500.0, 1250.0, 2000.0])

    found = ratios({"dashboard": [ours, floor]})

    assert found == [["ours over the aiohttp floor", "2.00", "<= 2.0", "yes"]]


def test_a_bound_that_is_missed_is_said() -> None:
    ours = Figures("ours", cpu_beats=[1000.0])
    fastify = Figures("Fastify + undici", cpu_beats=[1100.0])

    found = ratios({"dashboard": [ours, fastify]})

    assert found == [["Fastify + undici over ours", "1.10", ">= 1.2", "no"]]


def test_lateness_is_over_the_upstream_of_the_same_round() -> None:
    ours = Figures("ours", p99_half=[4.0, 30.0, 6.0])
    alone = Figures(ALONE, p99_half=[1.0, 26.0, 1.0])

    ((_, late, _, held),) = ratios({"detail": [ours, alone]})

    assert (late, held) == ("+4.0", "yes")
