"""One gateway for each module, with recording services behind it, and tokens."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bff_core.clock import SystemClock
from bff_core.testing import SECRET, access_token, bearer
from tests.e2e.attack.process import Gateway, gateway
from tests.e2e.attack.upstream import RecordingUpstream, recording
from tests.e2e.attack.wire import RawResponse, request

SESSION_KEYS = (f"the-newest-key-{SECRET}", f"the-key-before-{SECRET}")


def token(sub: str = "teacher-1", **claims: object) -> str:
    return access_token(sub, now=SystemClock().now(), **claims)  # type: ignore[arg-type]  # claims only


@dataclass(frozen=True)
class Edge:
    """The gateway and the three services behind it."""

    gateway: Gateway
    teacher: RecordingUpstream
    admin: RecordingUpstream
    identity: RecordingUpstream

    @property
    def upstreams(self) -> list[RecordingUpstream]:
        return [self.teacher, self.admin, self.identity]

    @property
    def reached(self) -> int:
        """The number of requests that reached any service."""
        return sum(len(upstream.seen) for upstream in self.upstreams)

    def ask(self, raw: bytes, *, timeout: float = 10.0) -> RawResponse:
        return self.gateway.ask(raw, timeout=timeout)

    def as_teacher(
        self,
        method: str = "GET",
        target: str = "/bff/v1/teacher/dashboard",
        headers: list[tuple[str, str]] | None = None,
        body: bytes = b"",
    ) -> RawResponse:
        given = [("Authorization", bearer(token())), *(headers or [])]
        return self.ask(request(method, target, given, body))


@pytest.fixture(scope="module")
def module_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    with recording() as teacher, recording() as admin, recording() as identity:
        urls = {
            "BFF_TEACHER_URL": teacher.url,
            "BFF_ADMIN_URL": admin.url,
            "IDENTITY_SERVICE_URL": identity.url,
            "API_GATEWAY_REQUEST_BUDGET": "2",
            "API_GATEWAY_CORS_ORIGINS": "https://skola.example",
            "API_GATEWAY_SESSION_KEYS": ",".join(SESSION_KEYS),
        }
        with gateway(folder, urls) as process:
            yield Edge(process, teacher, admin, identity)


@pytest.fixture
def edge(module_edge: Edge) -> Edge:
    """The module's gateway, with nothing recorded yet."""
    for upstream in module_edge.upstreams:
        upstream.clear()
    return module_edge
