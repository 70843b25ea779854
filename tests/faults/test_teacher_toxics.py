"""The dashboard with any network fault between the teacher BFF and its services."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from bff_core.clock import SystemClock
from bff_core.testing import Reply, StubServer, access_token, bearer, stub_server
from services.bff_teacher.app import create_app
from services.bff_teacher.config import Settings
from tests.fault_proxy.proxy import (
    Bandwidth,
    FaultProxy,
    Hang,
    Latency,
    Limit,
    Reset,
    Slicer,
    SlowClose,
    Toxic,
    fault_proxy,
)
from tests.faults.conftest import ENVIRONMENT, Screens
from tests.faults.platform_answers import (
    BALANCE,
    BATCH_PAGE,
    CLASS,
    CLASS_INFO,
    CLASS_PAGE,
    ROSTER,
    TEACHER,
)

DASHBOARD = "/v1/teacher/dashboard"
DEADLINE = 3.0
BUSY_SECONDS = 5.0
"""By which a busy machine may be late."""
OPERATIONS = (
    "RAS__USER_LIST",
    "RAS__CLASS_ACTIVITY",
    "CMS__CLASS_LIST",
    "CMS__CLASS_INFO",
    "CMS__ROSTERS",
)
SHORT, LONG = 0.5, 2.5
OPTIONAL = ("classes", "student_counts", "class_names", "class_activity")

# What the dashboard may say of a service behind each; None: it is as well as ever.
TIMEOUT, BROKEN, CUT = (504, "TIMEOUT"), (503, "CONNECTION_ERROR"), (502, "EXTERNAL_SERVICE_ERROR")
TO_CLIENT: dict[str, tuple[Toxic, tuple[int, str] | None]] = {
    "a little latency": (Latency(0.02, jitter=0.02), None),
    "much latency": (Latency(5.0), TIMEOUT),
    "a narrow line": (Bandwidth(100_000), None),
    "hardly a line": (Bandwidth(40), TIMEOUT),
    "a slow close": (SlowClose(5.0), None),
    "a hang": (Hang(), TIMEOUT),
    "a hang that closes": (Hang(0.05), BROKEN),
    "a reset": (Reset(), BROKEN),
    "thin slices": (Slicer(20, variation=5), None),
    "thin slices that drip": (Slicer(1, pause=0.05), TIMEOUT),
    "a cut head": (Limit(20), BROKEN),
    "a cut body": (Limit(120), CUT),
    "nothing at all": (Limit(0), BROKEN),
}
TO_SERVER: dict[str, tuple[Toxic, tuple[int, str] | None]] = {
    "a little latency": (Latency(0.02), None),
    "much latency": (Latency(5.0), TIMEOUT),
    "hardly a line": (Bandwidth(40), TIMEOUT),
    "a hang": (Hang(), TIMEOUT),
    "a reset": (Reset(), BROKEN),
    "thin slices": (Slicer(20), None),
    "a cut request": (Limit(20), BROKEN),
}
CASES = [("to_client", name) for name in TO_CLIENT] + [("to_server", name) for name in TO_SERVER]
EVERY = pytest.mark.parametrize(("way", "name"), CASES)


def budgets(seconds: float) -> dict[str, str]:
    return {f"BFF_TEACHER_SERVICE_{name}__BUDGET": str(seconds) for name in OPERATIONS}


@dataclass
class ProxiedScreens:
    """The screens with a fault proxy before each service."""

    screens: Screens
    ras: FaultProxy
    cms: FaultProxy

    async def dashboard(self, query: str = "") -> tuple[int, dict[str, object]]:
        """Status and body; fails after the deadline."""
        began = time.monotonic()
        status, body, headers = await self.screens.get(DASHBOARD + query)
        assert time.monotonic() - began < DEADLINE + BUSY_SECONDS
        assert ("x-parts-incomplete" in headers) == bool(body.get("parts") and missing(body))
        return status, body


def missing(body: dict[str, object]) -> dict[str, str]:
    parts: list[dict[str, str]] = body["parts"]  # type: ignore[assignment]  # as the DTO says
    return {part["name"]: part["code"] for part in parts if part["status"] != "ok"}


def toxic_case(way: str, name: str) -> tuple[Toxic, tuple[int, str] | None, float]:
    """The toxic, the expected status and code (None: no effect), and a short or long budget."""
    toxic, cost = (TO_CLIENT if way == "to_client" else TO_SERVER)[name]
    return toxic, cost, SHORT if cost == TIMEOUT else LONG


async def eventually(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not claim():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def proxied(stub: StubServer) -> AsyncIterator[FaultProxy]:
    async with fault_proxy(urlsplit(stub.url).port or 0) as proxy:
        yield proxy


@asynccontextmanager
async def proxied_screens(budget: float = LONG) -> AsyncIterator[ProxiedScreens]:
    async with AsyncExitStack() as stack:
        ras, cms, identity, entitlements = [
            await stack.enter_async_context(stub_server()) for _ in range(4)
        ]
        entitlements.on(f"/v1/entitlements/balance/{TEACHER}", Reply(body=BALANCE))
        ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(body=BATCH_PAGE))
        cms.on("/v1/classes/", Reply(body=CLASS_PAGE))
        cms.on("/internal/v1/batches/class-info", Reply(body=CLASS_INFO))
        cms.on(f"/v1/classes/{CLASS}/roster", Reply(body=ROSTER))
        to_ras, to_cms = [await stack.enter_async_context(proxied(stub)) for stub in (ras, cms)]
        urls = {
            "RESULT_AGGREGATOR_URL": to_ras.url,
            "CMS_API_URL": to_cms.url,
            "IDENTITY_SERVICE_URL": identity.url,
            "ENTITLEMENTS_SERVICE_URL": entitlements.url,
        }
        due = {"BFF_TEACHER_SERVICE_REQUEST_BUDGET": str(DEADLINE)}
        app = create_app(Settings.load(ENVIRONMENT | due | budgets(budget) | urls))
        async with app.test_app():
            token = bearer(access_token(TEACHER, now=SystemClock().now()))
            yield ProxiedScreens(
                Screens(app.test_client(), ras, cms, identity, token), to_ras, to_cms
            )
        # The app has closed, its services have not: open connections are leaked ones.
        await eventually(lambda: not to_ras.open_clients and not to_cms.open_clients)


@EVERY
async def test_a_bad_line_to_the_class_service_costs_its_own_parts(way: str, name: str) -> None:
    before = asyncio.all_tasks()
    toxic, cost, budget = toxic_case(way, name)
    async with proxied_screens(budget) as net:
        getattr(net.cms, way)(toxic)

        status, body = await net.dashboard()

        assert status == 200
        assert missing(body) == (dict.fromkeys(OPTIONAL, cost[1]) if cost else {})
    await eventually(lambda: asyncio.all_tasks() == before)


@EVERY
async def test_a_bad_line_to_results_is_the_error_that_names_it(way: str, name: str) -> None:
    before = asyncio.all_tasks()
    toxic, cost, budget = toxic_case(way, name)
    async with proxied_screens(budget) as net:
        getattr(net.ras, way)(toxic)

        status, body = await net.dashboard()

        error: dict[str, object] = body.get("error", {})  # type: ignore[assignment]  # the envelope
        assert (status, error.get("code")) == (cost or (200, None))
        assert cost is None or error["details"] == {"service": "ras", "part": "batches"}
    await eventually(lambda: asyncio.all_tasks() == before)


@pytest.mark.parametrize("toxic", [Hang(), Latency(5.0), Bandwidth(40)], ids=repr)
async def test_a_call_given_up_is_not_connected_any_more(toxic: Toxic) -> None:
    async with proxied_screens(SHORT) as net:
        net.ras.to_client(toxic)
        net.cms.to_client(toxic)

        await net.dashboard()

        assert net.ras.accepted >= 1
        await eventually(lambda: net.ras.open_clients == net.cms.open_clients == 0)


@pytest.mark.parametrize("toxic", [Hang(), Reset(), Limit(120)], ids=repr)
async def test_a_line_that_heals_is_used_again(toxic: Toxic) -> None:
    async with proxied_screens(SHORT) as net:
        net.cms.to_client(toxic)
        _, sick = await net.dashboard()
        net.cms.clear()

        status, body = await net.dashboard()

        assert list(missing(sick)) == list(OPTIONAL)
        assert (status, missing(body)) == (200, {})


async def test_a_line_that_breaks_while_it_is_open_heals_too() -> None:
    async with proxied_screens() as net:
        well = await net.dashboard("?limit=1")
        net.ras.to_client(Reset())
        # Pages that were not read before, so not cached.
        broken, body = await net.dashboard("?limit=2")
        net.ras.clear()
        healed = await net.dashboard("?limit=3")

    error: dict[str, object] = body["error"]  # type: ignore[assignment]  # as the envelope says
    assert (well[0], broken, error["code"], healed[0]) == (200, 503, "CONNECTION_ERROR", 200)
