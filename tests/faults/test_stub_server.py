"""The stub server of the test kit does what it is told, on a real socket."""

import aiohttp
import pytest

from bff_core.testing import ANY, NO_LENGTH, Reply, stub_server


async def test_programmed_path_answers_and_the_request_is_recorded() -> None:
    async with stub_server() as stub, aiohttp.ClientSession() as session:
        stub.on("/essays", Reply(201, b'{"a":1}', {"X-Odd": "yes"}))

        async with session.post(f"{stub.url}/essays?page=1", data=b"text") as answer:
            body = await answer.read()

    assert (answer.status, answer.headers["X-Odd"], body) == (201, "yes", b'{"a":1}')
    assert stub.requests[0].method == "POST"
    assert stub.requests[0].target == "/essays?page=1"
    assert stub.requests[0].body == b"text"
    assert stub.requests[0].headers["host"] == stub.url.removeprefix("http://")


async def test_replies_come_in_order_and_the_last_one_stays() -> None:
    async with stub_server() as stub, aiohttp.ClientSession() as session:
        stub.on(ANY, Reply(500), Reply(200))

        statuses = [(await session.get(stub.url)).status for _ in range(3)]

    assert statuses == [500, 200, 200]


async def test_unprogrammed_path_is_not_found() -> None:
    async with stub_server() as stub, aiohttp.ClientSession() as session:
        answer = await session.get(stub.url)

    assert answer.status == 404


@pytest.mark.parametrize("reply", [Reply(raw=b"garbage\r\n\r\n"), Reply(length=99), Reply(raw=b"")])
async def test_broken_http_is_sent_as_it_is(reply: Reply) -> None:
    async with stub_server() as stub, aiohttp.ClientSession() as session:
        stub.on(ANY, reply)

        with pytest.raises(aiohttp.ClientError):
            await (await session.get(stub.url)).read()


async def test_untold_length_ends_with_the_connection() -> None:
    async with stub_server() as stub, aiohttp.ClientSession() as session:
        stub.on(ANY, Reply(body=b"ab", times=3, length=NO_LENGTH))

        answer = await session.get(stub.url)

        assert (answer.content_length, await answer.read()) == (None, b"ababab")


async def test_hanging_answer_ends_with_the_stub() -> None:
    timeout = aiohttp.ClientTimeout(total=0.2)
    async with stub_server() as stub, aiohttp.ClientSession(timeout=timeout) as session:
        stub.on(ANY, Reply(hang=True))

        with pytest.raises(TimeoutError):
            await session.get(stub.url)

    assert stub.open_connections == 0
    assert stub.hung_up == 1
