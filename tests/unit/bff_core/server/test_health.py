"""Health: this process, whether to send it requests, and how its dependencies are."""

import asyncio
from typing import Any

from quart import Quart
from quart.typing import TestClientProtocol as Client


async def test_healthz_has_the_platform_s_shape(client: Client) -> None:
    answer = await client.get("/healthz")

    body = await answer.get_json()
    assert answer.status_code == 200
    assert body.pop("version")
    assert body == {
        "service": "example_service",
        "status": "healthy",
        "message": "example_service answers",
        "checks": {"service_responsive": True, "dependencies_available": True},
        "dependencies": {},
        "environment": "testing",
    }


async def test_ready_tells_of_its_dependencies(client: Client) -> None:
    answer = await client.get("/ready")

    assert answer.status_code == 200
    assert await answer.get_json() == {
        "status": "ready",
        "dependencies": [{"name": "redis", "reachable": True, "operation": None, "breaker": None}],
    }


async def test_not_ready_before_it_has_started(app: Quart) -> None:
    answer = await app.test_client().get("/ready")

    error = (await answer.get_json())["error"]
    assert answer.status_code == 503
    assert (error["code"], error["details"]) == ("SERVICE_UNAVAILABLE", {"state": "starting"})


async def test_not_ready_while_draining_but_alive(app: Quart, client: Client) -> None:
    app.extensions["bff_core.lifecycle"].drain()

    ready, alive = await client.get("/ready"), await client.get("/healthz")

    assert (ready.status_code, alive.status_code) == (503, 200)
    assert ready.headers["Retry-After"] == "1"
    assert (await ready.get_json())["error"]["details"] == {"state": "draining"}


async def test_dependency_that_is_away_does_not_take_us_away(
    make_app: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("bff_core.server.health.PING_TIMEOUT_SECONDS", 0.01)
    app = make_app(dependencies=(Away("gone"), Away("lost"), Away("broken")))

    async with app.test_app() as running:
        answer = await running.test_client().get("/ready")

    assert answer.status_code == 200
    told = (await answer.get_json())["dependencies"]
    assert [(one["name"], one["reachable"]) for one in told] == [
        ("gone", False),
        ("lost", False),
        ("broken", False),
    ]


class Away:
    def __init__(self, name: str) -> None:
        self.name = name

    async def ping(self) -> bool:
        if self.name == "lost":
            await asyncio.Event().wait()
        if self.name == "broken":
            raise OSError
        return False


async def test_metrics_are_in_prometheus_text(client: Client) -> None:
    answer = await client.get("/metrics")

    assert answer.content_type.startswith("text/plain; version=")
    assert b"example_http_requests_total" in await answer.get_data()
