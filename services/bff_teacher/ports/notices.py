"""Notices: what the platform told a teacher, kept for a while."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from bff_core.context import UserId

Importance = Literal["low", "normal", "high"]


class Notice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of the platform, without names and texts; `at` is its time on the wire."""

    at: str
    kind: str
    importance: Importance = "normal"
    needs_action: bool = False
    batch_id: str | None = None
    class_id: str | None = None
    phase: str | None = None
    file_upload_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class NoticeId:
    """The place of a notice in the log of its user; later ones are greater."""

    milliseconds: int
    number: int

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.number}"

    @classmethod
    def parse(cls, text: str) -> "NoticeId":
        """The id of a text that matches `NOTICE_ID`."""
        milliseconds, _, number = text.partition("-")
        return cls(int(milliseconds), int(number))


NOTICE_ID = r"^(0|[1-9][0-9]{0,14})-(0|[1-9][0-9]{0,8})$"


@dataclass(frozen=True, slots=True)
class NoticePage:
    """The newest notices before a cursor; `read_up_to` and `unread` are those of the whole log."""

    notices: Sequence[tuple[NoticeId, Notice]]
    has_more: bool
    unread: int
    read_up_to: NoticeId | None


class Notices(Protocol):
    """A bounded log for each user. Every method raises Unavailable when it cannot be reached."""

    async def append(self, user_id: UserId, digest: str, notice: Notice) -> bool:
        """Append it; False when a notice with this digest was appended before."""
        ...

    async def page(self, user_id: UserId, before: NoticeId | None, limit: int) -> NoticePage:
        """The newest notices, or those older than `before`."""
        ...

    async def mark_read(self, user_id: UserId, up_to: NoticeId) -> NoticePage:
        """Mark notices as read, and nothing that is not there yet; an empty page."""
        ...
