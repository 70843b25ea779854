"""The emulators' events have the shapes, the keys and the order of the platform's contract."""

import json
import sqlite3
from collections import defaultdict
from datetime import UTC, datetime

import pytest

from devstack.events import Event, accounts, batches, moment, outbox
from devstack.events.event import SHORT_NAMES, encoded, topic_name
from devstack.seed import Situation, load_dataset
from devstack.seed.history import past_events
from devstack.seed.store import make_tables
from tests.unit.devstack.event_shapes import SHAPES, check

DATA = load_dataset()
DATED = past_events(DATA)
PAST = [event for _, event in DATED]
NOW = datetime(2026, 2, 3, 9, tzinfo=UTC)
UPLOAD = {
    "file_upload_id": "5e0f6a0e-6f5c-4d63-9f0e-2b8f5c2f7a10",
    "batch_id": "0b0f6a0e-6f5c-4d63-9f0e-2b8f5c2f7a11",
    "user_id": "u1",
    "filename": "prov.txt",
    "size": 12,
}
STUDENT, WHEN = "7e0f6a0e-6f5c-4d63-9f0e-2b8f5c2f7a12", moment("anything")
OTHERS = [
    batches.file_removed(UPLOAD, WHEN),
    batches.excess_content(UPLOAD, "t1", WHEN),
    accounts.balance_changed("user", "u1", -3, 47, WHEN),
    accounts.class_changed("created", STUDENT, "NA2A", ["SV1"], user_id="u1", when=WHEN),
    accounts.class_changed("updated", STUDENT, None, None, user_id="u1", when=WHEN),
    accounts.student_created(STUDENT, ("Elev", "Ett"), None, ["c1"], user_id="u1", when=WHEN),
    accounts.student_updated(
        STUDENT, (None, None), None, {"add": ["c1"], "remove": None}, user_id="u1", when=WHEN
    ),
]


def names_of(events: list[Event]) -> list[str]:
    return [event.topic for event in events]


def past_of(situation: Situation) -> list[Event]:
    """The past of one batch in this situation that the scenario does not move."""
    batch = {event.data.get("batch_id", event.data.get("entity_id")): None for event in PAST}
    found = next(one for one in DATA.batches_in(situation) if one.batch_id in batch)
    ids = {found.batch_id, *(one.essay_id for one in found.essays)}
    return [
        event for event in PAST if ids & {event.data.get("batch_id"), event.data.get("entity_id")}
    ]


def test_every_topic_has_its_shape_and_its_key() -> None:
    sent_at = datetime.now(UTC)

    for event in [*PAST, *OTHERS]:
        check(topic_name(event.topic), event.key, json.loads(encoded(event.envelope(sent_at))))

    assert set(SHORT_NAMES) == set(SHAPES) == {*names_of(PAST), *names_of(OTHERS)}


def test_event_sent_again_has_another_id_and_the_time_of_sending() -> None:
    first, second = (PAST[0].envelope(datetime(2026, 2, day, tzinfo=UTC)) for day in (3, 4))

    assert first["event_id"] != second["event_id"]
    assert first["event_timestamp"] < second["event_timestamp"]
    assert first["data"] == second["data"]
    assert first["correlation_id"] == second["correlation_id"]


def test_letters_beyond_ascii_are_escaped() -> None:
    assert encoded(
        batches.file_added({**UPLOAD, "filename": "åäö.txt"}, WHEN).envelope(WHEN.at)
    ).isascii()


@pytest.mark.parametrize(
    ("situation", "told", "untold"),
    [
        (
            Situation.UPLOAD_FAILED,
            "file.essay.validation.failed",
            "batch.content.provisioning.completed",
        ),
        (
            Situation.UNMATCHED,
            "batch.author.matches.suggested",
            "class.student.associations.confirmed",
        ),
        (
            Situation.MATCHING,
            "batch.content.provisioning.completed",
            "batch.author.matches.suggested",
        ),
        (Situation.CONFIRMED, "class.student.associations.confirmed", "commands.batch.pipeline"),
        (Situation.DENIED, "pipeline.denied", "els.batch.phase.outcome"),
        (Situation.ASSESSMENT_STUCK, "cj_assessment.failed", "batch.pipeline.completed"),
        (Situation.PARTLY_FAILED, "batch.pipeline.completed", "ras.batch.results.ready"),
        (Situation.LATER_PHASE_FAILED, "els.batch.phase.outcome", "batch.pipeline.completed"),
        (Situation.DONE, "ras.batch.assessment.completed", "pipeline.denied"),
    ],
)
def test_past_tells_what_no_route_does(situation: Situation, told: str, untold: str) -> None:
    names = names_of(past_of(situation))

    assert told in names
    assert untold not in names


def test_timer_s_event_follows_a_person_s() -> None:
    past = past_of(Situation.TIMED_OUT_AFTER_CONFIRMATION)
    confirmed = [
        event.data for event in past if event.topic == "class.student.associations.confirmed"
    ]

    assert [one["timeout_triggered"] for one in confirmed] == [False, True]
    assert {one["validated_by"] for one in confirmed[1]["associations"]} == {"SYSTEM_TIMEOUT"}


def test_past_of_each_batch_is_in_the_order_of_its_times() -> None:
    times: dict[str, list[str]] = defaultdict(list)
    for event in PAST:
        at = event.data.get("timestamp") or event.data.get("metadata", {}).get("timestamp")
        if at is not None:
            times[event.key].append(at)

    assert all(found == sorted(found) for found in times.values())


@pytest.fixture
def connection() -> sqlite3.Connection:
    opened = sqlite3.connect(":memory:")
    opened.row_factory = sqlite3.Row
    make_tables(opened)
    return opened


def test_outbox_gives_events_in_order_until_they_have_arrived(
    connection: sqlite3.Connection,
) -> None:
    outbox.store(connection, DATED[:5])

    first = outbox.take_unsent(connection, 3)
    outbox.mark_sent(connection, first[-1].id, NOW)
    rest = outbox.take_unsent(connection, 3)

    assert [(one.sent_at, one.event) for one in (*first, *rest)] == DATED[:5]


def test_new_broker_is_sent_what_the_old_one_had(connection: sqlite3.Connection) -> None:
    outbox.store(connection, [DATED[0], (None, PAST[1])])
    outbox.mark_sent(connection, 2, NOW)

    outbox.send_all_again(connection)

    assert [one.sent_at for one in outbox.take_unsent(connection, 10)] == [DATED[0][0], NOW]


def test_outbox_forgets_the_oldest(connection: sqlite3.Connection) -> None:
    outbox.store(connection, DATED[:1] * (outbox.MAX_KEPT + 10))

    [oldest] = outbox.take_unsent(connection, 1)

    assert oldest.id == 11


def test_nothing_is_stored_without_a_broker(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(outbox.BROKER_VARIABLE, raising=False)

    outbox.add(connection, PAST[0])

    assert outbox.take_unsent(connection, 1) == []
