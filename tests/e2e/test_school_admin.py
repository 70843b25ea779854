"""The admin of one school: what she sees, and a teacher whom she invites and deactivates."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from devstack.seed.people import ADMIN, COLLEAGUE, OTHER_ORG_ID, PENDING, SCHOOL_ADMIN, DemoUser
from tests.e2e.demo_stack import DemoStack

JOHAN = PENDING[0]
NEW_PASSWORD = "Chosen-By-Mail-2026!"
TIMEOUT_SECONDS = 15.0


def admin_client(demo: DemoStack, person: DemoUser) -> httpx.Client:
    headers = {"Authorization": f"Bearer {demo.token(person)}"}
    return httpx.Client(base_url=demo.admin_doors[0], headers=headers, timeout=10)


@pytest.fixture
def school(demo: DemoStack) -> Iterator[httpx.Client]:
    with admin_client(demo, SCHOOL_ADMIN) as client:
        yield client


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {TIMEOUT_SECONDS} s"
        time.sleep(0.2)


def sign_in(demo: DemoStack, email: str) -> httpx.Response:
    # Identity limits sign-ins by address: this one leaves the limit of the other tests alone.
    body, headers = {"email": email, "password": NEW_PASSWORD}, {"X-Forwarded-For": "192.0.2.45"}
    return httpx.post(f"{demo.url(7005)}/v1/auth/login", json=body, headers=headers, timeout=10)


def refresh(demo: DemoStack, token: str) -> httpx.Response:
    body = {"refresh_token": token}
    return httpx.post(f"{demo.url(7005)}/v1/auth/refresh", json=body, timeout=10)


def new_address() -> str:
    return f"{uuid4().hex[:12]}@skola.example"


def mailed_token(demo: DemoStack, email: str) -> str:
    mails = httpx.get(f"{demo.url(7005)}/_devstack/mail", timeout=10).json()["mail"]
    (mail,) = [one for one in mails if one["to"] == email]
    assert mail["template"] == "password_reset"
    return str(mail["token"])


def test_admin_of_a_school_sees_its_accounts_only(demo: DemoStack, school: httpx.Client) -> None:
    listed = school.get("/users", params={"limit": 100}).json()["users"]
    foreign = f"/users/{JOHAN.user_id}"
    answers = [
        school.get(foreign),
        school.get(f"/credits/{JOHAN.user_id}"),
        school.post(f"{foreign}/approve", json={"expected_version": 1}),
        school.post(f"{foreign}/deactivate", json={"expected_version": 1, "reason": "x"}),
        school.post(f"/users/{uuid4()}/approve", json={"expected_version": 1}),
    ]
    with admin_client(demo, ADMIN) as everyone:
        seen = everyone.get(foreign).json()

    assert {one["org"] for one in listed} == {OTHER_ORG_ID}
    ids = {one["user_id"] for one in listed}
    assert {SCHOOL_ADMIN.user_id, COLLEAGUE.user_id} <= ids
    assert [one.status_code for one in answers] == [404] * 5
    assert (seen["status"], seen["version"], seen["history"]) == ("pending", 1, [])


def test_invitation_is_made_once(demo: DemoStack, school: httpx.Client) -> None:
    person = {"email": new_address(), "first_name": "Maja", "last_name": "Ek"}
    keys = [{"Idempotency-Key": uuid4().hex} for _ in range(2)]

    first, again = [school.post("/users/invite", json=person, headers=keys[0]) for _ in range(2)]
    taken = school.post("/users/invite", json=person, headers=keys[1])
    unnamed = school.post("/users/invite", json={**person, "email": new_address()})

    answers = (first, again, taken, unnamed)
    assert [one.status_code for one in answers] == [201, 201, 409, 428]
    assert (again.json(), again.headers["Idempotent-Replay"]) == (first.json(), "true")
    assert first.json()["org"] == OTHER_ORG_ID
    assert taken.json()["error"]["details"] == {"reason": "address_taken"}


@pytest.fixture
def maja(demo: DemoStack, school: httpx.Client) -> dict[str, Any]:
    """An invited teacher who has chosen a password by the mailed link."""
    person = {"email": new_address(), "first_name": "Maja", "last_name": "Ek"}
    key = {"Idempotency-Key": uuid4().hex}
    account: dict[str, Any] = school.post("/users/invite", json=person, headers=key).json()
    chosen = {"token": mailed_token(demo, person["email"]), "new_password": NEW_PASSWORD}
    reset = httpx.post(f"{demo.gateway}/v1/auth/reset-password", json=chosen, timeout=10)
    assert reset.status_code == 200, reset.text
    return account


def test_invited_teacher_works_until_deactivated_and_again_afterwards(
    demo: DemoStack, school: httpx.Client, maja: dict[str, Any]
) -> None:
    path, tokens = f"/users/{maja['user_id']}", sign_in(demo, maja["email"]).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def statuses() -> set[int]:
        doors = [f"{door}/v1/teacher/me" for door in demo.teacher_doors]
        return {httpx.get(one, headers=headers, timeout=10).status_code for one in doors}

    assert statuses() == {200}
    away = {"expected_version": maja["version"], "reason": "on leave"}
    deactivated = school.post(f"{path}/deactivate", json=away)
    assert (deactivated.status_code, deactivated.json()["status"]) == (200, "deactivated")
    wait_until(lambda: statuses() == {401})
    refused = (sign_in(demo, maja["email"]), refresh(demo, tokens["refresh_token"]))
    assert [one.status_code for one in refused] == [403, 403]
    codes = {one.json()["error"]["error_code"] for one in refused}
    assert codes == {"IDENTITY_ACCESS_DENIED"}

    back = {"expected_version": deactivated.json()["version"], "reason": "back again"}
    assert school.post(f"{path}/reactivate", json=back).status_code == 200
    assert sign_in(demo, maja["email"]).status_code == 200
    audit = school.get("/audit", params={"source": "users", "limit": 100}).json()["entries"]
    actions = [one["user"]["action"] for one in audit if one["user"]["user_id"] == maja["user_id"]]
    assert actions == ["reactivate", "deactivate", "invite"]
    own = {one["user_id"] for one in school.get("/users", params={"limit": 100}).json()["users"]}
    assert {one["user"]["user_id"] for one in audit} <= own
