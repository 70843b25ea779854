"""Account approval is checked by login and by every refresh."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as QuartClient

from bff_core.testing.clock import FakeClock
from devstack.emulators.identity import IdentityEmulatorSettings, create_app
from devstack.emulators.identity.service import Approval
from devstack.seed import PASSWORD as DEMO_PASSWORD
from services.identity_admin.implementations.gate import SignInRefusal
from tests.contract.emulators.identity.people import SignedIn, SomePerson


class ClosableApproval(Approval):
    def __init__(self) -> None:
        self.closed: set[UUID] = set()

    async def refusal(self, user_id: UUID) -> SignInRefusal | None:
        if user_id not in self.closed:
            return None
        return SignInRefusal("IDENTITY_ACCOUNT_NOT_APPROVED", "Not approved yet", "account_pending")


@pytest.fixture
def gate() -> ClosableApproval:
    return ClosableApproval()


@pytest.fixture
async def app(
    settings: IdentityEmulatorSettings,
    people: list[SomePerson],
    clock: FakeClock,
    gate: ClosableApproval,
) -> AsyncIterator[Quart]:
    made = create_app(settings, people=people, clock=clock, approval=gate)
    async with made.test_app():
        yield made


async def test_closed_gate_refuses_login_with_its_own_code(
    client: QuartClient, gate: ClosableApproval, anna: SomePerson, sign_in: SignedIn
) -> None:
    gate.closed.add(UUID(anna.user_id))

    body = {"email": anna.email, "password": DEMO_PASSWORD}
    answer = await client.post("/v1/auth/login", json=body)

    assert answer.status_code == 403
    error = (await answer.get_json())["error"]
    assert error["error_code"] == "IDENTITY_ACCOUNT_NOT_APPROVED"
    assert error["details"] == {"email": anna.email, "reason": "account_pending"}


async def test_closed_gate_says_nothing_to_a_wrong_password(
    client: QuartClient, gate: ClosableApproval, anna: SomePerson, sign_in: SignedIn
) -> None:
    gate.closed.add(UUID(anna.user_id))

    error = (await sign_in(password="nope"))["error"]

    assert error["error_code"] == "IDENTITY_INVALID_CREDENTIALS"


async def test_gate_that_closes_later_ends_refreshing(
    client: QuartClient, gate: ClosableApproval, anna: SomePerson, sign_in: SignedIn
) -> None:
    body = {"refresh_token": (await sign_in())["refresh_token"]}
    gate.closed.add(UUID(anna.user_id))

    answer = await client.post("/v1/auth/refresh", json=body)

    assert answer.status_code == 403
    error = (await answer.get_json())["error"]
    assert error["error_code"] == "IDENTITY_ACCOUNT_NOT_APPROVED"
