"""The notices of users in Redis: for each a stream, the digests of its messages, and a mark."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from redis.exceptions import ReadOnlyError, RedisError

from bff_core.cache import RedisClient, drop_connections
from bff_core.context import UserId
from services.bff_teacher.live.event_log import EventLogUnavailable
from services.bff_teacher.live.redis_event_log import COMMAND_TIMEOUT_SECONDS
from services.bff_teacher.ports.notices import Notice, NoticeId, NoticePage

KEPT = 200
KEPT_SECONDS = 30 * 86_400
KEPT_DIGESTS = 256

# KEYS: notices, digests, mark. ARGV: digest, data, most notices, most digests, retention seconds.
APPEND = """
local now, retention = tonumber(redis.call('TIME')[1]), tonumber(ARGV[5])
if redis.call('ZADD', KEYS[2], 'NX', now, ARGV[1]) == 0 then return 0 end
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - tonumber(ARGV[4]))
redis.call('XADD', KEYS[1], 'MAXLEN', '=', ARGV[3], '*', 'd', ARGV[2])
redis.call('XTRIM', KEYS[1], 'MINID', '=', (now - retention) * 1000)
for at = 1, 3 do redis.call('EXPIRE', KEYS[at], retention) end
return 1
"""

_COUNT_UNREAD = """
local function unread()
  local mark = redis.call('GET', KEYS[2])
  if not mark then return {'', redis.call('XLEN', KEYS[1])} end
  local later = redis.call('XRANGE', KEYS[1], mark, '+')
  local first = later[1]
  return {mark, #later - (first and first[1] == mark and 1 or 0)}
end
"""

# KEYS: notices, mark. ARGV: the last notice that is known ('+' for none), most notices.
PAGE = (
    _COUNT_UNREAD
    + """
local entries = redis.call('XREVRANGE', KEYS[1], ARGV[1], '-', 'COUNT', ARGV[2])
local found = unread()
return {found[1], found[2], entries}
"""
)

# KEYS: notices, mark. ARGV: the last notice that was read, retention seconds.
MARK_READ = (
    _COUNT_UNREAD
    + """
local function parts(id)
  local ms, number = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(number)
end
local function is_later(one, other)
  local ms, number = parts(one)
  local other_ms, other_number = parts(other)
  return ms > other_ms or (ms == other_ms and number > other_number)
end
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if newest then
  local read = is_later(ARGV[1], newest[1]) and newest[1] or ARGV[1]
  local mark = redis.call('GET', KEYS[2])
  if not mark or is_later(read, mark) then redis.call('SET', KEYS[2], read, 'EX', ARGV[2]) end
end
local found = unread()
return {found[1], found[2], {}}
"""
)

_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Notice).decode


class RedisNotices:
    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._append = redis.register_script(APPEND)
        self._page = redis.register_script(PAGE)
        self._mark_read = redis.register_script(MARK_READ)

    async def append(self, user_id: UserId, digest: str, notice: Notice) -> bool:
        notices, mark = _keys(user_id)
        args = [digest, _encode(notice), KEPT, KEPT_DIGESTS, KEPT_SECONDS]
        return bool(await self._run(self._append, [notices, f"{notices}:digests", mark], args))

    async def page(self, user_id: UserId, before: NoticeId | None, limit: int) -> NoticePage:
        # The notice at the cursor is read, too, and one more tells whether there are others.
        args = [str(before) if before else "+", limit + 2]
        reply = await self._run(self._page, _keys(user_id), args)
        return _page_of(reply, before, limit)

    async def mark_read(self, user_id: UserId, up_to: NoticeId) -> NoticePage:
        args = [str(up_to), KEPT_SECONDS]
        return _page_of(await self._run(self._mark_read, _keys(user_id), args), None, 0)

    async def _run(self, script: Any, keys: Sequence[str], args: Sequence[object]) -> Any:
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_SECONDS):
                return await script(keys=keys, args=args)
        except (RedisError, OSError, TimeoutError) as error:
            if isinstance(error, ReadOnlyError):
                await drop_connections(self._redis, in_use=True)
            raise EventLogUnavailable from error


def _page_of(reply: Any, before: NoticeId | None, limit: int) -> NoticePage:
    mark, unread, entries = reply
    found = []
    for entry_id, fields in entries:
        notice_id = NoticeId.parse(entry_id.decode())
        if notice_id != before:
            found.append((notice_id, _decode(fields[1])))
    return NoticePage(
        notices=found[:limit],
        has_more=len(found) > limit,
        unread=unread,
        read_up_to=NoticeId.parse(mark.decode()) if mark else None,
    )


def _keys(user_id: UserId) -> list[str]:
    # The braces put all keys of a user into one hash slot.
    return [f"live:{{{user_id}}}:notices", f"live:{{{user_id}}}:notices:read"]
