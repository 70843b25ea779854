"""Slow times of the machine, and the measurements that are left out for them."""

import pytest

from benchmarks.load_result import AFTER_SLOW, BEFORE_SLOW, LoadResult
from benchmarks.machine_speed import MIN_PROBES, Intervals, Probe, slow_intervals

NORMAL = 25e-6


def _probes(*slow: int) -> list[Probe]:
    return [Probe(number / 100, NORMAL * (9 if number in slow else 1), 7) for number in range(100)]


def test_even_probes_have_no_slow_interval() -> None:
    assert list(slow_intervals(_probes())) == []


def test_probes_at_a_fraction_of_the_speed_are_a_slow_interval() -> None:
    assert list(slow_intervals(_probes(40, 41, 42))) == [(0.4, 0.42)]


def test_single_slow_probe_was_interrupted() -> None:
    assert list(slow_intervals(_probes(40))) == []


def test_gap_without_a_probe_is_slow() -> None:
    probes = [probe for probe in _probes() if not 0.405 < probe.at < 0.495]

    assert list(slow_intervals(probes)) == [(0.4, 0.5)]


def test_stolen_time_is_slow() -> None:
    probes = [probe._replace(stolen=7 + (probe.at > 0.5)) for probe in _probes()]

    assert list(slow_intervals(probes)) == [(0.5, 0.51)]


def test_normal_is_the_quick_quarter_when_most_probes_are_slow() -> None:
    assert list(slow_intervals(_probes(*range(60)))) == [(0.0, 0.59)]


def test_intervals_overlap_the_moments_they_touch() -> None:
    intervals = Intervals([(0.7, 0.8), (0.2, 0.3), (0.25, 0.4)])

    assert list(intervals) == [(0.2, 0.4), (0.7, 0.8)]
    assert intervals.overlaps(0.0, 0.2)
    assert intervals.overlaps(0.3, 0.3)
    assert intervals.overlaps(0.0, 1.0)
    assert not intervals.overlaps(0.41, 0.69)
    assert not intervals.overlaps(0.81, 1.0)


def test_few_probes_have_no_slow_interval() -> None:
    assert list(slow_intervals(_probes(0, 1, 2)[: MIN_PROBES - 1])) == []


def _run(slow: Intervals, took: dict[int, float]) -> LoadResult:
    """A response each millisecond for two seconds, in 1 ms except those in `took`."""
    run = LoadResult(slow=slow)
    for number in range(2000):
        run.add(number / 1000, took.get(number, 0.001))
    return run


def test_responses_of_slow_times_do_not_count() -> None:
    late = dict.fromkeys(range(1000, 1100), 0.09)

    run = _run(Intervals([(1.0, 1.05)]), late)

    assert run.p99 == pytest.approx(0.001)
    assert run.p99_of_all == pytest.approx(0.09)
    assert run.quiet == pytest.approx(1 - (0.05 + BEFORE_SLOW + 0.05 + AFTER_SLOW) / 2, abs=0.002)


def test_late_responses_of_quick_times_count() -> None:
    late = dict.fromkeys(range(300, 400), 0.09)

    run = _run(Intervals([(1.0, 1.0)]), late)

    assert run.p99 == pytest.approx(0.09)


def test_all_responses_count_when_no_time_was_quick() -> None:
    run = _run(Intervals([(0.0, 2.0)]), dict.fromkeys(range(1000), 0.05))

    assert run.quiet == 0.0
    assert run.p99 == run.p99_of_all == pytest.approx(0.05)


def test_cost_and_rate_are_those_of_quick_slices() -> None:
    run = LoadResult(slow=Intervals([(0.12, 0.13)]))
    for at, responses, spent in ((0.0, 0, 0.0), (0.1, 100, 0.1), (0.2, 110, 0.2), (0.3, 210, 0.3)):
        run.latencies.extend([0.001] * (responses - len(run.latencies)))
        run.sample(at, spent)

    assert run.cost == pytest.approx(0.001)
    assert run.rate == pytest.approx(1000)
