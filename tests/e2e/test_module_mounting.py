"""The lines of docs/platform.md are enough to mount the modules into the platform's services."""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from bff_core.testing import SECRET
from tests.e2e.image_steps import uv_binary
from tests.e2e.mounted_platform import TIMEOUT_SECONDS, Platform
from tests.e2e.platform_tree import COMMANDS, build_tree, documented_snippets, install

KEY = "internal-key-for-tests-of-thirty-two-and-more"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    uv = uv_binary()
    if uv is None:
        pytest.skip("no uv here: the wheel is built by it")
    return install(tmp_path_factory.mktemp("wheel"), uv)


@pytest.fixture
def platform(tmp_path: Path, python: Path) -> Platform:
    build_tree(tmp_path)
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "ENVIRONMENT": "production",
        "JWT_SECRET_KEY": SECRET,
        "IDENTITY_SERVICE_JWT_DEV_SECRET": SECRET,
        "HULEEDU_INTERNAL_API_KEY": KEY,
        "IDENTITY_SERVICE_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'identity.db'}",
        "IDENTITY_ADMIN_RELAY": "platform",
        "CLASS_MANAGEMENT_SERVICE_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'cms.db'}",
        "RESULT_AGGREGATOR_SERVICE_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'ras.db'}",
        "ALLOWED_SERVICE_IDS": '["bff-teacher-service"]',
    }
    return Platform(tmp_path, env, python)


def test_every_documented_snippet_is_used(tmp_path: Path) -> None:
    assert build_tree(tmp_path) | set(COMMANDS) == set(documented_snippets())


def test_identity_does_not_start_before_the_migration(platform: Platform) -> None:
    with pytest.raises(RuntimeError, match="migrate up"), platform.serving():
        pass


def create_identity_tables(platform: Platform) -> None:
    """Let Identity create its tables; its startup fails afterwards."""
    with pytest.raises(RuntimeError), platform.serving():
        pass


def sign_in(client: httpx.Client, email: str) -> dict[str, Any]:
    answer = client.post("/v1/auth/login", json={"email": email, "password": "pass"})
    body: dict[str, Any] = answer.json()
    return body


def test_account_is_approved_and_denied(platform: Platform) -> None:
    create_identity_tables(platform)
    assert platform.identity_admin("migrate", "up").returncode == 0
    with platform.serving() as client:
        for name in ("karin", "nils"):
            body = {"email": f"{name}@school.example", "password": "pass"}
            assert client.post("/v1/auth/register", json=body).status_code == 201
        assert sign_in(client, "nils@school.example")["error"]["error_code"] == (
            "IDENTITY_APPROVAL_PENDING"
        )
        assert "nils@school.example" in platform.identity_admin("list-pending").stdout
        assert platform.identity_admin("grant-admin", "karin@school.example").returncode == 0
        karin = sign_in(client, "karin@school.example")

        decide_on_nils(client, karin["access_token"])
        sign_in(client, "nils@school.example")

    expected = ["approval_pending", "access_denied"]
    assert rows(platform, "audit_logs", "details", "failure_reason") == expected
    assert rows(platform, "event_outbox", "event_data", "reason") == expected


def rows(platform: Platform, table: str, column: str, key: str) -> list[str]:
    """Values in the JSON of the login failures, oldest first."""
    value = f"json_extract({column}, '$.{key}')"
    of_logins = (
        "action = 'login_failure'" if table == "audit_logs" else "topic LIKE '%login.failed%'"
    )
    query = f"SELECT {value} FROM {table} WHERE {of_logins} ORDER BY created_at"
    with closing(sqlite3.connect(platform.tree / "identity.db")) as database:
        return [row[0] for row in database.execute(query)]


def decide_on_nils(client: httpx.Client, token: str) -> None:
    """Approve and deny Nils, and refresh his token after each decision."""
    client.headers.update(
        {
            "Authorization": f"Bearer {token}",
            "X-Internal-API-Key": KEY,
            "X-Service-ID": "bff-admin-service",
        }
    )
    (waiting,) = client.get("/v1/admin/users/pending").json()["users"]
    path = f"/v1/admin/users/{waiting['user_id']}"
    approved = client.post(f"{path}/approve", json={"expected_version": 1})
    nils = sign_in(client, "nils@school.example")
    refresh = {"refresh_token": nils["refresh_token"]}
    before = client.post("/v1/auth/refresh", json=refresh)
    denied = client.post(f"{path}/deny", json={"expected_version": 2, "reason": "left"})
    after = client.post("/v1/auth/refresh", json=refresh)

    assert [one.status_code for one in (approved, before, denied, after)] == [200, 200, 200, 403]
    assert after.json()["error"]["error_code"] == "IDENTITY_ACCESS_DENIED"
    assert approved.headers["X-Correlation-ID"]
    assert [past["to_status"] for past in client.get(path).json()["history"]] == [
        "approved",
        "denied",
    ]


