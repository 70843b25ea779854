"""Facts reach the streams of their owner: told at once, then read again."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from bff_core.context import UserId
from bff_core.errors import Unavailable
from services.bff_teacher.confirmations.upload import FileOutcome, Upload, UploadStatus
from services.bff_teacher.events.model import Fact, FactKind
from services.bff_teacher.live.event_log import ActivityEvent, EventLogUnavailable
from services.bff_teacher.live.fact_announcer import ACTIVITIES, FactAnnouncer, activity_of
from services.bff_teacher.live.notices import KINDS
from services.bff_teacher.live.state import StreamTopic
from tests.unit.bff_teacher.file_fakes import MemoryUploads

ANNA = UserId("anna")
AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
FILE = "5c1f0c5e-77f3-4b7e-bb0e-0d4c3a2b1a01"


@dataclass
class Recorded:
    """Stands for the caches, the streams and the event log; remembers what they were told."""

    told: list[str] = field(default_factory=list)
    activities: list[tuple[str, ActivityEvent]] = field(default_factory=list)
    away: bool = False

    async def invalidate(self, user_id: UserId) -> None:
        self.told.append(f"invalidate {user_id}")

    async def announce_write(self, user_id: UserId) -> None:
        self.told.append(f"announce {user_id}")

    async def append_activity(self, topic: StreamTopic, activity: ActivityEvent) -> bool:
        if self.away:
            raise EventLogUnavailable
        self.told.append(f"tell {topic.name}")
        self.activities.append((topic.name, activity))
        return True


def announcer(recorded: Recorded, uploads: MemoryUploads | None = None) -> FactAnnouncer:
    return FactAnnouncer(recorded, recorded, uploads or MemoryUploads(), recorded)  # type: ignore[arg-type]


def a_fact(kind: FactKind = FactKind.START_DENIED) -> Fact:
    return Fact(BATCH, kind, AT, "a topic", {})


async def test_a_fact_is_told_to_list_and_batch_and_then_read_again() -> None:
    recorded = Recorded()

    await announcer(recorded).on_facts({ANNA: [a_fact()]})

    assert recorded.told == [
        "tell list",
        f"tell {BATCH}:en",
        f"tell {BATCH}:sv",
        "invalidate anna",
        "announce anna",
    ]
    _, activity = recorded.activities[0]
    assert json.loads(activity.data) == {
        "at": "2026-01-31T12:00:00.000000Z",
        "kind": "start_denied",
        "batch_id": BATCH,
    }
    assert activity.mentioned_ids == [BATCH]


async def test_a_fact_of_which_a_notification_tells_is_only_read_again() -> None:
    recorded = Recorded()

    await announcer(recorded).on_facts({ANNA: [a_fact(FactKind.FILE_REJECTED)]})

    assert recorded.told == ["invalidate anna", "announce anna"]


async def test_without_the_log_the_screens_are_read_again_all_the_same() -> None:
    recorded = Recorded(away=True)

    await announcer(recorded).on_facts({ANNA: [a_fact()]})

    assert recorded.told == ["invalidate anna", "announce anna"]


def test_copies_of_a_fact_are_one_activity() -> None:
    assert activity_of(a_fact()).digest == activity_of(a_fact()).digest
    assert activity_of(a_fact()).digest != activity_of(a_fact(FactKind.READY)).digest


def test_no_fact_and_notification_tell_the_same_but_those_that_are_never_sent() -> None:
    # The platform has words for these, and no caller that sends them.
    never_sent = {"start_denied", "matches_confirmed", "matches_auto_confirmed"}

    assert set(ACTIVITIES.values()) & set(KINDS.values()) == never_sent


async def test_the_outcome_of_a_file_is_recorded_with_our_reason() -> None:
    upload = Upload(
        upload_key="k", batch_id=BATCH, user_id=ANNA, filename="a.txt", size=1, sent_at=AT
    )
    uploads, recorded = MemoryUploads([upload]), Recorded()
    code = "CONTENT_TOO_SHORT"
    outcome = FileOutcome(ANNA, BATCH, FILE, "a.txt", UploadStatus.REJECTED, code, AT)

    await announcer(recorded, uploads).on_file(outcome)

    [row] = uploads.rows
    assert (row.status, row.reason, row.file_upload_id) == ("rejected", "too_short", FILE)
    assert recorded.told == ["invalidate anna", "announce anna"]


async def test_an_outcome_that_cannot_be_recorded_is_not_taken() -> None:
    outcome = FileOutcome(ANNA, BATCH, FILE, "a.txt", UploadStatus.ACCEPTED, None, AT)

    with pytest.raises(Unavailable):
        await announcer(Recorded(), MemoryUploads(down={"record"})).on_file(outcome)
