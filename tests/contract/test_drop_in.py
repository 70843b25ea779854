"""The teacher BFF replaces the platform's own: same name, port, paths, settings and health."""

from collections.abc import AsyncIterator

import pytest
from quart.typing import TestClientProtocol as Client

from bff_core.testing import SECRET
from services.bff_teacher.app import create_app
from services.bff_teacher.config import SERVICE_ID, Settings

# As the platform's compose file sets them for its own, and what it sets for every service.
PLATFORM = {
    "ENVIRONMENT": "testing",
    "ENV_TYPE": "docker",
    "LOG_FORMAT": "json",
    "BFF_TEACHER_SERVICE_HOST": "0.0.0.0",
    "BFF_TEACHER_SERVICE_PORT": "4101",
    "BFF_TEACHER_SERVICE_RAS_URL": "http://result_aggregator_service:4003",
    "BFF_TEACHER_SERVICE_CMS_URL": "http://class_management_service:5002",
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
    "OTEL_SERVICE_NAME": "bff_teacher_service",
}


@pytest.fixture
def settings() -> Settings:
    return Settings.load(PLATFORM | {"JWT_SECRET_KEY": SECRET})


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    app = create_app(settings)
    async with app.test_app():
        yield app.test_client()


def test_its_settings_are_heeded_under_their_names(settings: Settings) -> None:
    assert (settings.host, settings.port) == ("0.0.0.0", 4101)
    assert settings.ras.url == "http://result_aggregator_service:4003"
    assert settings.cms.url == "http://class_management_service:5002"


def test_its_port_needs_no_setting() -> None:
    assert Settings.model_fields["port"].default == 4101


def test_it_calls_by_the_service_id_that_the_platform_lists() -> None:
    assert SERVICE_ID == "bff-teacher-service"


@pytest.mark.parametrize("prefix", ["/bff/v1/teacher", "/v1/teacher"])
async def test_dashboard_is_under_both_prefixes_and_asks_for_a_user(
    client: Client, prefix: str
) -> None:
    answer = await client.get(f"{prefix}/dashboard")

    error = (await answer.get_json())["error"]
    assert answer.status_code == 401
    assert (error["code"], error["service"]) == ("AUTHENTICATION_ERROR", "bff_teacher")


async def test_a_bare_user_id_is_not_believed(client: Client) -> None:
    answer = await client.get("/bff/v1/teacher/dashboard", headers={"X-User-ID": "somebody"})

    assert answer.status_code == 401


async def test_health_has_every_key_that_the_platform_s_has(client: Client) -> None:
    answer = await client.get("/healthz")

    health = await answer.get_json()
    kinds = {name: type(health[name]) for name in ("service", "status", "message", "version")}
    assert answer.status_code == 200
    assert set(kinds.values()) == {str}
    assert health["service"] == "bff_teacher"
    assert isinstance(health["checks"], dict)
    assert isinstance(health["dependencies"], dict)