def test_errors_of_mounted_routes_have_the_envelope(platform: Platform) -> None:
    create_identity_tables(platform)
    platform.identity_admin("migrate", "up")
    correlation = "6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11"
    with platform.serving() as client:
        client.headers["X-Correlation-ID"] = correlation

        answer = client.get("/v1/admin/users")

    error = answer.json()["error"]
    assert answer.status_code == 401
    assert answer.headers.get_list("X-Correlation-ID") == [correlation]
    assert set(error) == {
        "code",
        "message",
        "correlation_id",
        "service",
        "timestamp",
        "details",
    }
    assert (error["correlation_id"], error["service"]) == (correlation, "identity_service")


def test_the_module_of_the_wheel_is_found_beside_the_platform_s_services(
    platform: Platform,
) -> None:
    code = "import services.identity_admin as a, bff_core as b; print(a.__file__, b.__file__)"
    completed = subprocess.run(
        [platform.python, "-c", code],
        cwd=platform.tree,
        env=platform.env,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=True,
    )

    folder = platform.python.parent.parent / "lib"
    assert all(Path(found).is_relative_to(folder) for found in completed.stdout.split())


BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
ESSAY = "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01"
SERVICE_HEADERS = {"X-Internal-API-Key": KEY, "X-Service-ID": "bff-teacher-service"}


def execute(database: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement, values)


def answers(client: httpx.Client, path: str) -> list[httpx.Response]:
    """The answers to nobody, to a service with a wrong key, and to one with the right key."""
    wrong = {**SERVICE_HEADERS, "X-Internal-API-Key": "guess"}
    return [client.get(path, headers=headers) for headers in ({}, wrong, SERVICE_HEADERS)]


def test_class_management_answers_the_review_state_of_batches(platform: Platform) -> None:
    path = f"/internal/v1/batches/validation-status?batch_ids={BATCH}"
    with platform.serving("class_management_service") as client:
        insert = "INSERT INTO essay_student_associations VALUES (?, ?, ?, ?, 'pending_validation')"
        ids = (value.replace("-", "") for value in (ESSAY, ESSAY, BATCH))
        execute(platform.tree / "cms.db", insert, *ids, "2026-02-03 09:05:00.000000")

        nobody, guesser, service = answers(client, path)
        beside = client.get(f"/internal/v1/batches/{BATCH}/student-names", headers=SERVICE_HEADERS)

    assert (nobody.status_code, nobody.json()) == (401, {"error": "Missing authentication"})
    assert (guesser.status_code, guesser.json()) == (401, {"error": "Invalid credentials"})
    assert service.json()[BATCH]["auto_confirm_deadline"] == "2026-02-04T09:05:00"
    assert beside.json() == []


def test_result_aggregator_answers_one_essay(platform: Platform) -> None:
    path = f"/internal/v1/batches/{BATCH}/essays/{ESSAY}"
    with platform.serving("result_aggregator_service") as client:
        database = platform.tree / "ras.db"
        execute(database, "INSERT INTO batch_results VALUES (?, 'teacher')", BATCH)
        insert = (
            "INSERT INTO essay_results (essay_id, batch_id, spellcheck_status, updated_at)"
            " VALUES (?, ?, 'COMPLETED', '2026-02-03 10:31:07.412003')"
        )
        execute(database, insert, ESSAY, BATCH)

        nobody, guesser, service = answers(client, path)
        other = client.get(path, headers=SERVICE_HEADERS | {"X-Service-ID": "somebody"})
        missing = client.get(f"{path}2", headers=SERVICE_HEADERS)

    assert [one.status_code for one in (nobody, guesser, other)] == [401, 401, 401]
    assert (service.json()["user_id"], service.json()["spellcheck_status"]) == (
        "teacher",
        "completed",
    )
    assert (missing.status_code, missing.json()) == (404, {"error": "Essay not found"})
