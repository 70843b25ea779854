"""The emulated Identity over a SQLite file, with three people and a fake clock."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as QuartClient

from bff_core.testing.clock import FakeClock
from devstack.emulators.identity import IdentityEmulatorSettings, create_app
from devstack.seed import PASSWORD as DEMO_PASSWORD
from tests.contract.emulators.identity.people import SignedIn, SomePerson

SECRET = "a-secret-for-tests-that-is-long-enough"


@pytest.fixture
def anna() -> SomePerson:
    return SomePerson(
        user_id="93d5f152-427c-54c3-986c-092caff7dbf2",
        email="anna@demo.example",
        first_name="Anna",
    )


@pytest.fixture
def people(anna: SomePerson) -> list[SomePerson]:
    unverified = replace(
        anna,
        user_id="5b528854-836e-425a-811b-997966f41d2b",
        email="sara@demo.example",
        first_name="Sara",
        email_verified=False,
    )
    pending = replace(
        anna,
        user_id="e3267fe5-2c5e-4a5c-9d0e-8f6f8b9f7c11",
        email="nils@demo.example",
        first_name="Nils",
        status="pending",
    )
    return [anna, unverified, pending]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def settings(tmp_path: Path) -> IdentityEmulatorSettings:
    url = f"sqlite+aiosqlite:///{tmp_path / 'identity.db'}"
    return IdentityEmulatorSettings(database_url=url, dev_secret=SECRET)


@pytest.fixture
async def app(
    settings: IdentityEmulatorSettings, people: list[SomePerson], clock: FakeClock
) -> AsyncIterator[Quart]:
    made = create_app(settings, people=people, clock=clock)
    async with made.test_app():
        yield made


@pytest.fixture
def client(app: Quart) -> QuartClient:
    return app.test_client()


@pytest.fixture
def sign_in(client: QuartClient, anna: SomePerson) -> SignedIn:
    async def signed_in(email: str = anna.email, password: str = DEMO_PASSWORD) -> dict[str, Any]:
        body = {"email": email, "password": password}
        answer = await client.post("/v1/auth/login", json=body)
        pair: dict[str, Any] = await answer.get_json()
        return pair

    return signed_in
