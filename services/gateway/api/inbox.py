"""What comes from a client: its body in pieces, and the news that it has gone."""

import asyncio
from collections.abc import AsyncIterator
from functools import cached_property

from bff_core.errors import PayloadTooLarge
from bff_core.server import Receive
from services.gateway.implementations.forwarding import RequestTooSlow

AHEAD = 4
"""Pieces that are read before somebody asks for them; then the client has to wait."""


class ClientGone(Exception):
    """Nobody is there to be answered any more."""


class Inbox:
    """One request's messages, read by one task that watches for as long as the answer takes."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    @cached_property
    def _pieces(self) -> asyncio.Queue[bytes | None]:
        return asyncio.Queue(AHEAD)

    async def watch(self) -> None:
        """Read until the client goes.

        Raises:
            ClientGone: It did.
        """
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            if piece := message.get("body"):
                await self._pieces.put(piece)
            if not message.get("more_body"):
                await self._pieces.put(None)

    async def chunks(self) -> AsyncIterator[bytes]:
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def whole(self, *, limit: int, seconds: float) -> bytes:
        """All of a small body.

        Raises:
            PayloadTooLarge: It is longer than `limit` bytes.
            RequestTooSlow: It took longer than `seconds`.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._collect(limit)
        except TimeoutError as error:
            raise RequestTooSlow from error

    async def _collect(self, limit: int) -> bytes:
        body = bytearray()
        async for piece in self.chunks():
            body += piece
            if len(body) > limit:
                raise PayloadTooLarge
        return bytes(body)
