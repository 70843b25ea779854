"""The platform's messages to the teacher, and those that they have read."""

from datetime import datetime
from typing import get_args

from bff_core.context import RequestContext
from services.bff_teacher.dto.notifications_v1 import (
    NotificationKindV1,
    NotificationListV1,
    NotificationsQuery,
    NotificationV1,
    ReadMarkV1,
)
from services.bff_teacher.ports.notices import Notice, NoticeId, Notices

KINDS: tuple[NotificationKindV1, ...] = get_args(NotificationKindV1)


class NotificationsScreen:
    """Everything is required. Batches and classes are not read: a notification names their ids."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    async def load(self, ctx: RequestContext, query: NotificationsQuery) -> NotificationListV1:
        """A page, newest first.

        Raises:
            Unavailable: Redis cannot be reached, or there is none.
        """
        before = NoticeId.parse(query.cursor) if query.cursor else None
        page = await self._notices.page(ctx.user_id, before, query.limit)
        mark = page.read_up_to
        last = page.notices[-1][0] if page.notices and page.has_more else None
        return NotificationListV1(
            notifications=[
                row for one in page.notices if (row := _row(*one, mark=mark)) is not None
            ],
            unread=page.unread,
            read_up_to=str(mark) if mark else None,
            next_cursor=str(last) if last else None,
        )

    async def mark_read(self, ctx: RequestContext, up_to: str) -> ReadMarkV1:
        """Mark a notification and all before it.

        Raises:
            Unavailable: Redis cannot be reached, or there is none.
        """
        page = await self._notices.mark_read(ctx.user_id, NoticeId.parse(up_to))
        mark = page.read_up_to
        return ReadMarkV1(read_up_to=str(mark) if mark else None, unread=page.unread)


def _row(notice_id: NoticeId, notice: Notice, *, mark: NoticeId | None) -> NotificationV1 | None:
    """The notification; None for a kind of another version."""
    kind = next((one for one in KINDS if one == notice.kind), None)
    if kind is None:
        return None
    return NotificationV1(
        id=str(notice_id),
        at=datetime.fromisoformat(notice.at),
        kind=kind,
        batch_id=notice.batch_id,
        class_id=notice.class_id,
        phase=notice.phase,
        file_upload_id=notice.file_upload_id,
        reason=notice.reason,
        importance=notice.importance,
        needs_action=notice.needs_action,
        is_read=mark is not None and notice_id <= mark,
    )
