"""A request's body is read with a bounded read-ahead, until the client disconnects."""

import asyncio
from typing import Any

import pytest

from bff_core.errors import InvalidRequest, PayloadTooLarge
from bff_core.server import RequestTooSlow
from services.gateway.api.body_reader import READ_AHEAD, BodyReader, ClientDisconnected


class ScriptedClient:
    """Sends chunks, then disconnects or stays."""

    def __init__(self, *chunks: bytes, stays: bool = True) -> None:
        self._messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
        ]
        self._messages.append({"type": "http.request", "body": b"", "more_body": False})
        self._stays = stays

    @property
    def unsent(self) -> int:
        return len(self._messages)

    async def receive(self) -> dict[str, Any]:
        if self._messages:
            return self._messages.pop(0)
        if self._stays:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}


async def read(client: ScriptedClient, limit: int) -> bytes:
    reader = BodyReader(client.receive)
    body = b""

    async def respond() -> None:
        nonlocal body
        body = await reader.read(limit=limit, seconds=1)

    await reader.cancel_on_disconnect(respond())
    return body


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


async def test_a_body_comes_in_order() -> None:
    assert await read(ScriptedClient(b"a", b"b", b"c"), limit=3) == b"abc"


async def test_a_body_over_its_limit_is_refused() -> None:
    with pytest.raises(PayloadTooLarge):
        await read(ScriptedClient(b"ab", b"cd"), limit=3)


async def test_a_client_that_disconnects_cancels_the_response() -> None:
    with pytest.raises(ClientDisconnected):
        await BodyReader(ScriptedClient(stays=False).receive).cancel_on_disconnect(wait_for_ever())


async def test_a_body_that_breaks_off_is_refused() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(InvalidRequest):
        await BodyReader(receive).cancel_on_disconnect(wait_for_ever())


async def test_a_client_waits_while_its_body_is_not_read() -> None:
    client = ScriptedClient(*[b"x"] * 100)
    reader = BodyReader(client.receive)

    async def respond() -> None:
        for _ in range(50):
            await asyncio.sleep(0)

    await reader.cancel_on_disconnect(respond())

    assert client.unsent == 101 - READ_AHEAD - 1


async def buffered(client: ScriptedClient, size: int, seconds: float = 5.0) -> tuple[int, bytes]:
    """Messages that are unsent when the buffer is filled, and then the whole body."""
    reader = BodyReader(client.receive)
    body, unsent = b"", 0

    async def respond() -> None:
        nonlocal body, unsent
        await reader.buffer(size, seconds=seconds)
        unsent = client.unsent
        body = b"".join([chunk async for chunk in reader.chunks()])

    await reader.cancel_on_disconnect(respond())
    return unsent, body


async def test_a_small_body_is_buffered_whole_and_comes_in_order() -> None:
    assert await buffered(ScriptedClient(b"a", b"b", b"c"), 100) == (0, b"abc")


async def test_of_a_large_body_the_beginning_is_buffered() -> None:
    chunks = [b"x" * 10] * 50

    unsent, body = await buffered(ScriptedClient(*chunks), 100)

    assert unsent >= 50 - 10 - READ_AHEAD - 2
    assert body == b"".join(chunks)


async def test_a_body_that_does_not_come_is_too_slow() -> None:
    class Silent(ScriptedClient):
        async def receive(self) -> dict[str, Any]:
            await asyncio.Event().wait()
            raise AssertionError

    with pytest.raises(RequestTooSlow):
        await buffered(Silent(), 100, seconds=0.01)
