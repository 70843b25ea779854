"""Traefik with the rendered files: it starts without a complaint, and lets through what it may."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bff_core.errors import InvalidRequest
from bff_core.testing import bearer
from services.gateway.implementations.filters import checked_path
from services.gateway.route_table import RateLimit, find_route
from tests.e2e.attack.conftest import Edge, token
from tests.e2e.attack.process import GENEROUS
from tests.e2e.attack.test_headers import FORGED, spellings
from tests.e2e.attack.test_paths import ESCAPES, METHODS, OUTSIDE, PREFIX
from tests.e2e.attack.test_streams import EVENTS, EventSource, received
from tests.e2e.attack.upstream import RecordedRequest, answer_bytes, http, recording
from tests.e2e.attack.wire import connect, request
from tests.e2e.edge.traefik_process import complaints, traefik
from tests.ports import free_port
from tools.edge_config.site import Site
from tools.edge_config.traefik import DROPPED_REQUEST_HEADERS, DROPPED_RESPONSE_HEADERS

TARGET = "/bff/v1/teacher/dashboard"
AUTHORIZED = ("Authorization", bearer(token()))
FEW = 5


def site_of(edge_url: str, **more: object) -> Site:
    site = Site(
        listen=f"127.0.0.1:{free_port()}", teacher=edge_url, admin=edge_url, sign_in=edge_url
    )
    return replace(site, **more)  # type: ignore[arg-type]  # fields of a site


@pytest.fixture(scope="module")
def module_traefik(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with recording() as teacher, recording() as admin, recording() as identity:
        site = site_of(
            teacher.url,
            admin=admin.url,
            sign_in=identity.url,
            request_budget=2.0,
            per_minute=dict.fromkeys(RateLimit, int(GENEROUS)),
        )
        with traefik(tmp_path_factory.mktemp("traefik"), site) as process:
            yield Edge(process, teacher, admin, identity)


@pytest.fixture
def behind(module_traefik: Edge) -> Edge:
    for upstream in module_traefik.upstreams:
        upstream.clear()
    return module_traefik


def test_traefik_takes_the_files_without_a_complaint(tmp_path: Path) -> None:
    with recording() as service, traefik(tmp_path, site_of(service.url)) as process:
        found = complaints(process.log)

    # The probe for readiness is refused, which Traefik calls an error.
    assert [line for line in found if "body over limit" not in line] == []


def is_forwarded_by_the_gateway(seen: RecordedRequest) -> bool:
    raw = seen.target.partition("?")[0].encode("latin-1")
    route = find_route(raw, seen.method)
    try:
        return route is not None and bool(checked_path(raw, route.path))
    except InvalidRequest:
        return False


@pytest.mark.parametrize("target", [*(PREFIX + path for path in ESCAPES), *OUTSIDE])
def test_no_path_leaves_its_routes(behind: Edge, target: str) -> None:
    reply = behind.ask(request("GET", target, [AUTHORIZED]))

    assert reply.status in {200, 400, 404}
    assert behind.reached == (reply.status == 200)
    assert all(map(is_forwarded_by_the_gateway, behind.teacher.seen))
    assert behind.admin.seen == behind.identity.seen == []


@pytest.mark.parametrize("method", METHODS)
def test_another_method_reaches_no_service(behind: Edge, method: str) -> None:
    reply = behind.ask(request(method, TARGET, [AUTHORIZED]))

    assert 400 <= reply.status <= 501
    assert behind.reached == 0


FORGERIES = [
    pytest.param(headers, id=f"{name}, {how}")
    for name in (*DROPPED_REQUEST_HEADERS, "X-Request-Timeout-Ms", "X-Forwarded-For")
    for how, headers in spellings(name).items()
]


@pytest.mark.parametrize("headers", FORGERIES)
def test_a_forged_header_is_dropped(behind: Edge, headers: list[tuple[str, str]]) -> None:
    behind.ask(request("GET", TARGET, [AUTHORIZED, *headers]))

    assert all(FORGED.encode() not in seen.head for seen in behind.teacher.seen)
    assert [seen.values("X-User-ID") for seen in behind.teacher.seen] in ([], [[]])


@pytest.mark.parametrize("name", DROPPED_RESPONSE_HEADERS)
def test_a_header_of_a_service_stays_in(behind: Edge, name: str) -> None:
    behind.teacher.answers[TARGET] = answer_bytes(http(headers=[(name, "inside")]))

    reply = behind.ask(request("GET", TARGET, [AUTHORIZED]))

    assert reply.status == 200
    assert reply.values(name) == []
    assert reply.value("X-Content-Type-Options") == "nosniff"


def test_no_upgrade_leaves_http(behind: Edge) -> None:
    upgrade = [("Upgrade", "websocket"), ("Connection", "Upgrade")]
    key = [("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13")]

    reply = behind.ask(request("GET", TARGET, [AUTHORIZED, *upgrade, *key]))

    assert reply.status == 200
    assert [seen.values("Upgrade") for seen in behind.teacher.seen] == [[]]


def test_a_body_above_the_routes_limit_is_refused(behind: Edge) -> None:
    large = request("POST", "/v1/auth/login", [], b"x" * 20_000)

    assert behind.ask(large).status == 413
    assert behind.reached == 0


def test_an_alias_reaches_the_route_that_it_stands_for(behind: Edge) -> None:
    reply = behind.ask(request("GET", f"/api{TARGET}?next=/api/bff/", [AUTHORIZED]))

    [seen] = behind.teacher.seen
    assert (reply.status, seen.target) == (200, f"{TARGET}?next=/api/bff/")
    assert seen.values("X-Request-Timeout-Ms") == ["2000"]


def test_a_service_that_hangs_is_a_timeout(behind: Edge) -> None:
    ended = threading.Event()

    def hang(client: socket.socket, _: RecordedRequest) -> None:
        ended.wait(20)

    behind.teacher.answers[TARGET] = hang
    try:
        reply = behind.ask(request("GET", TARGET, [AUTHORIZED]))
    finally:
        ended.set()

    assert reply.status == 504


def test_events_come_through_one_by_one(behind: Edge) -> None:
    source = EventSource()
    behind.teacher.answers[EVENTS] = source.answer()
    with connect(behind.gateway.port) as client:
        client.sendall(request("GET", EVENTS, [AUTHORIZED, ("Accept", "text/event-stream")]))
        assert received(client, b": hello")

        for number in range(5):
            # The next one is not said before this one has come.
            source.say(b"data: %d\n\n" % number)
            assert received(client, b"data: %d" % number)


def test_tokens_have_an_allowance_each(tmp_path: Path) -> None:
    few = dict.fromkeys(RateLimit, FEW)
    with (
        recording() as service,
        traefik(tmp_path, site_of(service.url, per_minute=few)) as process,
    ):
        users = [("Authorization", bearer(token(user))) for user in ("anna", "erik")]
        answers = [
            [process.ask(request("GET", TARGET, [user])).status for _ in range(FEW + 3)]
            for user in users
        ]

    # One more every 12 seconds.
    assert all(FEW <= found.count(200) <= FEW + 2 and 429 in found for found in answers)
