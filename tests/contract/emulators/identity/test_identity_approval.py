"""The devstack's Identity with account approval mounted, as `./dev up` runs it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as QuartClient

from bff_core.testing import RsaKeys
from bff_core.testing.clock import FakeClock
from devstack.emulators.identity import IdentityEmulatorSettings, create_app
from devstack.emulators.identity.approval import MountedApproval
from devstack.seed import PASSWORD as DEMO_PASSWORD
from devstack.seed.people import ADMIN, PENDING, PEOPLE
from tests.contract.emulators.identity.conftest import SECRET

KEY = "internal-key-for-tests"
JOHAN = PENDING[0]


@pytest.fixture
def settings(tmp_path: Path) -> IdentityEmulatorSettings:
    url = f"sqlite+aiosqlite:///{tmp_path / 'identity.db'}"
    # Many sign in from one address here.
    return IdentityEmulatorSettings(database_url=url, dev_secret=SECRET, login_limit=100)


@pytest.fixture
async def app(settings: IdentityEmulatorSettings, clock: FakeClock) -> AsyncIterator[Quart]:
    approval = MountedApproval(settings, {"HULEEDU_INTERNAL_API_KEY": KEY}, clock)
    made = create_app(settings, approval=approval, people=PEOPLE, clock=clock)
    async with made.test_app():
        yield made


async def sign_in_as(client: QuartClient, email: str) -> tuple[int, dict[str, Any]]:
    body = {"email": email, "password": DEMO_PASSWORD}
    answer = await client.post("/v1/auth/login", json=body)
    return answer.status_code, await answer.get_json()


@pytest.fixture
async def admin(client: QuartClient) -> dict[str, str]:
    _, tokens = await sign_in_as(client, ADMIN.email)
    return {
        "Authorization": f"Bearer {tokens['access_token']}",
        "X-Internal-API-Key": KEY,
        "X-Service-ID": "bff-admin-service",
    }


async def decide(
    client: QuartClient, admin: dict[str, str], user_id: str, action: str, version: int
) -> int:
    body: dict[str, object] = {"expected_version": version}
    if action == "deny":
        body["reason"] = "unknown school"
    path = f"/v1/admin/users/{user_id}/{action}"
    return (await client.post(path, json=body, headers=admin)).status_code


async def test_four_people_wait_in_the_demo(client: QuartClient, admin: dict[str, str]) -> None:
    answer = await client.get("/v1/admin/users/pending", headers=admin)

    users = (await answer.get_json())["users"]
    assert [one["email"] for one in users] == [
        person.email for person in sorted(PENDING, key=lambda one: one.registered_at)
    ]
    assert len(users) == 4


async def test_everybody_else_of_the_demo_is_in(client: QuartClient) -> None:
    statuses = [
        (await sign_in_as(client, person.email))[0] for person in PEOPLE if person not in PENDING
    ]

    assert set(statuses) == {200}


async def test_pending_person_is_refused_at_login(client: QuartClient) -> None:
    status, body = await sign_in_as(client, JOHAN.email)

    assert status == 403
    assert body["error"]["error_code"] == "IDENTITY_APPROVAL_PENDING"
    assert body["error"]["details"]["reason"] == "approval_pending"


async def test_registration_makes_a_pending_person(
    client: QuartClient, admin: dict[str, str]
) -> None:
    body = {
        "email": "olga@skola.example.se",
        "password": DEMO_PASSWORD,
        "person_name": {"first_name": "Olga", "last_name": "Ek"},
        "organization_name": "Norra skolan",
    }
    user_id = (await (await client.post("/v1/auth/register", json=body)).get_json())["user_id"]

    shown = await (await client.get(f"/v1/admin/users/{user_id}", headers=admin)).get_json()

    assert (shown["status"], shown["version"], shown["email_verified"]) == ("pending", 1, False)


async def test_approval_lets_the_person_in(client: QuartClient, admin: dict[str, str]) -> None:
    decided = await decide(client, admin, JOHAN.user_id, "approve", 1)

    status, _ = await sign_in_as(client, JOHAN.email)

    assert (decided, status) == (200, 200)


async def test_refresh_token_from_before_a_denial_is_refused_at_once(
    client: QuartClient, admin: dict[str, str]
) -> None:
    await decide(client, admin, JOHAN.user_id, "approve", 1)
    _, tokens = await sign_in_as(client, JOHAN.email)
    body = {"refresh_token": tokens["refresh_token"]}
    before = await client.post("/v1/auth/refresh", json=body)

    await decide(client, admin, JOHAN.user_id, "deny", 2)

    after = await client.post("/v1/auth/refresh", json=body)
    assert (before.status_code, after.status_code) == (200, 403)
    assert (await after.get_json())["error"]["error_code"] == "IDENTITY_ACCESS_DENIED"


async def test_session_that_a_denial_ended_stays_ended_when_reconsidered(
    client: QuartClient, admin: dict[str, str]
) -> None:
    await decide(client, admin, JOHAN.user_id, "approve", 1)
    _, tokens = await sign_in_as(client, JOHAN.email)
    await decide(client, admin, JOHAN.user_id, "deny", 2)
    await decide(client, admin, JOHAN.user_id, "approve", 3)

    body = {"refresh_token": tokens["refresh_token"]}
    answer = await client.post("/v1/auth/refresh", json=body)

    assert answer.status_code == 401


async def test_denied_person_is_refused_at_login(
    client: QuartClient, admin: dict[str, str]
) -> None:
    await decide(client, admin, JOHAN.user_id, "deny", 1)

    status, body = await sign_in_as(client, JOHAN.email)

    assert (status, body["error"]["error_code"]) == (403, "IDENTITY_ACCESS_DENIED")


async def test_restart_keeps_what_was_decided(
    client: QuartClient, admin: dict[str, str], settings: IdentityEmulatorSettings, clock: FakeClock
) -> None:
    await decide(client, admin, JOHAN.user_id, "approve", 1)
    # Session numbers are milliseconds, and the new process does not know of the old one's.
    clock.advance(1)
    approval = MountedApproval(settings, {"HULEEDU_INTERNAL_API_KEY": KEY}, clock)
    again = create_app(settings, approval=approval, people=PEOPLE, clock=clock)

    async with again.test_app():
        status, _ = await sign_in_as(again.test_client(), JOHAN.email)
        pending, _ = await sign_in_as(again.test_client(), PENDING[1].email)

    assert (status, pending) == (200, 403)


async def test_without_a_key_nobody_decides(
    settings: IdentityEmulatorSettings, clock: FakeClock
) -> None:
    keyless = create_app(
        settings, approval=MountedApproval(settings, {}, clock), people=PEOPLE, clock=clock
    )

    async with keyless.test_app():
        client = keyless.test_client()
        _, tokens = await sign_in_as(client, ADMIN.email)
        headers = {
            "Authorization": f"Bearer {tokens['access_token']}",
            "X-Internal-API-Key": "",
            "X-Service-ID": "bff-admin-service",
        }
        answer = await client.get("/v1/admin/users", headers=headers)

    assert answer.status_code == 401


async def test_tokens_signed_with_a_key_pair_are_verified_as_well(
    tmp_path: Path, clock: FakeClock
) -> None:
    pem = tmp_path / "identity.pem"
    pem.write_text(RsaKeys.generate().private)
    url = f"sqlite+aiosqlite:///{tmp_path / 'identity.db'}"
    settings = IdentityEmulatorSettings(database_url=url, rs256_key=pem)
    approval = MountedApproval(settings, {"HULEEDU_INTERNAL_API_KEY": KEY}, clock)
    app = create_app(settings, approval=approval, people=PEOPLE, clock=clock)

    async with app.test_app():
        client = app.test_client()
        _, tokens = await sign_in_as(client, ADMIN.email)
        headers = {
            "Authorization": f"Bearer {tokens['access_token']}",
            "X-Internal-API-Key": KEY,
            "X-Service-ID": "bff-admin-service",
        }
        answer = await client.get("/v1/admin/users/pending", headers=headers)

    assert answer.status_code == 200
