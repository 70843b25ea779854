"""Facts are written before messages are taken, whatever fails."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bff_core.observability import Metrics
from bff_core.tasks import cancel_and_wait
from bff_core.testing import FakeClock
from bff_core.testing.clock import Run, run_virtually
from services.bff_teacher.confirmations.upload import UploadStatus
from services.bff_teacher.events.consumer import KEPT, EventConsumer, delays
from services.bff_teacher.events.source import Message
from services.bff_teacher.events.status import EventsStatus
from services.bff_teacher.events.topics import topic_of
from tests import event_bodies as bodies
from tests.event_bodies import AT, TEACHER, an_event
from tests.unit.bff_teacher.events.consumer_fakes import FedSource, MemoryFacts, Remembering


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(AT)


@pytest.fixture
def run(clock: FakeClock) -> Run:
    return partial(run_virtually, clock)


class System:
    """A consumer, and all that it works with."""

    def __init__(self, clock: FakeClock, failures: int = 0) -> None:
        self.feed: list[list[Message]] = []
        self.taken: list[Message] = []
        self.sources: list[FedSource] = []
        self.store, self.listener = MemoryFacts(failures), Remembering()
        self.status = EventsStatus(Metrics("test"), clock)
        self.refusals = 0
        self.consumer = EventConsumer(
            self._make_source,
            self.store,  # type: ignore[arg-type]  # a smaller one with the same contract
            self.listener,
            self.status,
            clock,
            delay=delays(lambda: 1.0),
        )

    def _make_source(self) -> FedSource:
        source = FedSource(self.feed, self.taken)
        source.refuses = len(self.sources) < self.refusals
        self.sources.append(source)
        return source

    async def run_for(
        self, seconds: float, then: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        task = asyncio.create_task(self.consumer.run())
        await asyncio.sleep(seconds)
        if then is not None:
            await then()
        await cancel_and_wait(task)

    @property
    def kinds(self) -> list[str]:
        return sorted(kind for _, kind, _ in self.store.facts)


def message(name: str, data: dict[str, Any], offset: int = 0, **envelope: Any) -> Message:
    return Message(topic_of(name), 0, offset, an_event(name, data, **envelope))


REGISTERED = message("batch.essays.registered", bodies.registered())
REJECTED = message("file.essay.validation.failed", bodies.rejected())
DENIED = message("pipeline.denied", bodies.denied())
POISON = Message(topic_of("els.batch.essays.ready"), 1, 7, b"{")


def test_messages_are_taken_after_they_were_written(clock: FakeClock, run: Run) -> None:
    system = System(clock)
    system.feed = [[REGISTERED, DENIED]]

    run(system.run_for(5))

    assert system.kinds == ["registered", "start_denied"]
    assert system.taken == [REGISTERED, DENIED]
    assert system.sources[0].stopped


def test_while_the_database_is_away_nothing_is_taken(clock: FakeClock, run: Run) -> None:
    system = System(clock, failures=3)
    system.feed = [[REGISTERED]]

    async def wait_for_the_database() -> None:
        assert system.taken == []
        await asyncio.sleep(10)

    run(system.run_for(0.9, wait_for_the_database))

    assert (system.kinds, system.taken) == (["registered"], [REGISTERED])
    assert len(system.sources) == 1


def test_a_poisonous_message_stops_nobody(clock: FakeClock, run: Run) -> None:
    system = System(clock)
    system.feed = [[POISON, REGISTERED], [DENIED]]

    run(system.run_for(5))

    (reject,) = system.store.rejects
    assert (reject.topic, reject.partition, reject.offset) == (POISON.topic, 1, 7)
    assert (reject.reason, reject.size) == ("envelope", 1)
    assert system.kinds == ["registered", "start_denied"]
    assert system.taken == [POISON, REGISTERED, DENIED]
    assert system.status.report()["rejects"] == 1


def test_what_is_not_for_us_is_counted_and_taken(clock: FakeClock, run: Run) -> None:
    system = System(clock)
    other = message("pipeline.denied", bodies.denied(), schema_version=2)
    system.feed = [[other]]

    run(system.run_for(5))

    assert (system.kinds, system.store.rejects, system.taken) == ([], [], [other])
    ignored = system.status.consumed.labels(other.topic, "ignored")
    assert ignored._value.get() == 1


def test_an_absent_broker_is_awaited(clock: FakeClock, run: Run) -> None:
    system = System(clock)
    system.refusals = 4
    system.feed = [[REGISTERED]]

    # 0.5, 1, 2 and 4 seconds.
    run(system.run_for(8))

    assert len(system.sources) == 5
    assert system.taken == [REGISTERED]


def test_delays_grow_to_half_a_minute_and_differ() -> None:
    assert [delays(lambda: 1.0)(number) for number in (0, 1, 2, 99)] == [0.5, 1.0, 2.0, 30.0]
    assert delays(lambda: 0.0)(99) == 15.0


def test_a_client_that_does_not_find_back_is_replaced(clock: FakeClock, run: Run) -> None:
    system = System(clock)

    async def fall_silent() -> None:
        assert system.status.report()["status"] == "connected"
        system.sources[0].silent = True
        await asyncio.sleep(30)
        assert system.status.report()["status"] == "connecting"
        assert len(system.sources) == 1
        await asyncio.sleep(45)
        assert system.status.report()["status"] == "connected"

    run(system.run_for(7, fall_silent))

    assert len(system.sources) == 2
    assert system.sources[0].stopped


def test_a_broker_that_comes_back_in_time_keeps_its_client(clock: FakeClock, run: Run) -> None:
    system = System(clock)

    async def blink() -> None:
        system.sources[0].silent = True
        await asyncio.sleep(40)
        system.sources[0].silent = False
        await asyncio.sleep(10)
        assert system.status.report()["status"] == "connected"

    run(system.run_for(7, blink))

    assert len(system.sources) == 1


def test_the_owner_is_told_of_news_once(clock: FakeClock, run: Run) -> None:
    system = System(clock)
    copy = message("pipeline.denied", bodies.denied(), 1)
    system.feed = [[REGISTERED], [message("els.batch.essays.ready", bodies.ready())], [copy, copy]]

    run(system.run_for(5))

    expected = [(TEACHER, ["registered"]), (TEACHER, ["ready"]), (TEACHER, ["start_denied"])]
    assert system.listener.facts == expected


def test_news_is_told_though_the_attempt_that_wrote_it_broke_off(
    clock: FakeClock, run: Run
) -> None:
    system = System(clock)
    system.listener.failures = 2
    added = message("file.batch.file.added", bodies.file_added())
    ready = message("els.batch.essays.ready", bodies.ready())
    system.feed = [[REGISTERED], [ready, added]]

    run(system.run_for(9))

    assert system.listener.facts == [(TEACHER, ["registered"]), (TEACHER, ["ready"])]
    assert [one.status for one in system.listener.files] == [UploadStatus.ACCEPTED]


def test_old_facts_are_kept_and_wake_nobody(clock: FakeClock, run: Run) -> None:
    system = System(clock)
    clock.advance(3600)
    system.feed = [[REGISTERED, REJECTED]]

    run(system.run_for(5))

    assert system.kinds == ["file_rejected", "registered"]
    assert (system.listener.facts, system.listener.files) == ([], [])


def test_facts_that_are_too_old_are_not_kept_and_others_are_deleted(
    clock: FakeClock, run: Run
) -> None:
    system = System(clock)
    long_ago = AT - KEPT - timedelta(hours=1)
    old = message("batch.essays.registered", bodies.registered(), at=long_ago)
    system.feed = [[old]]

    run(system.run_for(5))

    assert (system.kinds, system.taken) == ([], [old])
    assert system.store.pruned_before is not None
    assert system.store.pruned_before > long_ago


def test_outcomes_of_files_are_told_with_the_owner_of_the_batch(clock: FakeClock, run: Run) -> None:
    system = System(clock)
    added = message("file.batch.file.added", bodies.file_added())
    system.feed = [[REJECTED], [added, REGISTERED], [REJECTED]]

    run(system.run_for(5))

    # Of the first rejection, the owner is not known yet.
    found = [(one.user_id, one.status, one.reason) for one in system.listener.files]
    assert found == [
        (TEACHER, UploadStatus.ACCEPTED, None),
        (TEACHER, UploadStatus.REJECTED, "CONTENT_TOO_SHORT"),
    ]


def test_silence_and_lag_are_reported(clock: FakeClock, run: Run) -> None:
    system = System(clock)
    assert system.status.report()["silent_seconds"] is None
    system.feed = [[REGISTERED]]

    async def look() -> None:
        report = system.status.report()
        assert (report["status"], report["lag"], report["rejects"]) == ("connected", 0, 0)
        assert report["silent_seconds"] == pytest.approx(9.0, abs=1.0)

    run(system.run_for(9, look))
