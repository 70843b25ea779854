"""The platform's words turned into ours, and what a teacher has read of them."""

from typing import Any, get_args

import msgspec
import pytest

from bff_core.context import UserId
from bff_core.errors import Unavailable
from bff_core.testing import FakeClock
from services.bff_teacher.contracts.notifications import EVENTS
from services.bff_teacher.dto.notifications_v1 import NotificationKindV1, NotificationsQuery
from services.bff_teacher.live.notices import KINDS, NullNotices, notice_of
from services.bff_teacher.live.platform_notifications import (
    PlatformNotification,
    parse_notification,
)
from services.bff_teacher.live.pubsub import UserChannels
from services.bff_teacher.ports.notices import Notice
from services.bff_teacher.screens.notifications import NotificationsScreen
from tests.unit.bff_teacher.fakes import a_context
from tests.unit.bff_teacher.notice_fakes import MemoryNotices

ANNA = a_context().user_id
BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
FILE = "5c1f0c5e-77f3-4b7e-bb0e-0d4c3a2b1a01"
AT = "2026-01-31T09:02:11.000000Z"


def heard(event: str, **data: Any) -> Notice | None:
    message = msgspec.json.encode({"event": event, "data": {"timestamp": AT} | data})
    found = parse_notification(message, ANNA, UserChannels(), FakeClock().now())
    assert isinstance(found, PlatformNotification)
    return notice_of(found)


def test_every_word_of_the_platform_has_one_of_ours() -> None:
    assert KINDS.keys() == EVENTS
    assert set(KINDS.values()) == set(get_args(NotificationKindV1))


@pytest.mark.parametrize(
    ("event", "data", "expected"),
    [
        (
            "batch_validation_failed",
            {
                "batch_id": BATCH,
                "file_upload_id": FILE,
                "filename": "Maja Lindqvist.docx",
                "validation_error": "CONTENT_TOO_SHORT",
                "message": "File 'Maja Lindqvist.docx' failed validation",
                "priority": "immediate",
                "action_required": True,
            },
            {
                "kind": "file_rejected",
                "batch_id": BATCH,
                "file_upload_id": FILE,
                "reason": "too_short",
                "importance": "high",
                "needs_action": True,
            },
        ),
        (
            "batch_spellcheck_completed",
            {"batch_id": BATCH, "phase_name": "spellcheck", "priority": "low"},
            {
                "kind": "phase_completed",
                "batch_id": BATCH,
                "phase": "spellcheck",
                "importance": "low",
            },
        ),
        (
            "batch_phase_concluded",
            {"batch_id": BATCH, "phase": "cj_assessment", "status": "failed"},
            {"kind": "phase_concluded", "batch_id": BATCH, "phase": "cj_assessment"},
        ),
        (
            "student_added_to_class",
            {"class_id": BATCH, "student_name": "Maja Lindqvist", "priority": "urgent"},
            {"kind": "student_added", "class_id": BATCH},
        ),
        (
            "pipeline_denied_rate_limit",
            {"action_required": "yes"},
            {"kind": "start_denied", "reason": "rate_limit"},
        ),
    ],
)
def test_a_notice_holds_words_and_ids_and_no_names(
    event: str, data: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert heard(event, **data) == Notice(at=AT, **expected)


def test_an_unknown_word_is_no_notice() -> None:
    assert heard("<script>", batch_id=BATCH) is None


async def test_a_page_tells_what_is_read() -> None:
    notices = MemoryNotices()
    screen = NotificationsScreen(notices)
    for number in range(3):
        await notices.append(ANNA, str(number), Notice(at=AT, kind="results_ready"))
    await notices.append(ANNA, "other", Notice(at=AT, kind="a word of tomorrow"))

    first = await screen.load(a_context(), NotificationsQuery(limit=2))
    marked = await screen.mark_read(a_context(), first.notifications[0].id)
    assert first.next_cursor
    rest = await screen.load(a_context(), NotificationsQuery(cursor=first.next_cursor))

    assert [one.is_read for one in first.notifications] == [False]
    assert (first.unread, first.read_up_to) == (4, None)
    assert (marked.read_up_to, marked.unread) == (first.notifications[0].id, 1)
    assert [one.is_read for one in rest.notifications] == [True, True]
    assert (rest.next_cursor, rest.read_up_to) == (None, marked.read_up_to)


@pytest.mark.parametrize("notices", [NullNotices(), MemoryNotices(is_down=True)])
async def test_without_redis_nothing_is_said(notices: Any) -> None:
    screen = NotificationsScreen(notices)

    with pytest.raises(Unavailable):
        await screen.load(a_context(), NotificationsQuery())
    with pytest.raises(Unavailable):
        await screen.mark_read(a_context(), "1-0")
    if isinstance(notices, NullNotices):
        with pytest.raises(Unavailable):
            await notices.append(UserId("a"), "d", Notice(at=AT, kind="results_ready"))
