"""No GET changes data: only then may another site's link lead to one under the session cookie."""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bff_core.context import UserId
from devstack.seed import DemoUser, load_dataset
from devstack.seed.people import ADMIN, ANNA
from devstack.supervisor.keys import load_keys
from devstack.tokens import Hs256, mint
from services.gateway.implementations.session_cookie import (
    AccessToken,
    SessionContent,
    SessionKeys,
    SessionSealer,
)
from tests.e2e.demo_stack import DemoStack

BATCH = next(
    one
    for one in load_dataset().batches_of(ANNA.user_id)
    if one.processing_completed_at and one.class_id and one.essays
)
PARAMETERS = {
    "batch_id": BATCH.batch_id,
    "class_id": BATCH.class_id,
    "essay_id": BATCH.essays[0].essay_id,
    "user_id": ANNA.user_id,
    "namespace": "uploads",
    "number": "1",
    "phase": "cj_assessment",
}
NO_VERSION = "/bff/v1/admin/settings/uploads/versions/1"

pytestmark = pytest.mark.own_stack


def cookie_of(stack: DemoStack, person: DemoUser) -> str:
    """The person's cookie, as the gateway of the devstack seals it."""
    keys, now = load_keys(stack.home / "keys.json"), datetime.now(UTC)
    at = now.timestamp()
    token = mint(person, Hs256(keys.jwt_secret), now=now)
    content = SessionContent(
        audience="development",
        session_id=f"of-{person.user_id}",
        csrf="unused",
        user_id=UserId(str(person.user_id)),
        email=person.email,
        name=None,
        created_at=at,
        expires_at=at + 3600,
        seen_at=at,
        refresh_token="unused",
        access=AccessToken(token, at + 3000, at + 2900),
    )
    sealer = SessionSealer(SessionKeys([keys.session_key]), "development")
    return f"session={sealer.seal(content)}"


def rows_of(folder: Path) -> dict[str, list[str]]:
    """The rows of every database of the devstack, as statements that would write them.

    The ledger makes its empty tables, and notes their version, when it is first read.
    """
    found = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.read_bytes()[:6] == b"SQLite":
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
                rows = [line for line in database.iterdump() if line.startswith("INSERT")]
            found[path.name] = [line for line in rows if "ledger_version" not in line]
    return {name: rows for name, rows in found.items() if rows}


@pytest.fixture(scope="module")
def routes(demo: DemoStack) -> list[str]:
    """The path of every GET route of the gateway, with the demo's ids."""
    document = httpx.get(f"{demo.gateway}/openapi.json", timeout=10).json()
    paths = [path for path, methods in document["paths"].items() if "get" in methods]
    return [re.sub(r"\{(\w+)\}", lambda match: str(PARAMETERS[match[1]]), path) for path in paths]


def test_no_get_route_changes_data(demo: DemoStack, routes: list[str]) -> None:
    cookies = {
        "admin": cookie_of(demo, ADMIN),
        "teacher": cookie_of(demo, ANNA),
    }
    before = rows_of(demo.home / "data")

    with httpx.Client(base_url=demo.gateway, timeout=10) as client:
        statuses = {path: status_of(client, path, cookies) for path in routes}

    # The demo's settings have no versions until another test of the stack saves some.
    assert {path for path, status in statuses.items() if status != 200} <= {NO_VERSION}
    assert len(statuses) > 20
    assert set(before) >= {"config.db", "identity.db", "platform.sqlite3"}
    assert rows_of(demo.home / "data") == before


def status_of(client: httpx.Client, path: str, cookies: Mapping[str, str]) -> int:
    who = "admin" if "/admin/" in path else "teacher"
    headers = {"Cookie": cookies[who]}

    with client.stream("GET", path, headers=headers) as response:
        # Of an event stream, the beginning will do.
        next(response.iter_raw(), b"")
        return response.status_code
