"""A client's messages: its body, with a limit to how much waits, and its leaving."""

import asyncio
from typing import Any

import pytest

from bff_core.composition import fan_out
from bff_core.errors import PayloadTooLarge
from services.gateway.api.inbox import AHEAD, ClientGone, Inbox


class Client:
    """Sends pieces, then leaves or stays."""

    def __init__(self, *pieces: bytes, stays: bool = True) -> None:
        self._messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
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


async def whole(client: Client, limit: int) -> bytes:
    inbox = Inbox(client.receive)
    async with fan_out() as tasks:
        watching = tasks.create_task(inbox.watch())
        body = await inbox.whole(limit=limit, seconds=1)
        watching.cancel()
    return body


async def work_for_ever(client: Client) -> None:
    async with fan_out() as tasks:
        tasks.create_task(Inbox(client.receive).watch())
        await asyncio.Event().wait()


async def test_a_body_comes_in_order() -> None:
    assert await whole(Client(b"a", b"b", b"c"), limit=3) == b"abc"


async def test_a_body_over_its_limit_is_refused() -> None:
    with pytest.raises(PayloadTooLarge):
        await whole(Client(b"ab", b"cd"), limit=3)


async def test_a_client_that_leaves_ends_the_work() -> None:
    with pytest.raises(ClientGone):
        await work_for_ever(Client(stays=False))


async def test_a_client_waits_while_nobody_reads() -> None:
    client = Client(*[b"x"] * 100)
    inbox = Inbox(client.receive)
    async with fan_out() as tasks:
        watching = tasks.create_task(inbox.watch())
        for _ in range(50):
            await asyncio.sleep(0)
        watching.cancel()

    assert client.unsent == 101 - AHEAD - 1
