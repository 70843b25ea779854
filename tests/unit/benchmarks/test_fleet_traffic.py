"""Lost and repeated events are found by their numbers; failures by their status."""

import pytest

from benchmarks.fleet_traffic import FollowedStream, Sample, StreamCounts, p99
from devstack.stream_client import AccessToken, HttpStreamSource, StreamFollower


async def no_token() -> AccessToken:
    raise AssertionError


def counts_of(*events: tuple[str, str | None]) -> StreamCounts:
    counts = StreamCounts()
    # It is never followed, so that its source needs no session.
    source = HttpStreamSource(None, "http://edge")  # type: ignore[arg-type]
    stream = FollowedStream(StreamFollower(source, no_token), counts)
    for event, event_id in events:
        stream.count(event, event_id)
    return counts


def test_events_in_order_are_neither_lost_nor_repeated() -> None:
    counts = counts_of(
        ("snapshot", "a-4"), ("batch_changed", "a-5"), ("end", "a-5"), ("activity", "a-6")
    )

    assert (counts.events, counts.lost, counts.repeated, counts.snapshots) == (3, 0, 0, 1)


def test_a_gap_and_a_repetition_are_counted() -> None:
    counts = counts_of(
        ("snapshot", "a-4"),
        ("activity", "a-7"),
        ("activity", "a-7"),
        ("activity", "a-6"),
    )

    assert (counts.lost, counts.repeated) == (2, 2)


def test_a_snapshot_and_a_new_epoch_begin_anew() -> None:
    counts = counts_of(("snapshot", "a-4"), ("snapshot", "a-9"), ("activity", "b-1"))

    assert (counts.lost, counts.repeated, counts.snapshots) == (0, 0, 2)


@pytest.mark.parametrize(
    ("status", "failed"),
    [(200, False), (304, False), (412, False), (0, True), (429, True), (503, True)],
)
def test_what_a_caller_did_not_get_has_failed(status: int, failed: bool) -> None:
    assert Sample("profile", 0.0, 0.1, status).failed is failed


def test_p99_is_of_the_requests_that_succeeded() -> None:
    samples = [Sample("profile", 0.0, 0.001, 200)] * 100 + [Sample("profile", 0.0, 9.0, 503)] * 50

    assert p99(samples) == 1.0
    assert p99([]) == 0.0
