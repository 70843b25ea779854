"""A maintenance switch reaches the teacher BFF within two seconds, and survives an outage of the config service."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from bff_core.clock import SystemClock
from bff_core.server import access
from bff_core.testing import ANY, SECRET, Reply, access_token, bearer, stub_server
from services.bff_teacher.app import create_app
from services.bff_teacher.config import Settings as TeacherSettings
from tests.config_service_kit import INTERNAL_KEY, SettingsClient, sqlite_url
from tests.faults.config_service_process import ServiceProcess, calling, serving

LIMIT = 30.0
"""Seconds for a busy machine; less than the slow poll."""
PAST_POLLS = 2.0
BANNER = {"sv": "Strax tillbaka", "en": "Back soon"}
WRITE = "/v1/teacher/for-this-test"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    with serving(tmp_path, sqlite_url(tmp_path)) as process:
        yield process


@asynccontextmanager
async def teacher(
    config_url: str, redis_url: str | None = None, *, poll: str = "1"
) -> AsyncIterator[Client]:
    """The BFF with a write route that needs no downstream service."""
    environ = {
        "ENVIRONMENT": "testing",
        "JWT_SECRET_KEY": SECRET,
        "HULEEDU_INTERNAL_API_KEY": INTERNAL_KEY,
        "CONFIG_SERVICE_URL": config_url,
        "BFF_TEACHER_SERVICE_CONFIG__POLL": poll,
    }
    redis = {"REDIS_URL": redis_url} if redis_url else {}
    app = create_app(TeacherSettings.load(environ | redis))
    add_a_write(app)
    async with app.test_app():
        yield app.test_client()


def add_a_write(app: Quart) -> None:
    @app.post(WRITE)
    @access("teacher")
    async def write() -> str:
        return "done"


async def status_of_a_write(client: Client) -> int:
    token = access_token(now=SystemClock().now())
    answer = await client.post(WRITE, headers={"Authorization": bearer(token)})
    return answer.status_code


async def until(client: Client, status: int) -> None:
    async with asyncio.timeout(LIMIT):
        while await status_of_a_write(client) != status:
            await asyncio.sleep(0.01)


async def switch(settings: SettingsClient, *, read_only: bool) -> None:
    etag = (await settings.read("maintenance")).etag
    values = {"read_only": read_only, "banner": BANNER}
    assert (await settings.put("maintenance", values, etag)).status == 200


async def require_change(client: Client, settings: SettingsClient) -> None:
    """A change takes effect, on and off."""
    assert await status_of_a_write(client) == 200
    await switch(settings, read_only=True)
    await until(client, 503)
    await switch(settings, read_only=False)
    await until(client, 200)


async def test_switch_is_heard_by_polling(service: ServiceProcess) -> None:
    async with teacher(service.url) as client, calling(service.url) as [settings]:
        await require_change(client, settings)


async def test_switch_is_heard_while_redis_is_away(service: ServiceProcess) -> None:
    redis_url = "redis://127.0.0.1:9/0"
    async with teacher(service.url, redis_url) as client, calling(service.url) as [settings]:
        await require_change(client, settings)


async def test_switch_is_heard_by_its_event(tmp_path: Path, redis_url: str) -> None:
    with serving(tmp_path, sqlite_url(tmp_path), REDIS_URL=redis_url) as service:
        # With so slow a poll, only the event can be in time.
        slow = teacher(service.url, redis_url, poll="60")
        async with slow as client, calling(service.url) as [settings]:
            await require_change(client, settings)


async def test_refusal_holds_the_banner(service: ServiceProcess) -> None:
    async with teacher(service.url) as client, calling(service.url) as [settings]:
        await switch(settings, read_only=True)
        await until(client, 503)
        headers = {"Authorization": bearer(access_token(now=SystemClock().now()))}

        refused = await client.post(WRITE, headers=headers | {"Accept-Language": "en"})
        read = await client.get("/healthz")

    assert (await refused.get_json())["error"]["message"] == BANNER["en"]
    assert read.status_code == 200


async def test_last_word_holds_while_the_service_is_away(service: ServiceProcess) -> None:
    async with teacher(service.url) as client:
        async with calling(service.url) as [settings]:
            await switch(settings, read_only=True)
            await until(client, 503)

        service.kill()
        await asyncio.sleep(PAST_POLLS)

        assert await status_of_a_write(client) == 503


async def test_without_the_service_writes_are_let_through() -> None:
    async with teacher("http://127.0.0.1:9") as client:
        await asyncio.sleep(0.1)

        assert await status_of_a_write(client) == 200


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=401),
        Reply(status=302, headers={"Location": "/elsewhere"}),
        Reply(status=500, body=b"<html>"),
        Reply(body=b"{"),
        Reply(body=b'{"values": {"read_only": "yes"}}'),
        Reply(body=b'"' + b"x" * 600_000 + b'"'),
        Reply(hang=True),
    ],
)
async def test_answer_that_cannot_be_used_changes_nothing(reply: Reply) -> None:
    async with stub_server() as stub:
        stub.on(ANY, Reply(body=b'{"values": {"read_only": true, "banner": {}}}'), reply)
        async with teacher(stub.url, poll="0.1") as client:
            await until(client, 503)
            await asyncio.sleep(0.3)

            assert await status_of_a_write(client) == 503


async def test_unchanged_settings_are_not_read_again() -> None:
    async with stub_server() as stub:
        body = b'{"values": {"read_only": true, "banner": {}}}'
        headers = {"Content-Type": "application/json", "ETag": '"1"'}
        stub.on(ANY, Reply(body=body, headers=headers), Reply(status=304, body=b""))
        async with teacher(stub.url, poll="0.1") as client:
            await until(client, 503)
            await asyncio.sleep(0.3)

            assert await status_of_a_write(client) == 503

        asked = [request.headers.get("if-none-match") for request in stub.requests]
        assert asked[:2] == [None, '"1"']
        assert {request.headers["x-service-id"] for request in stub.requests} == {
            "bff-teacher-service"
        }
        assert all("authorization" not in request.headers for request in stub.requests)
