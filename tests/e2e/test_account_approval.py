"""Approval and denial of an account in the demo stack, with their events."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from redis import Redis

from devstack.seed import PASSWORD, DemoUser
from devstack.seed.people import ADMIN, PENDING
from devstack.supervisor.processes import REDIS_PORT
from tests.e2e.demo_stack import DemoStack

# No other test uses these accounts; the stack is shared.
LINA: DemoUser = PENDING[1]
OMAR: DemoUser = PENDING[2]
STREAM = "identity:events"
TIMEOUT_SECONDS = 15.0


@pytest.fixture
def admin_client(demo: DemoStack) -> Iterator[httpx.Client]:
    """Client with an admin's token and the key of the admin BFF."""
    keys = json.loads((demo.home / "keys.json").read_bytes())
    headers = {
        "Authorization": f"Bearer {demo.token(ADMIN)}",
        "X-Internal-API-Key": keys["internal_api_key"],
        "X-Service-ID": "bff-admin-service",
    }
    with httpx.Client(base_url=demo.url(7005), headers=headers, timeout=10) as client:
        yield client


def sign_in(demo: DemoStack, person: DemoUser) -> httpx.Response:
    # Identity limits sign-ins by address: this one leaves the limit of the other tests alone.
    body = {"email": person.email, "password": PASSWORD}
    headers = {"X-Forwarded-For": "192.0.2.7"}
    return httpx.post(f"{demo.url(7005)}/v1/auth/login", json=body, headers=headers, timeout=10)


def events_of(demo: DemoStack, person: DemoUser, number: int) -> list[dict[str, Any]]:
    """Wait for a number of events of this person in the stream."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    with Redis(port=REDIS_PORT + demo.offset, decode_responses=True) as redis:
        while time.monotonic() < deadline:
            entries = [fields for _, fields in redis.xrange(STREAM)]
            found = [json.loads(one["event"]) for one in entries if one["key"] == person.user_id]
            if len(found) >= number:
                return found
            time.sleep(0.05)
    raise AssertionError(f"fewer than {number} events in {TIMEOUT_SECONDS} s")


def test_approval_and_denial_change_sign_in_and_publish_events(
    demo: DemoStack, admin_client: httpx.Client
) -> None:
    path = f"/v1/admin/users/{LINA.user_id}"
    waiting = sign_in(demo, LINA)
    version = admin_client.get(path).json()["version"]

    approved = admin_client.post(f"{path}/approve", json={"expected_version": version})
    tokens = sign_in(demo, LINA)
    body = {"expected_version": version + 1, "reason": "left the school"}
    denied = admin_client.post(f"{path}/deny", json=body)
    refresh = {"refresh_token": tokens.json()["refresh_token"]}
    refreshed = httpx.post(f"{demo.url(7005)}/v1/auth/refresh", json=refresh, timeout=10)

    answers = [waiting, approved, tokens, denied, refreshed]
    assert [one.status_code for one in answers] == [403, 200, 200, 200, 403]
    assert waiting.json()["error"]["error_code"] == "IDENTITY_APPROVAL_PENDING"
    assert refreshed.json()["error"]["error_code"] == "IDENTITY_ACCESS_DENIED"
    assert [event["event_type"] for event in events_of(demo, LINA, 2)] == [
        "huleedu.identity.user.approved.v1",
        "huleedu.identity.user.denied.v1",
    ]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {TIMEOUT_SECONDS} s"
        time.sleep(0.2)


def test_denial_ends_the_access_of_a_signed_in_teacher_everywhere(
    demo: DemoStack, admin_client: httpx.Client
) -> None:
    path = f"/v1/admin/users/{OMAR.user_id}"
    version = admin_client.get(path).json()["version"]
    admin_client.post(f"{path}/approve", json={"expected_version": version}).raise_for_status()
    headers = {"Authorization": f"Bearer {sign_in(demo, OMAR).json()['access_token']}"}
    doors = [f"{door}/v1/teacher" for door in demo.teacher_doors]

    def statuses() -> list[int]:
        return [httpx.get(f"{one}/me", headers=headers, timeout=10).status_code for one in doors]

    # A token of the second in which access changed is not believed yet.
    wait_until(lambda: statuses() == [200] * len(doors))
    with httpx.stream("GET", f"{doors[-1]}/events", headers=headers, timeout=30) as stream:
        lines = stream.iter_lines()
        assert any("event: snapshot" in line for line in lines)
        body = {"expected_version": version + 1, "reason": "left the school"}
        admin_client.post(f"{path}/deny", json=body).raise_for_status()

        assert any("event: end" in line for line in lines)
    wait_until(lambda: statuses() == [401] * len(doors))
