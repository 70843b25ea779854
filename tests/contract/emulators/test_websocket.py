"""The websocket service: access, delivery and closing of sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis
from quart import Quart
from quart.testing.connections import WebsocketDisconnectError, WebsocketResponseError

from devstack.emulators import websocket
from devstack.emulators.websocket.sockets import (
    BFF_CHANNEL,
    INTERNAL_ERROR,
    MAX_WAITING,
    PLATFORM_CHANNEL,
    ChannelSubscription,
    SocketRegistry,
    UserSocket,
)
from devstack.seed.people import ANNA, ERIK, DemoUser
from devstack.tokens import Hs256, mint, refresh_claims

SECRET = "websocket-test-secret-websocket-test-secret"
NOW = datetime.now(UTC)
NOTE = json.dumps({"event": "batch_phase_concluded", "data": {"batch_id": "b1"}})


def token(person: DemoUser = ANNA, secret: str = SECRET, **said: Any) -> str:
    return mint(person, Hs256(secret), now=NOW, **said)


def address(text: str) -> str:
    return f"/ws/?token={text}"


@pytest.fixture
def settings() -> websocket.WebsocketSettings:
    return websocket.WebsocketSettings(jwt_secret=SECRET, channels=(PLATFORM_CHANNEL, BFF_CHANNEL))


@pytest.fixture
async def app(settings: websocket.WebsocketSettings, redis: FakeAsyncRedis) -> AsyncIterator[Quart]:
    created = websocket.create_app(settings, redis)
    async with created.test_app():
        yield created


BAD_TOKENS = {
    "none": "",
    "garbage": "x.y.z",
    "expired": token(lifetime=-1),
    "another_secret": token(secret="another-secret-another-secret-another"),
    "another_audience": token(claims={"aud": "elsewhere"}),
    "another_issuer": token(claims={"iss": "elsewhere"}),
    "no_subject": token(without={"sub"}),
    "no_expiry": token(without={"exp"}),
}


@pytest.mark.parametrize("text", BAD_TOKENS.values(), ids=BAD_TOKENS)
async def test_bad_token_is_closed_before_the_socket_opens(app: Quart, text: str) -> None:
    with pytest.raises(WebsocketDisconnectError):
        async with app.test_client().websocket(address(text)) as socket:
            await socket.receive()


async def test_refresh_token_with_an_audience_passes_as_it_does_there(app: Quart) -> None:
    claims = refresh_claims(ANNA.user_id, "j1", int(NOW.timestamp()) + 60)

    async with app.test_client().websocket(address(Hs256(SECRET).sign(claims))) as socket:
        await socket.send("ping")


@pytest.mark.parametrize("path", ["/", "/ws/v1/notifications", "/healthz"])
async def test_socket_elsewhere_is_a_bare_403(app: Quart, path: str) -> None:
    with pytest.raises(WebsocketResponseError) as refused:
        async with app.test_client().websocket(f"{path}?token={token()}") as socket:
            await socket.receive()

    assert refused.value.response.status_code == 403
    assert await refused.value.response.get_data() == b""


async def test_address_without_its_slash_is_refused_not_redirected(app: Quart) -> None:
    with pytest.raises(WebsocketDisconnectError):
        async with app.test_client().websocket(f"/ws?token={token()}") as socket:
            await socket.receive()


@pytest.mark.parametrize("path", ["/ws/", "/ws", "/nope"])
async def test_plain_request_is_not_found(app: Quart, path: str) -> None:
    answer = await app.test_client().get(path)

    assert (answer.status_code, await answer.get_json()) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize("channel", [PLATFORM_CHANNEL, BFF_CHANNEL])
async def test_message_goes_out_verbatim_to_its_user_only(
    app: Quart, redis: FakeAsyncRedis, channel: str
) -> None:
    async with (
        app.test_client().websocket(address(token(ANNA))) as anna,
        app.test_client().websocket(address(token(ERIK))) as erik,
    ):
        await opened(app, 2)
        await redis.publish(channel.format(user_id=ANNA.user_id), NOTE)
        await redis.publish(channel.format(user_id=ERIK.user_id), "for Erik")

        assert await anna.receive() == NOTE
        assert await erik.receive() == "for Erik"


async def test_each_tab_gets_a_message_once_and_survives_what_it_says_itself(
    app: Quart, redis: FakeAsyncRedis
) -> None:
    async with (
        app.test_client().websocket(address(token())) as first,
        app.test_client().websocket(address(token())) as second,
    ):
        await opened(app, 2)
        await first.send('{"type": "ping"}')
        for text in ("one", "two"):
            await redis.publish(f"ws:{ANNA.user_id}", text)

        assert [await first.receive(), await first.receive()] == ["one", "two"]
        assert [await second.receive(), await second.receive()] == ["one", "two"]


async def test_sixth_socket_of_a_user_is_closed_with_4000(app: Quart) -> None:
    client = app.test_client()
    async with AsyncExitStack() as sockets:
        for _ in range(5):
            await sockets.enter_async_context(tab(app, ANNA))
        await opened(app, 5)

        with pytest.raises(WebsocketDisconnectError) as closed:
            async with client.websocket(address(token())) as sixth:
                await sixth.receive()

        assert closed.value.args[0] == 4000
        await sockets.enter_async_context(tab(app, ERIK))
        await opened(app, 6)


async def test_a_socket_that_ended_makes_room(app: Quart) -> None:
    for _ in range(7):
        async with app.test_client().websocket(address(token())):
            await opened(app, 1)
        await opened(app, 0)


async def test_health_tells_of_redis_apart(app: Quart) -> None:
    client = app.test_client()

    whole = await (await client.get("/healthz")).get_json()
    redis = await client.get("/healthz/redis")
    sockets = await (await client.get("/healthz/websocket")).get_json()

    assert (whole["service"], whole["status"]) == ("websocket_service", "healthy")
    assert (redis.status_code, sockets["active_connections"]) == (200, 0)
    assert b"websocket_active_connections" in await (await client.get("/metrics")).get_data()


def test_slow_reader_is_closed_and_costs_others_nothing() -> None:
    sockets = SocketRegistry(5)
    slow, quick = sockets.add("u1"), sockets.add("u1")
    assert slow is not None
    assert quick is not None

    for number in range(MAX_WAITING + 1):
        sockets.deliver("u1", str(number))
        assert quick.outgoing.get_nowait() == str(number)

    assert [slow.outgoing.get_nowait()] == [INTERNAL_ERROR]
    assert slow.outgoing.empty()


def test_a_closed_connection_says_so_once_at_the_end() -> None:
    connection = UserSocket("u1")
    connection.deliver("left unsent")

    connection.close(INTERNAL_ERROR)

    assert connection.outgoing.get_nowait() == INTERNAL_ERROR


@pytest.mark.parametrize("template", ["ws:everybody", "{user_id}"])
def test_channel_that_names_no_user_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="no channel of a user"):
        ChannelSubscription(FakeAsyncRedis(), [template], lambda *_: None, lambda: None)


def test_settings_are_read_under_the_platform_s_names() -> None:
    read = websocket.WebsocketSettings.from_env(
        {"JWT_SECRET_KEY": "secret-of-the-environment", "WEBSOCKET_MAX_CONNECTIONS_PER_USER": "2"}
    )

    assert (read.jwt_secret, read.max_connections_per_user) == ("secret-of-the-environment", 2)
    assert read.channels == (PLATFORM_CHANNEL,)
    assert "secret-of-the-environment" not in repr(read)


@asynccontextmanager
async def tab(app: Quart, person: DemoUser) -> AsyncIterator[None]:
    async with app.test_client().websocket(address(token(person))):
        yield


async def opened(app: Quart, count: int) -> None:
    """Wait until so many sockets are open: the test client returns before its handshake ends."""
    async with asyncio.timeout(5):
        while True:
            state = await (await app.test_client().get("/healthz/websocket")).get_json()
            if state["active_connections"] == count:
                return


async def test_ordered_fault_keeps_new_sockets_out_until_cleared(app: Quart) -> None:
    client = app.test_client()
    await client.post("/_devstack/faults", json={"faults": ["error=503"]})

    with pytest.raises(WebsocketResponseError) as refused:
        async with client.websocket(address(token())) as socket:
            await socket.receive()
    await client.delete("/_devstack/faults")

    assert refused.value.response.status_code == 503
    async with client.websocket(address(token())):
        await opened(app, 1)
