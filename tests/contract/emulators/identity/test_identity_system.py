"""Health, metrics, unknown routes and the headers on everything."""

import re

import pytest
from quart.typing import TestClientProtocol as QuartClient

from bff_core.testing.clock import FakeClock
from devstack.emulators.identity import IdentityEmulatorSettings, create_app
from devstack.emulators.identity.service import EXTENSION
from tests.contract.emulators.identity.people import SomePerson

NOT_FOUND = b"""<!doctype html>
<html lang=en>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>The requested URL was not found on the server. If you entered the URL manually please check \
your spelling and try again.</p>
"""


async def test_health_has_the_platforms_shape(client: QuartClient) -> None:
    answer = await client.get("/healthz")

    assert answer.status_code == 200
    assert len(await answer.get_data()) == 234
    assert await answer.get_json() == {
        "checks": {"dependencies_available": True, "service_responsive": True},
        "dependencies": {"database": {"status": "healthy"}},
        "environment": "development",
        "message": "Identity Service is healthy",
        "service": "identity_service",
        "status": "healthy",
    }


class LostEngine:
    """An engine whose database has gone away."""

    def connect(self) -> None:
        raise ConnectionRefusedError

    begin = connect


async def test_health_is_503_and_login_500_without_a_database(
    settings: IdentityEmulatorSettings, anna: SomePerson
) -> None:
    app = create_app(settings, engine=LostEngine())  # type: ignore[arg-type]  # what it calls
    body = {"email": anna.email, "password": "x"}

    health = await app.test_client().get("/healthz")
    login = await app.test_client().post("/v1/auth/login", json=body)

    assert health.status_code == 503
    assert (await health.get_json())["checks"]["dependencies_available"] is False
    assert login.status_code == 500
    assert await login.get_json() == {"error": "Internal server error"}


async def test_metrics_have_no_series_of_the_service(client: QuartClient) -> None:
    answer = await client.get("/metrics")

    text = await answer.get_data(as_text=True)
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "python_info" in text
    assert "\nidentity_" not in text


@pytest.mark.parametrize("path", ["/v1/auth/me", "/v1/admin/users", "/internal/x", "/"])
async def test_unknown_route_is_the_frameworks_own_page(client: QuartClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert await answer.get_data() == NOT_FOUND


async def test_every_answer_shows_its_trace_and_no_correlation_id(
    client: QuartClient,
) -> None:
    answer = await client.get("/v1/auth/me")

    trace, span = answer.headers["X-Trace-ID"], answer.headers["X-Span-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", trace)
    assert answer.headers["traceparent"] == f"00-{trace}-{span}-03"
    assert "X-Correlation-ID" not in answer.headers


async def test_people_are_seeded_once(
    settings: IdentityEmulatorSettings, people: list[SomePerson], clock: FakeClock, anna: SomePerson
) -> None:
    for _ in range(2):
        app = create_app(settings, people=people, clock=clock)
        async with app.test_app():
            profile = await app.test_client().get(f"/v1/users/{anna.user_id}/profile")
            assert profile.status_code == 200


async def test_an_engine_handed_in_stays_open(
    settings: IdentityEmulatorSettings, people: list[SomePerson]
) -> None:
    first = create_app(settings)
    engine = first.extensions[EXTENSION].engine
    second = create_app(settings, engine=engine, people=people)

    async with second.test_app():
        pass

    async with engine.connect() as connection:
        assert connection is not None
    await engine.dispose()
