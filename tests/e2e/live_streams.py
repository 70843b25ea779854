"""Streams of a devstack's teachers, as a client follows them."""

import time
from contextlib import aclosing

import aiohttp

from devstack.seed import DemoUser
from devstack.stream_client import AccessToken, HttpStreamSource, StreamFollower
from tests.e2e.demo_stack import DemoStack


def follow_as(
    stack: DemoStack,
    session: aiohttp.ClientSession,
    person: DemoUser,
    *,
    batch_id: str | None = None,
) -> StreamFollower:
    """A follower of the person's newest batches, or of one batch."""

    async def token() -> AccessToken:
        return AccessToken(stack.token(person), time.time() + 3_000)

    query = f"?batch_id={batch_id}" if batch_id else ""
    address = f"{stack.gateway}/bff/v1/teacher/events{query}"
    return StreamFollower(HttpStreamSource(session, address), token)


async def listen(follower: StreamFollower) -> None:
    async with aclosing(follower.follow()) as items:
        async for _ in items:
            pass
