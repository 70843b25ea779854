"""An admin's journeys through the gateway: approving an account, and changing settings."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from devstack.seed import PASSWORD
from devstack.seed.people import ADMIN, ANNA, PENDING, UNLIMITED_ROLE
from tests.e2e.demo_stack import DemoStack
from tests.e2e.secrets_check import require_no_secret


def admin_client(demo: DemoStack, token: str) -> httpx.Client:
    """Every response is searched for secrets."""
    return httpx.Client(
        base_url=f"{demo.gateway}/bff/v1/admin",
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
        event_hooks={"response": [require_no_secret]},
    )


@pytest.fixture
def admin(demo: DemoStack) -> Iterator[httpx.Client]:
    with admin_client(demo, demo.token(ADMIN)) as client:
        yield client


@pytest.fixture(scope="module")
def other_admin(demo: DemoStack) -> Iterator[httpx.Client]:
    """A second admin of all accounts, made by the command grant-admin."""
    email = f"vera.{uuid4().hex[:8]}@skola.example"
    register(demo, email)
    prove_address(demo, email)
    demo.identity_command("grant-admin", email)
    demo.identity_command("grant-admin", email, "--role", UNLIMITED_ROLE)
    with admin_client(demo, demo.sign_in(email).json()["access_token"]) as client:
        yield client


def register(demo: DemoStack, email: str) -> None:
    person = {
        "email": email,
        "password": PASSWORD,
        "person_name": {"first_name": "Maja", "last_name": "Ek"},
        "organization_name": "Ekskolan",
    }
    answer = httpx.post(f"{demo.gateway}/v1/auth/register", json=person, timeout=10)
    assert answer.status_code == 202, answer.text


def prove_address(demo: DemoStack, email: str) -> None:
    letters = httpx.get(f"{demo.url(7005)}/_devstack/mail", timeout=10).json()["mail"]
    token = next(letter["token"] for letter in letters if letter["to"] == email)
    url = f"{demo.gateway}/v1/auth/verify-email"
    assert httpx.post(url, json={"token": token}, timeout=10).status_code == 200


def found(admin: httpx.Client, email: str) -> dict[str, Any]:
    users = admin.get("/users/pending", params={"q": email}).json()["users"]
    assert len(users) == 1
    one: dict[str, Any] = users[0]
    return one


@pytest.mark.own_stack
def test_a_registered_user_is_approved_and_signs_in(demo: DemoStack, admin: httpx.Client) -> None:
    email = f"maja.{uuid4().hex[:8]}@skola.example"
    register(demo, email)
    prove_address(demo, email)
    assert demo.sign_in(email).status_code == 403
    person = found(admin, email)
    assert (person["status"], person["email_verified"]) == ("pending", True)
    path = f"/users/{person['user_id']}/approve"
    body = {"expected_version": person["version"], "note": "Welcome"}

    approved = admin.post(path, json=body)
    again = admin.post(path, json=body)

    assert (approved.status_code, approved.json()["status"]) == (200, "approved")
    assert (again.status_code, again.json()) == (200, approved.json())
    assert again.headers["Idempotent-Replay"] == "true"
    assert demo.sign_in(email).status_code == 200
    history = admin.get(f"/users/{person['user_id']}").json()["history"]
    assert [one["to_status"] for one in history] == ["approved"]


def test_the_second_of_two_admins_learns_who_was_first(
    demo: DemoStack, admin: httpx.Client, other_admin: httpx.Client
) -> None:
    email = f"nils.{uuid4().hex[:8]}@skola.example"
    register(demo, email)
    person = found(other_admin, email)
    path = f"/users/{person['user_id']}"
    admin.post(f"{path}/approve", json={"expected_version": person["version"]})

    late = other_admin.post(
        f"{path}/deny", json={"expected_version": person["version"], "reason": "No"}
    )

    assert late.status_code == 409
    current = late.json()["error"]["details"]["current"]
    assert (current["status"], current["decided_by"]) == ("approved", ADMIN.user_id)
    denied = other_admin.post(
        f"{path}/deny", json={"expected_version": current["version"], "reason": "No"}
    )
    assert (denied.status_code, denied.json()["status"]) == (200, "denied")


def test_a_stale_change_is_merged_saved_seen_and_rolled_back(
    admin: httpx.Client, other_admin: httpx.Client
) -> None:
    path = "/settings/uploads"
    read = admin.get(path)
    seen, values, first = read.headers["ETag"], read.json()["values"], read.json()["version"]
    assert admin.get(path, headers={"If-None-Match": seen}).status_code == 304
    other = {"values": values | {"max_files_per_upload": 50}, "reason": "Somebody else"}
    assert other_admin.put(path, json=other, headers={"If-Match": seen}).status_code == 200
    mine = {"values": values | {"max_file_mebibytes": 20}, "reason": "Scans are large"}

    stale = admin.put(path, json=mine, headers={"If-Match": seen})

    assert stale.status_code == 412
    details = stale.json()["error"]["details"]
    changed = {step["path"] for step in details["diff"]}
    assert changed == {"/max_files_per_upload", "/max_file_mebibytes"}
    assert stale.headers["ETag"] == details["current_etag"]
    merged = {"values": other["values"] | {"max_file_mebibytes": 20}, "reason": mine["reason"]}
    keyed = {"If-Match": stale.headers["ETag"], "Idempotency-Key": uuid4().hex}
    preview = admin.put(path, json=merged, headers=keyed, params={"dry_run": "true"})
    assert [step["path"] for step in preview.json()["diff"]] == ["/max_file_mebibytes"]
    saved = admin.put(path, json=merged, headers=keyed)
    replay = admin.put(path, json=merged, headers=keyed)
    assert (saved.status_code, replay.json()) == (200, saved.json())
    assert replay.headers["Idempotent-Replay"] == "true"
    versions = admin.get(f"{path}/versions").json()["versions"]
    assert [one["reason"] for one in versions[:2]] == ["Scans are large", "Somebody else"]

    back = admin.post(
        f"{path}/rollback",
        json={"to_version": first, "reason": "Enough"},
        headers={"If-Match": saved.headers["ETag"]},
    )

    assert (back.status_code, back.json()["values"]) == (200, values)
    assert back.json()["version"] == first + 3
    assert admin.get(f"{path}/versions/{first + 2}").json()["values"] == merged["values"]


@pytest.mark.own_stack
def test_the_audit_has_both_kinds_and_pages_through_them_all(
    demo: DemoStack, admin: httpx.Client
) -> None:
    whole = admin.get("/audit", params={"limit": 100}).json()["entries"]
    paged: list[dict[str, Any]] = []
    params: dict[str, str] = {"limit": "2"}
    for _ in range(len(whole) + 2):
        page = admin.get("/audit", params=params).json()
        assert page["complete_until"] is None
        paged += page["entries"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]

    assert paged == whole
    assert [one["at"] for one in whole] == sorted((one["at"] for one in whole), reverse=True)
    assert {one["source"] for one in whole} == {"settings", "users"}


def test_the_overview_shows_all_of_it(admin: httpx.Client) -> None:
    answer = admin.get("/overview")

    body = answer.json()
    unread = [part["name"] for part in body["parts"] if part["status"] != "ok"]
    assert (answer.status_code, unread) == (200, [])
    assert body["pending"]["count"] >= 1
    health = {one["name"]: one["status"] for one in body["services"]}
    well = {"gateway", "bff_teacher", "ras", "cms", "identity", "config_service"}
    well |= {"entitlements", "bos"}
    assert {name for name, status in health.items() if status == "healthy"} >= well


def test_credits_are_given_and_their_operation_is_found(admin: httpx.Client) -> None:
    path = f"/credits/{ANNA.user_id}"
    before = admin.get(path).json()

    given = admin.post(f"{path}/adjust", json={"amount": 7, "reason": "Lost to a failed run"})
    after = admin.get(path).json()
    reset = {"balance": before["available"], "reason": "As it was"}
    restored = admin.post(f"{path}/set", json=reset).json()

    assert (before["email"], before["adjustable"]) == (ANNA.email, True)
    assert given.json()["available"] == after["available"] == before["available"] + 7
    assert given.headers["X-Correlation-ID"] == after["operations"][0]["correlation_id"]
    assert restored["available"] == before["available"]


def test_a_teacher_is_no_admin(demo: DemoStack) -> None:
    headers = {"Authorization": f"Bearer {demo.token(ANNA)}"}
    for base in demo.admin_doors:
        for path in ("/overview", "/audit", "/users", "/settings"):
            assert httpx.get(base + path, headers=headers, timeout=10).status_code == 403


def test_no_secret_of_an_account_leaves(admin: httpx.Client) -> None:
    person = PENDING[0].user_id
    for path in ("/users", "/users/pending", f"/users/{person}", "/audit", "/overview"):
        text = admin.get(path).text.lower()

        assert not any(word in text for word in ("password", "hash", "token", "bearer", "mac"))
