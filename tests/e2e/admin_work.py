"""Work of another admin, or of the same in another place, while a page is open."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx

from devstack.faults.client import send_order
from devstack.seed import PASSWORD
from devstack.seed.people import ADMIN
from tests.e2e.demo_stack import DemoStack


@contextmanager
def admin_elsewhere(stack: DemoStack) -> Iterator[httpx.Client]:
    """The admin's API, without a browser."""
    headers = {"Authorization": f"Bearer {stack.token(ADMIN)}"}
    url = f"{stack.gateway}/bff/v1/admin"
    with httpx.Client(base_url=url, headers=headers, timeout=10) as client:
        yield client


def register(stack: DemoStack, first_name: str, last_name: str = "Ek") -> str:
    """A new account that waits for approval; its address."""
    email = f"{uuid4().hex[:12]}@skola.example"
    person = {
        "email": email,
        "password": PASSWORD,
        "person_name": {"first_name": first_name, "last_name": last_name},
        "organization_name": "Ekskolan",
    }
    answer = httpx.post(f"{stack.gateway}/v1/auth/register", json=person, timeout=10)
    assert answer.status_code == 202, answer.text
    return email


def waiting(other: httpx.Client, email: str) -> dict[str, Any]:
    users = other.get("/users/pending", params={"q": email}).json()["users"]
    assert len(users) == 1
    one: dict[str, Any] = users[0]
    return one


def approve(other: httpx.Client, person: dict[str, Any]) -> None:
    body = {"expected_version": person["version"]}
    assert other.post(f"/users/{person['user_id']}/approve", json=body).status_code == 200


def save(other: httpx.Client, namespace: str, changed: dict[str, Any]) -> dict[str, Any]:
    """Change some settings from the other place; all of them afterwards."""
    read = other.get(f"/settings/{namespace}").json()
    body = {"values": read["values"] | changed, "reason": "From another place"}
    answer = other.put(f"/settings/{namespace}", json=body, headers={"If-Match": read["etag"]})
    assert answer.status_code == 200, answer.text
    values: dict[str, Any] = answer.json()["values"]
    return values


@contextmanager
def fault(stack: DemoStack, port: int, kind: str) -> Iterator[None]:
    send_order(port + stack.offset, "POST", json.dumps({"faults": [kind], "seed": 0}))
    try:
        yield
    finally:
        send_order(port + stack.offset, "DELETE")
