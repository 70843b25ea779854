"""Changes are published on Redis after they are committed; without Redis no write fails."""

import json
from pathlib import Path

import redis.asyncio
from quart import Quart

from bff_core.server import METRICS
from bff_core.testing import Reply, stub_server
from services.config_service.app import create_app
from services.config_service.config import Settings
from tests.config_service_kit import SERVICE_HEADERS, as_admin, environment, sqlite_url

NS = "uploads"
NOWHERE = "redis://127.0.0.1:9/0"


def app_with(folder: Path, redis_url: str, **more: str) -> Quart:
    env = environment(sqlite_url(folder), REDIS_URL=redis_url, **more)
    return create_app(Settings.load(env))


async def write(app: Quart) -> int:
    client = app.test_client()
    current = await client.get(f"/v1/settings/{NS}", headers=SERVICE_HEADERS)
    headers = as_admin() | {"If-Match": current.headers["ETag"]}
    body = {"values": {}, "reason": "because"}
    return (await client.put(f"/v1/settings/{NS}", headers=headers, json=body)).status_code


def published(app: Quart, outcome: str) -> float | None:
    sample = "config_service_change_events_total"
    value: float | None = app.extensions[METRICS].registry.get_sample_value(
        sample, {"outcome": outcome}
    )
    return value


async def test_change_is_published_with_its_version(tmp_path: Path, redis_url: str) -> None:
    app = app_with(tmp_path, redis_url)
    client = redis.asyncio.Redis.from_url(redis_url)
    async with client, client.pubsub() as listener, app.test_app():
        await listener.subscribe("config:changes")
        await listener.get_message(timeout=5)

        assert await write(app) == 200

        message = await listener.get_message(timeout=5)
        assert message is not None
        assert json.loads(message["data"]) == {"namespace": NS, "version": 1}
        assert published(app, "published") == 1


async def test_redis_away_is_counted_and_fails_no_write_of_a_confirmed_admin(
    tmp_path: Path,
) -> None:
    async with stub_server() as identity:
        identity.on("/v1/admin/access", Reply(body=b"{}"))
        app = app_with(tmp_path, NOWHERE, IDENTITY_SERVICE_URL=identity.url)
        async with app.test_app():
            assert await write(app) == 200

            assert published(app, "lost") == 1
            ready = await (await app.test_client().get("/ready")).get_json()
            reachable = {one["name"]: one["reachable"] for one in ready["dependencies"]}
            assert reachable == {"database": True, "redis": False}


async def test_without_redis_and_identity_nobody_writes_as_an_admin(tmp_path: Path) -> None:
    app = app_with(tmp_path, NOWHERE, IDENTITY_SERVICE_URL="http://127.0.0.1:9")
    async with app.test_app():
        assert await write(app) == 503
