"""Which services may call, and what a route for services asks of users."""

from collections.abc import Mapping

import pytest
from dishka import make_async_container
from pydantic import BaseModel
from quart import Blueprint, Quart
from quart_dishka import inject
from werkzeug.datastructures import Headers

from bff_core.app import Blueprints, build_app
from bff_core.context import ADMIN
from bff_core.errors import CallerUnknown, InvalidRequest
from bff_core.observability import Metrics
from bff_core.server import (
    SERVICE,
    ContextProvider,
    ServiceKeys,
    UndeclaredRouteError,
    access,
    document_of,
    returns,
)
from bff_core.settings import ServiceSettings
from bff_core.testing import SECRET, FakeClock, access_token, bearer

KEYS = ServiceKeys("the-internal-key", frozenset({"bff-admin-service", "bff-teacher-service"}))
GOOD = {"X-Internal-API-Key": "the-internal-key", "X-Service-ID": "bff-admin-service"}


class Seen(BaseModel):
    """What a route has seen."""

    ok: bool = True


def routes() -> Blueprint:
    blueprint = Blueprint("some", __name__)

    @blueprint.get("/facts")
    @access(SERVICE)
    @returns(Seen)
    @inject
    async def facts() -> Seen:
        """Facts."""
        return Seen()

    @blueprint.get("/secrets")
    @access("admin")
    @returns(Seen)
    @inject
    async def secrets() -> Seen:
        """Secrets."""
        return Seen()

    return blueprint


def app_with(keys: ServiceKeys | None = KEYS) -> Quart:
    settings = ServiceSettings(port=1, environment="testing", jwt_secret_key=SECRET)
    return build_app(
        settings,
        make_async_container(ContextProvider()),
        service="some_service",
        title="Some",
        metrics=Metrics("some"),
        blueprints=[Blueprints(routes())],
        access={"admin": frozenset({ADMIN})},
        services=keys,
        clock=FakeClock(),
    )


def as_user(*roles: str) -> dict[str, str]:
    return GOOD | {"Authorization": bearer(access_token("admin-1", roles=list(roles)))}


def test_known_service_is_named() -> None:
    assert KEYS.authenticate(Headers(GOOD)) == "bff-admin-service"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "missing_service_credentials"),
        ({"X-Service-ID": "bff-admin-service"}, "missing_service_credentials"),
        ({"X-Internal-API-Key": "the-internal-key"}, "missing_service_credentials"),
        (GOOD | {"X-Internal-API-Key": "the-internal-kez"}, "invalid_service_credentials"),
        (GOOD | {"X-Internal-API-Key": "the-internal-keyé"}, "invalid_service_credentials"),
        (GOOD | {"X-Service-ID": "bff-student-service"}, "invalid_service_credentials"),
    ],
)
def test_unproven_service_is_refused(headers: Mapping[str, str], reason: str) -> None:
    with pytest.raises(CallerUnknown) as refused:
        KEYS.authenticate(Headers(headers))

    assert refused.value.details == {"reason": reason}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_header_sent_twice_is_refused(name: str) -> None:
    headers = Headers(GOOD)
    headers.add(name, GOOD[name])

    with pytest.raises(InvalidRequest):
        KEYS.authenticate(headers)


def test_key_is_not_shown() -> None:
    assert "the-internal-key" not in repr(KEYS)


async def test_service_alone_may_read_what_is_for_services() -> None:
    answer = await app_with().test_client().get("/facts", headers=GOOD)

    assert answer.status_code == 200


async def test_bad_token_is_refused_even_where_none_is_needed() -> None:
    headers = GOOD | {"Authorization": "Bearer nonsense"}

    answer = await app_with().test_client().get("/facts", headers=headers)

    assert answer.status_code == 401


async def test_service_alone_may_not_do_what_needs_a_user() -> None:
    answer = await app_with().test_client().get("/secrets", headers=GOOD)

    assert answer.status_code == 401


async def test_user_without_the_role_is_refused() -> None:
    answer = await app_with().test_client().get("/secrets", headers=as_user("teacher"))

    assert answer.status_code == 403


async def test_admin_behind_a_known_service_may() -> None:
    answer = await app_with().test_client().get("/secrets", headers=as_user("admin"))

    assert answer.status_code == 200


async def test_admin_without_a_service_may_not() -> None:
    headers = {"Authorization": as_user("admin")["Authorization"]}

    answer = await app_with().test_client().get("/secrets", headers=headers)

    assert answer.status_code == 401


async def test_health_asks_for_no_key() -> None:
    answer = await app_with().test_client().get("/healthz")

    assert answer.status_code == 200


def test_route_for_services_needs_service_keys() -> None:
    with pytest.raises(UndeclaredRouteError):
        app_with(keys=None)


async def test_documents_what_is_asked_for() -> None:
    app = app_with()
    async with app.app_context():
        document = document_of(app)

    alone: dict[str, list[str]] = {"serviceKey": [], "serviceId": []}
    together: dict[str, list[str]] = {"bearer": []}
    assert document["paths"]["/facts"]["get"]["security"] == [alone, alone | together]
    assert document["paths"]["/secrets"]["get"]["security"] == [alone | together]
    assert document["components"]["securitySchemes"]["serviceKey"]["in"] == "header"
