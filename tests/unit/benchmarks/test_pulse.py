"""What a benchmark takes for a slow moment of the machine, and what it leaves out for it."""

import pytest

from benchmarks.outcome import AHEAD, SETTLES, Run
from benchmarks.pulse import FEW, Beat, Moments, slow_moments

USUAL = 25e-6


def _beats(*slow: int) -> list[Beat]:
    return [Beat(number / 100, USUAL * (9 if number in slow else 1), 7) for number in range(100)]


def test_even_beats_have_no_slow_moment() -> None:
    found = slow_moments(_beats())

    assert len(found) == 0
    assert found.spare(0.0, 1.0)


def test_beats_at_a_fraction_of_the_speed_are_slow_moments() -> None:
    found = slow_moments(_beats(40, 41, 42))

    assert not found.spare(0.395, 0.405)
    assert not found.spare(0.0, 1.0)
    assert found.spare(0.0, 0.39)
    assert found.spare(0.43, 1.0)


def test_one_late_beat_was_interrupted() -> None:
    assert len(slow_moments(_beats(40))) == 0


def test_time_without_a_beat_is_slow() -> None:
    beats = [beat for beat in _beats() if not 0.405 < beat.at < 0.495]

    found = slow_moments(beats)

    assert not found.spare(0.39, 0.51)
    assert found.spare(0.51, 1.0)


def test_time_that_was_taken_away_is_slow() -> None:
    beats = [beat._replace(stolen=7 + (beat.at > 0.5)) for beat in _beats()]

    found = slow_moments(beats)

    assert len(found) == 2
    assert not found.spare(0.495, 0.515)


def test_usual_is_the_quick_quarter_when_most_beats_are_slow() -> None:
    assert len(slow_moments(_beats(*range(60)))) == 60


def test_few_beats_tell_nothing() -> None:
    assert len(slow_moments(_beats(0, 1, 2)[: FEW - 1])) == 0


def _run(slow: Moments, took: dict[int, float]) -> Run:
    """An answer each millisecond for two seconds, in 1 ms but for some."""
    run = Run(slow=slow)
    for number in range(2000):
        run.note(number / 1000, took.get(number, 0.001))
    return run


def test_answers_of_slow_moments_do_not_count() -> None:
    late = dict.fromkeys(range(1000, 1100), 0.09)

    run = _run(Moments([1.0, 1.05]), late)

    assert run.p99 == pytest.approx(0.001)
    assert run.p99_of_all == pytest.approx(0.09)
    assert run.quiet == pytest.approx(1 - (0.05 + AHEAD + SETTLES) / 2, abs=0.002)


def test_late_answers_of_quick_moments_count() -> None:
    late = dict.fromkeys(range(300, 400), 0.09)

    run = _run(Moments([1.0]), late)

    assert run.p99 == pytest.approx(0.09)


def test_all_answers_count_when_no_moment_was_quick() -> None:
    everywhere = Moments([moment / 10 for moment in range(21)])

    run = _run(everywhere, dict.fromkeys(range(1000), 0.05))

    assert run.quiet == 0.0
    assert run.p99 == run.p99_of_all == pytest.approx(0.05)


def test_cost_and_rate_are_those_of_quick_slices() -> None:
    run = Run(slow=Moments([0.12]))
    for at, answers, spent in ((0.0, 0, 0.0), (0.1, 100, 0.1), (0.2, 110, 0.2), (0.3, 210, 0.3)):
        run.latencies.extend([0.001] * (answers - len(run.latencies)))
        run.look(at, spent)

    assert run.cost == pytest.approx(0.001)
    assert run.rate == pytest.approx(1000)
