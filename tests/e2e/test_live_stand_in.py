"""The devstack on a machine without redis-server: its screens move there as well."""

from collections.abc import Iterator
from dataclasses import dataclass

import aiohttp
import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from devstack.seed.people import ANNA
from devstack.supervisor.processes import REDIS_PORT
from tests.e2e.demo_stack import DemoStack, demo_stack
from tests.faults.live_clients import StreamFollower, following, wait_until


@pytest.fixture
def bare(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DemoStack]:
    """A devstack that finds no program but Python; its batches move."""
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("nothing")))
    with demo_stack(tmp_path_factory.mktemp("devstack"), "--scenario") as (stack, _):
        yield stack


@dataclass
class _Anna(StreamFollower):
    stack: DemoStack | None = None

    def token(self) -> dict[str, str]:
        assert self.stack is not None
        return {"Authorization": f"Bearer {self.stack.token(ANNA)}"}


async def test_without_redis_server_a_stream_begins_and_moves(bare: DemoStack) -> None:
    async with aiohttp.ClientSession() as session:
        one = _Anna(session, [bare.gateway], path="/bff/v1/teacher/events", stack=bare)
        async with following(one):
            await wait_until(lambda: one.screen.batches)
            await wait_until(lambda: "batch_changed" in one.screen.event_names, 30)

    assert one.screen.event_names[0] == "snapshot"
    assert set(one.statuses) == {200}
    async with Redis.from_url(f"redis://127.0.0.1:{REDIS_PORT + bare.offset}/0") as redis:
        # The stand-in knows no INFO.
        with pytest.raises(ResponseError):
            await redis.info()
