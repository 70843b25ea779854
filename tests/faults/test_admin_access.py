"""The question to Identity about an admin, against a stub on a real socket."""

import json
from collections.abc import AsyncIterator

import pytest

from bff_core.auth import AdminAccess
from bff_core.context import ServiceId
from bff_core.errors import BffError, NotAuthenticated, NotAuthorized, Unavailable
from bff_core.testing import ANY, FakeClock, Reply, StubServer, stub_server


@pytest.fixture
async def identity() -> AsyncIterator[StubServer]:
    async with stub_server() as stub:
        yield stub


def refusal(status: int, reason: str) -> Reply:
    return Reply(status, json.dumps({"error": {"details": {"reason": reason}}}).encode())


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (refusal(401, "token_revoked"), NotAuthenticated),
        (refusal(403, "role"), NotAuthorized),
        (refusal(401, "invalid_service_credentials"), Unavailable),
        (refusal(401, "missing_service_credentials"), Unavailable),
        (Reply(500, b"out of order"), Unavailable),
    ],
)
async def test_only_identitys_word_on_the_user_is_a_refusal(
    identity: StubServer, reply: Reply, expected: type[BffError]
) -> None:
    identity.on(ANY, reply)
    access = AdminAccess(identity.url, "key", ServiceId("bff"), FakeClock())

    with pytest.raises(expected):
        await access.require_admin("Bearer x")


async def test_a_silent_identity_is_asked_again_after_two_seconds(identity: StubServer) -> None:
    clock = FakeClock()
    access = AdminAccess(identity.url, "key", ServiceId("bff"), clock)
    identity.on(ANY, Reply(500, b""), Reply(200, b"{}"))
    for _ in range(3):
        with pytest.raises(Unavailable):
            await access.require_admin("Bearer x")

    clock.advance(2.1)
    await access.require_admin("Bearer x")
    await access.require_admin("Bearer x")

    assert len(identity.requests) == 2


async def test_an_admin_just_admitted_stays_so_while_identity_is_silent(
    identity: StubServer,
) -> None:
    access = AdminAccess(identity.url, "key", ServiceId("bff"), FakeClock())
    identity.on(ANY, Reply(200, b"{}"), Reply(500, b""))

    await access.require_admin("Bearer karin")
    with pytest.raises(Unavailable):
        await access.require_admin("Bearer olle")

    await access.require_admin("Bearer karin")


async def test_a_refusal_of_one_request_keeps_nobody_else_from_asking(
    identity: StubServer,
) -> None:
    access = AdminAccess(identity.url, "key", ServiceId("bff"), FakeClock())
    identity.on(ANY, Reply(431, b""), Reply(200, b"{}"))

    with pytest.raises(Unavailable):
        await access.require_admin("Bearer olle")

    await access.require_admin("Bearer karin")
