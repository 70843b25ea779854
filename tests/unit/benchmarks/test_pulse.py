"""What a benchmark takes for a slow moment of the machine, and what it leaves out for it."""

import pytest

from benchmarks.outcome import AHEAD, SETTLES, Run
from benchmarks.pulse import FEW, Beat, Spans, slow_spans

USUAL = 25e-6


def _beats(*slow: int) -> list[Beat]:
    return [Beat(number / 100, USUAL * (9 if number in slow else 1), 7) for number in range(100)]


def test_even_beats_have_no_slow_span() -> None:
    assert list(slow_spans(_beats())) == []


def test_beats_at_a_fraction_of_the_speed_are_a_slow_span() -> None:
    assert list(slow_spans(_beats(40, 41, 42))) == [(0.4, 0.42)]


def test_one_late_beat_was_interrupted() -> None:
    assert list(slow_spans(_beats(40))) == []


def test_time_without_a_beat_is_slow() -> None:
    beats = [beat for beat in _beats() if not 0.405 < beat.at < 0.495]

    assert list(slow_spans(beats)) == [(0.4, 0.5)]


def test_time_that_was_taken_away_is_slow() -> None:
    beats = [beat._replace(stolen=7 + (beat.at > 0.5)) for beat in _beats()]

    assert list(slow_spans(beats)) == [(0.5, 0.51)]


def test_usual_is_the_quick_quarter_when_most_beats_are_slow() -> None:
    assert list(slow_spans(_beats(*range(60)))) == [(0.0, 0.59)]


def test_spans_meet_what_they_touch() -> None:
    spans = Spans([(0.7, 0.8), (0.2, 0.3), (0.25, 0.4)])

    assert list(spans) == [(0.2, 0.4), (0.7, 0.8)]
    assert spans.meet(0.0, 0.2)
    assert spans.meet(0.3, 0.3)
    assert spans.meet(0.0, 1.0)
    assert not spans.meet(0.41, 0.69)
    assert not spans.meet(0.81, 1.0)


def test_few_beats_tell_nothing() -> None:
    assert list(slow_spans(_beats(0, 1, 2)[: FEW - 1])) == []


def _run(slow: Spans, took: dict[int, float]) -> Run:
    """An answer each millisecond for two seconds, in 1 ms but for some."""
    run = Run(slow=slow)
    for number in range(2000):
        run.note(number / 1000, took.get(number, 0.001))
    return run


def test_answers_of_slow_moments_do_not_count() -> None:
    late = dict.fromkeys(range(1000, 1100), 0.09)

    run = _run(Spans([(1.0, 1.05)]), late)

    assert run.p99 == pytest.approx(0.001)
    assert run.p99_of_all == pytest.approx(0.09)
    assert run.quiet == pytest.approx(1 - (0.05 + AHEAD + 0.05 + SETTLES) / 2, abs=0.002)


def test_late_answers_of_quick_moments_count() -> None:
    late = dict.fromkeys(range(300, 400), 0.09)

    run = _run(Spans([(1.0, 1.0)]), late)

    assert run.p99 == pytest.approx(0.09)


def test_all_answers_count_when_no_moment_was_quick() -> None:
    run = _run(Spans([(0.0, 2.0)]), dict.fromkeys(range(1000), 0.05))

    assert run.quiet == 0.0
    assert run.p99 == run.p99_of_all == pytest.approx(0.05)


def test_cost_and_rate_are_those_of_quick_slices() -> None:
    run = Run(slow=Spans([(0.12, 0.13)]))
    for at, answers, spent in ((0.0, 0, 0.0), (0.1, 100, 0.1), (0.2, 110, 0.2), (0.3, 210, 0.3)):
        run.latencies.extend([0.001] * (answers - len(run.latencies)))
        run.look(at, spent)

    assert run.cost == pytest.approx(0.001)
    assert run.rate == pytest.approx(1000)
