"""Test kit of the config service: environment, client and empty databases."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from sqlalchemy import make_url

from bff_core.clock import SystemClock
from bff_core.testing import SECRET, access_token, bearer

INTERNAL_KEY = "internal-key-for-tests"
AUDIT_KEY = "audit-key-for-tests"
SERVICE_HEADERS = {"X-Internal-API-Key": INTERNAL_KEY, "X-Service-ID": "bff-admin-service"}


def environment(database_url: str, **more: str) -> dict[str, str]:
    return {
        "ENVIRONMENT": "testing",
        "JWT_SECRET_KEY": SECRET,
        "HULEEDU_INTERNAL_API_KEY": INTERNAL_KEY,
        "CONFIG_SERVICE_AUDIT_KEY": AUDIT_KEY,
        "CONFIG_SERVICE_DATABASE_URL": database_url,
        **more,
    }


def as_user(*roles: str, user: str = "admin-1") -> dict[str, str]:
    token = access_token(user, now=SystemClock().now(), roles=list(roles))
    return SERVICE_HEADERS | {"Authorization": bearer(token)}


def as_admin(user: str = "admin-1") -> dict[str, str]:
    return as_user("admin", user=user)


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'config.db'}"


async def postgres_database(url: str) -> str:
    """A new, empty database on a running server."""
    server = make_url(url)
    name = f"config_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(
        host=server.host, port=server.port, user=server.username, database=server.database
    )
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    return server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


def fresh_postgres(url: str) -> str:
    return asyncio.run(postgres_database(url))


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A response; header names are in lower case."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def etag(self) -> str:
        return self.headers["etag"]

    @property
    def error(self) -> Any:
        return self.body["error"]


class Sender(Protocol):
    async def __call__(
        self, method: str, path: str, *, headers: Mapping[str, str], json: Any = None
    ) -> ApiResponse: ...


class SettingsClient:
    """A client of the service's API over any transport."""

    def __init__(self, send: Sender) -> None:
        self.send = send

    async def get(self, path: str, **headers: str) -> ApiResponse:
        return await self.send("GET", path, headers=as_admin() | headers)

    async def read(self, namespace: str) -> ApiResponse:
        return await self.send("GET", f"/v1/settings/{namespace}", headers=SERVICE_HEADERS)

    async def put(
        self,
        namespace: str,
        values: Mapping[str, Any],
        etag: str | None,
        *,
        key: str | None = None,
        query: str = "",
        reason: str = "because",
        user: str = "admin-1",
    ) -> ApiResponse:
        headers = as_admin(user) | _conditions(etag, key)
        body = {"values": values, "reason": reason}
        return await self.send(
            "PUT", f"/v1/settings/{namespace}{query}", headers=headers, json=body
        )

    async def roll_back(
        self, namespace: str, version: int, etag: str | None, *, query: str = ""
    ) -> ApiResponse:
        return await self.send(
            "POST",
            f"/v1/settings/{namespace}/rollback{query}",
            headers=as_admin() | _conditions(etag, None),
            json={"to_version": version, "reason": "back"},
        )


def _conditions(etag: str | None, key: str | None) -> dict[str, str]:
    given = {"If-Match": etag, "Idempotency-Key": key}
    return {name: value for name, value in given.items() if value is not None}
