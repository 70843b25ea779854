"""The window's counts against a list of all calls."""

import hypothesis.strategies as st
from hypothesis import given

from bff_core.client.policies.outcome import BreakerWindow

ENDED = st.tuples(st.sampled_from([0.0, 0.5, 1.0, 1.9, 3.0, 7.0, 9.9, 50.0]), st.booleans())
DAY = st.lists(st.tuples(ENDED, st.booleans()), max_size=60)


@given(day=DAY)
def test_counts_are_those_of_the_buckets_that_are_left(
    day: list[tuple[tuple[float, bool], bool]],
) -> None:
    window, now = BreakerWindow(10.0, 5), 1000.0
    ended: list[tuple[int, bool, bool]] = []

    for (pause, failed), slow in day:
        now += pause
        window.record(now, failed=failed, slow=slow)
        ended.append((int(now / 2.0), failed, slow))

        left = [each for each in ended if each[0] > int(now / 2.0) - 5]
        assert window.calls == len(left)
        assert window.failures == sum(failed for _, failed, _ in left)
        assert window.slow == sum(slow for _, _, slow in left)


def test_a_cleared_window_is_empty_and_goes_on() -> None:
    window = BreakerWindow(10.0, 5)
    for _ in range(3):
        window.record(1000.0, failed=True, slow=True)

    window.clear()
    window.record(1001.0, failed=True, slow=False)

    assert (window.calls, window.failures, window.slow) == (1, 1, 0)
