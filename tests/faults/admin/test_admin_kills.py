"""A write that is repeated after the admin BFF was killed is done exactly once.

`FULL_ROUNDS=1 ./dev test tests/faults/admin/test_admin_kills.py` runs 50 rounds, otherwise 5.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.faults.admin.processes import AdminStack, admin_stack
from tests.faults.config_service_process import rounds

WRITE_SECONDS = 0.03
"""Usual seconds of a write; kills fall before, during and after it."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminStack]:
    with admin_stack(tmp_path_factory.mktemp("admin")) as stack:
        yield stack


def kill_during(stack: AdminStack, write: Callable[[], object]) -> None:
    """Kill the BFF during the write, and start it again."""

    def attempt() -> None:
        with contextlib.suppress(httpx.HTTPError):
            write()

    writer = threading.Thread(target=attempt)
    writer.start()
    time.sleep(random.uniform(0, WRITE_SECONDS))
    stack.bff.kill()
    writer.join(20)
    stack.bff.start()


def test_each_version_of_settings_is_made_once(stack: AdminStack) -> None:
    url = f"{stack.bff.url}/v1/admin/settings/uploads"
    for number in range(rounds(50)):
        before = httpx.get(url, headers=stack.headers(), timeout=10)
        values = before.json()["values"] | {"max_files_per_upload": 10 + number}
        conditions = {"If-Match": before.headers["ETag"], "Idempotency-Key": uuid4().hex}

        def write(values: Any = values, conditions: Any = conditions) -> httpx.Response:
            body = {"values": values, "reason": "again"}
            return httpx.put(url, json=body, headers=stack.headers(**conditions), timeout=10)

        kill_during(stack, write)
        again = write()

        assert again.status_code == 200, again.text
        assert again.json()["version"] == before.json()["version"] + 1
        assert httpx.get(url, headers=stack.headers(), timeout=10).json()["values"] == values


def test_each_decision_is_made_once(stack: AdminStack) -> None:
    for _ in range(rounds(50)):
        url = f"{stack.bff.url}/v1/admin/users/{stack.register_user()}"

        def write(url: str = url) -> httpx.Response:
            body = {"expected_version": 1, "note": "again"}
            return httpx.post(f"{url}/approve", json=body, headers=stack.headers(), timeout=10)

        kill_during(stack, write)
        again = write()

        assert again.status_code == 200, again.text
        assert again.json()["version"] == 2
        history = httpx.get(url, headers=stack.headers(), timeout=10).json()["history"]
        assert [one["to_status"] for one in history] == ["approved"]


def test_each_invited_account_is_made_once(stack: AdminStack) -> None:
    for _ in range(rounds(50)):
        key = uuid4().hex
        headers = stack.headers(**{"Idempotency-Key": key})
        person = {"email": f"{key}@skola.example", "first_name": "Maja", "last_name": "Ek"}
        url = f"{stack.bff.url}/v1/admin/users"

        def write(url: str = url, person: Any = person, headers: Any = headers) -> httpx.Response:
            return httpx.post(f"{url}/invite", json=person, headers=headers, timeout=10)

        kill_during(stack, write)
        again = write()

        assert again.status_code == 201, again.text
        found = httpx.get(url, params={"q": key}, headers=stack.headers(), timeout=10).json()
        assert [one["user_id"] for one in found["users"]] == [again.json()["user_id"]]


def test_each_adjustment_of_credits_is_booked_once(stack: AdminStack) -> None:
    url = f"{stack.bff.url}/v1/admin/credits/{stack.register_user()}"
    for number in range(rounds(50)):
        headers = stack.headers(**{"Idempotency-Key": uuid4().hex})

        def write(headers: Any = headers) -> httpx.Response:
            body = {"amount": 1, "reason": "again"}
            return httpx.post(f"{url}/adjust", json=body, headers=headers, timeout=10)

        kill_during(stack, write)
        answers = [write(), write()]

        assert [one.status_code for one in answers] == [200, 200], answers[1].text
        assert [one.json()["available"] for one in answers] == [number + 1] * 2
        assert answers[1].headers["Idempotent-Replay"] == "true"
