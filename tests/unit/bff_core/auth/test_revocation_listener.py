"""The log of an outage of Redis: its first failure and its end, however many attempts it takes."""

import asyncio
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisGone
from structlog.testing import capture_logs

from bff_core.auth import RevocationListener, RevocationMarks
from bff_core.testing import FakeClock
from bff_core.testing.clock import run_virtually


class PubSubStub:
    def __init__(self, server: "RedisStub") -> None:
        self._server = server

    async def subscribe(self, _: str) -> None:
        self._server.require()

    async def get_message(self, timeout: float) -> dict[str, Any]:  # noqa: ASYNC109 - redis-py's own
        await asyncio.sleep(timeout)
        self._server.require()
        return {"type": "pong", "data": b""}

    async def ping(self) -> None:
        self._server.require()

    async def aclose(self) -> None:
        pass


class RedisStub:
    def __init__(self) -> None:
        self.is_there = False

    def require(self) -> None:
        if not self.is_there:
            raise RedisGone

    def pubsub(self) -> PubSubStub:
        return PubSubStub(self)

    async def zrange(self, *_: object, **__: object) -> list[tuple[bytes, float]]:
        return []

    async def aclose(self) -> None:
        pass


def test_an_outage_is_logged_once_and_so_is_its_end() -> None:
    clock, server = FakeClock(), RedisStub()
    redis = cast("Redis", server)  # The stub has what the listener uses.
    listener = RevocationListener(redis, RevocationMarks(clock, 3600.0), clock)

    async def scene() -> None:
        await listener.start()
        for is_there in (False, True, False, True):
            server.is_there = is_there
            await asyncio.sleep(10)
        await listener.aclose()

    with capture_logs() as lines:
        run_virtually(clock, scene())

    lost, heard = "revocations_not_heard", "revocations_heard_again"
    assert [line["event"] for line in lines] == [lost, heard, lost, heard]
    assert lines[0]["kind"] == "ConnectionError"
