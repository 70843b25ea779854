"""The servers that the tests stand on answer as the real ones."""

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from devstack.supervisor.processes import redis_probe
from tests import local_servers
from tests.ports import free_port


async def test_redis_keeps_what_it_is_given(redis_url: str) -> None:
    async with redis.asyncio.from_url(redis_url) as client:
        await client.set("test:kept", "yes")

        assert await client.get("test:kept") == b"yes"


@pytest.mark.postgres
async def test_postgres_answers_queries(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
    try:
        assert await connection.fetchval("SELECT 6 * 7") == 42
    finally:
        await connection.close()


async def test_stand_in_for_redis_answers_and_ends_when_asked() -> None:
    port = free_port()
    command = (sys.executable, "-m", "devstack.supervisor.redis_server", str(port))
    process = await asyncio.create_subprocess_exec(*command)
    try:
        await until_it_answers(port)
        async with redis.asyncio.from_url(f"redis://127.0.0.1:{port}/0") as client:
            await client.set("test:kept", "yes")
            assert await client.get("test:kept") == b"yes"
            process.terminate()
            async with asyncio.timeout(10):
                assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_stand_in_stays_after_an_error_so_that_scripts_are_sent_again() -> None:
    port = free_port()
    command = (sys.executable, "-m", "devstack.supervisor.redis_server", str(port))
    process = await asyncio.create_subprocess_exec(*command)
    try:
        await until_it_answers(port)
        async with redis.asyncio.from_url(
            f"redis://127.0.0.1:{port}/0", single_connection_client=True
        ) as client:
            with pytest.raises(redis.ResponseError):
                await client.execute_command("NO-SUCH-COMMAND")  # type: ignore[no-untyped-call]
            script = client.register_script("return redis.call('SET', KEYS[1], ARGV[1])")
            await script(keys=["test:kept"], args=["yes"])
            assert await client.get("test:kept") == b"yes"
    finally:
        process.kill()
        await process.wait()


async def until_it_answers(port: int) -> None:
    for _ in range(400):
        if await redis_probe(port) is None:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the stand-in does not answer")


def test_redis_ends_with_its_block(tmp_path: Path) -> None:
    with local_servers.running_redis(tmp_path) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])

    assert not local_servers._listens(port)
