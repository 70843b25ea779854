"""Every route requires the service key, a verified token and the role in Identity's table."""

from itertools import product
from uuid import uuid4

import pytest
from quart import Quart
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.testing import access_token, bearer, refresh_token
from services.identity_admin.implementations.tables import user_approvals, users
from tests.contract.identity_admin.conftest import AdminClient
from tests.identity_databases import Account, add_approved

ROUTES = {
    ("GET", "/v1/admin/access"),
    ("GET", "/v1/admin/users"),
    ("GET", "/v1/admin/users/pending"),
    ("GET", "/v1/admin/users/<user_id>"),
    ("POST", "/v1/admin/users/<user_id>/approve"),
    ("POST", "/v1/admin/users/<user_id>/deny"),
    ("POST", "/v1/admin/users/<user_id>/deactivate"),
    ("POST", "/v1/admin/users/<user_id>/reactivate"),
    ("POST", "/v1/admin/users/invite"),
    ("POST", "/v1/admin/users/decisions"),
    ("GET", "/v1/admin/decisions"),
}
REFUSED_HEADERS: dict[str, dict[str, str | None]] = {
    "no key": {"X-Internal-API-Key": None},
    "wrong key": {"X-Internal-API-Key": "another-key"},
    "key that is no ASCII": {"X-Internal-API-Key": "nyckel-å"},
    "no service": {"X-Service-ID": None},
    "service not on the list": {"X-Service-ID": "bff-teacher-service"},
    "no token": {"Authorization": None},
    "malformed token": {"Authorization": "Bearer garbage"},
    "refresh token": {"Authorization": bearer(refresh_token(str(uuid4())))},
    "token of another key": {"Authorization": bearer(access_token(key="x" * 40))},
    "another user's id": {"X-User-ID": str(uuid4())},
}


def test_list_of_routes_is_complete(app: Quart) -> None:
    found = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.startswith("identity_admin.")
    }

    assert found == ROUTES


@pytest.mark.parametrize(("route", "refused"), list(product(sorted(ROUTES), REFUSED_HEADERS)))
async def test_route_requires_every_credential(
    client: AdminClient, nils: Account, route: tuple[str, str], refused: str
) -> None:
    method, path = route[0], route[1].replace("<user_id>", str(nils.user_id))
    headers: dict[str, str | None] = {**client.headers(), **REFUSED_HEADERS[refused]}
    sent = {name: value for name, value in headers.items() if value is not None}

    answer = await client.http.open(path, method=method, headers=sent)  # type: ignore[call-arg]  # its protocol lacks a default

    assert answer.status_code == 401
    assert (await answer.get_json())["error"]["code"] == "AUTHENTICATION_ERROR"


@pytest.mark.parametrize("route", sorted(ROUTES))
async def test_role_in_the_token_only_is_refused(
    client: AdminClient, engine: AsyncEngine, nils: Account, route: tuple[str, str]
) -> None:
    teacher = Account()
    await add_approved(engine, teacher)
    method, path = route[0], route[1].replace("<user_id>", str(nils.user_id))

    answer = await client.http.open(path, method=method, headers=client.headers(teacher.user_id))  # type: ignore[call-arg]  # its protocol lacks a default

    assert answer.status_code == 403
    assert (await answer.get_json())["error"]["code"] == "AUTHORIZATION_ERROR"


async def test_role_in_the_table_only_is_refused(client: AdminClient) -> None:
    token = access_token(str(client.admin.user_id), roles=["teacher"])

    status, body = await client.get("/users", Authorization=bearer(token))

    assert (status, body["error"]["code"]) == (403, "AUTHORIZATION_ERROR")


@pytest.mark.parametrize("user_id", ["7d1c2f6e-4b0a-4c8e-9f35-61d2a8b7c904", "teacher-1"])
async def test_admin_token_of_an_unknown_account_is_refused(
    client: AdminClient, user_id: str
) -> None:
    token = access_token(user_id, roles=["admin"])

    status, _ = await client.get("/users", Authorization=bearer(token))

    assert status == 403


async def test_removed_role_is_refused_at_once(client: AdminClient, engine: AsyncEngine) -> None:
    before, _ = await client.get("/users")
    async with engine.begin() as connection:
        same_user = users.c.id == client.admin.user_id
        await connection.execute(update(users).where(same_user).values(roles=["teacher"]))

    after, _ = await client.get("/users")

    assert (before, after) == (200, 403)


@pytest.mark.parametrize("status", ["pending", "denied"])
async def test_admin_without_approval_is_refused(
    client: AdminClient, engine: AsyncEngine, status: str
) -> None:
    async with engine.begin() as connection:
        same_user = user_approvals.c.user_id == client.admin.user_id
        await connection.execute(update(user_approvals).where(same_user).values(status=status))

    answer, _ = await client.get("/users/pending")

    assert answer == 403


async def test_two_keys_are_a_bad_request(client: AdminClient) -> None:
    headers = [*client.headers().items(), ("X-Internal-API-Key", "another")]

    answer = await client.http.get("/v1/admin/users", headers=headers)

    assert answer.status_code == 400
