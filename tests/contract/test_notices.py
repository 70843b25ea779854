"""The logs of notices in Redis and in memory behave alike."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from bff_core.context import UserId
from services.bff_teacher.live.redis_event_log import open_live_redis
from services.bff_teacher.live.redis_notices import KEPT, KEPT_SECONDS, RedisNotices
from services.bff_teacher.ports.notices import Notice, NoticeId, Notices
from tests.unit.bff_teacher.notice_fakes import MemoryNotices


def a_notice(number: int = 1) -> Notice:
    return Notice(
        at="2026-01-31T12:00:00.000000Z",
        kind="file_rejected",
        importance="high",
        needs_action=True,
        batch_id="3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
        file_upload_id=f"5c1f0c5e-77f3-4b7e-bb0e-{number:012d}",
        reason="too_short",
    )


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def notices(request: pytest.FixtureRequest) -> AsyncIterator[Notices]:
    if request.param == "memory":
        yield MemoryNotices()
        return
    redis = open_live_redis(request.getfixturevalue("redis_url"))
    yield RedisNotices(redis)
    await redis.aclose()


@pytest.fixture
def user() -> UserId:
    return UserId(f"anna-{uuid4().hex}")


async def append(notices: Notices, user: UserId, numbers: range) -> None:
    for number in numbers:
        assert await notices.append(user, f"digest-{number}", a_notice(number))


async def test_nothing_is_a_page(notices: Notices, user: UserId) -> None:
    page = await notices.page(user, None, 20)

    assert (list(page.notices), page.has_more, page.unread, page.read_up_to) == ([], False, 0, None)


async def test_a_notice_comes_back_and_a_message_counts_once(
    notices: Notices, user: UserId
) -> None:
    appended = [await notices.append(user, one, a_notice()) for one in ("a", "a", "b")]
    page = await notices.page(user, None, 20)

    assert appended == [True, False, True]
    assert [notice for _, notice in page.notices] == [a_notice(), a_notice()]
    assert page.unread == 2


async def test_pages_follow_each_other_newest_first(notices: Notices, user: UserId) -> None:
    await append(notices, user, range(7))

    seen: list[Notice] = []
    before: NoticeId | None = None
    sizes = []
    while True:
        page = await notices.page(user, before, 3)
        seen += [notice for _, notice in page.notices]
        sizes.append(len(page.notices))
        if not page.has_more:
            break
        before = page.notices[-1][0]

    assert (sizes, seen) == ([3, 3, 1], [a_notice(number) for number in reversed(range(7))])


async def test_only_the_newest_are_kept(notices: Notices, user: UserId) -> None:
    await append(notices, user, range(KEPT + 5))

    page = await notices.page(user, None, KEPT + 5)

    assert (len(page.notices), page.has_more, page.unread) == (KEPT, False, KEPT)
    assert page.notices[-1][1] == a_notice(5)


async def test_the_mark_goes_neither_back_nor_beyond_the_newest(
    notices: Notices, user: UserId
) -> None:
    none = await notices.mark_read(user, NoticeId(9, 9))
    await append(notices, user, range(5))
    ids = [one for one, _ in (await notices.page(user, None, 5)).notices]

    marks = [
        await notices.mark_read(user, one)
        for one in (ids[2], ids[4], ids[1], NoticeId(10**14, 0), ids[3])
    ]
    await append(notices, user, range(5, 7))
    page = await notices.page(user, None, 20)

    assert (none.read_up_to, none.unread) == (None, 0)
    assert [one.read_up_to for one in marks] == [ids[2], ids[2], ids[1], ids[0], ids[0]]
    assert [one.unread for one in marks] == [2, 2, 1, 0, 0]
    assert (page.read_up_to, page.unread) == (ids[0], 2)


async def test_users_do_not_share_a_log(notices: Notices, user: UserId) -> None:
    other = UserId(f"{user}-2")
    await append(notices, user, range(2))
    await append(notices, other, range(3))

    await notices.mark_read(user, NoticeId(10**14, 0))

    assert (await notices.page(user, None, 9)).unread == 0
    page = await notices.page(other, None, 9)
    assert (len(page.notices), page.unread, page.read_up_to) == (3, 3, None)


@pytest.mark.redis
async def test_what_is_kept_expires_and_names_no_one(redis_url: str, user: UserId) -> None:
    redis = open_live_redis(redis_url)
    notices = RedisNotices(redis)
    await append(notices, user, range(2))
    await notices.mark_read(user, NoticeId(10**14, 0))

    keys = [key async for key in redis.scan_iter(f"live:{{{user}}}:*")]
    lives = [await redis.ttl(key) for key in keys]
    await redis.aclose()

    assert len(keys) == 3
    assert all(KEPT_SECONDS - 60 < seconds <= KEPT_SECONDS for seconds in lives)
