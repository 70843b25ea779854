"""In-memory log of notices."""

from collections import defaultdict
from dataclasses import dataclass, field

from bff_core.context import UserId
from bff_core.errors import Unavailable
from services.bff_teacher.ports.notices import Notice, NoticeId, NoticePage

KEPT = 200


@dataclass
class MemoryNotices:
    """Passes the same contract tests as the log in Redis."""

    is_down: bool = False
    rows: dict[UserId, list[tuple[NoticeId, Notice]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    digests: set[tuple[UserId, str]] = field(default_factory=set)
    marks: dict[UserId, NoticeId] = field(default_factory=dict)

    async def append(self, user_id: UserId, digest: str, notice: Notice) -> bool:
        self._fail()
        if (user_id, digest) in self.digests:
            return False
        self.digests.add((user_id, digest))
        rows = self.rows[user_id]
        number = rows[-1][0].number + 1 if rows else 0
        rows.append((NoticeId(1, number), notice))
        del rows[:-KEPT]
        return True

    async def page(self, user_id: UserId, before: NoticeId | None, limit: int) -> NoticePage:
        self._fail()
        newest = [one for one in reversed(self.rows[user_id]) if not before or one[0] < before]
        return self._page(user_id, newest, limit)

    async def mark_read(self, user_id: UserId, up_to: NoticeId) -> NoticePage:
        self._fail()
        if rows := self.rows[user_id]:
            read = min(up_to, rows[-1][0])
            self.marks[user_id] = max(read, self.marks.get(user_id, read))
        return self._page(user_id, [], 0)

    def _page(
        self, user_id: UserId, newest: list[tuple[NoticeId, Notice]], limit: int
    ) -> NoticePage:
        mark = self.marks.get(user_id)
        unread = sum(mark is None or notice_id > mark for notice_id, _ in self.rows[user_id])
        return NoticePage(newest[:limit], len(newest) > limit, unread, mark)

    def _fail(self) -> None:
        if self.is_down:
            raise Unavailable
