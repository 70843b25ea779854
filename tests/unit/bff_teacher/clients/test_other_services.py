"""Requests to the content, file, identity and config services, by each client method."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from bff_core.client import ServiceClient, http_session
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed
from bff_core.settings import Operation
from services.bff_teacher.clients.config import ConfigWatcher, HttpSwitches
from services.bff_teacher.clients.content import HttpTexts
from services.bff_teacher.clients.files import HttpFiles
from services.bff_teacher.clients.identity import HttpProfiles
from services.bff_teacher.ports import TextAbsent, TextTooLarge
from tests.aioresponses_compat import MockedDownstream
from tests.unit.service_clients import (
    ANY_URL,
    IDENTITY,
    RULE,
    SERVICE_KEY,
    USER,
    credentials_in,
    the_request,
)


@pytest.fixture
def texts(client: ServiceClient) -> HttpTexts:
    return HttpTexts(client, text_of=Operation(budget=2.0, max_bytes=10), store=RULE)


@pytest.fixture
async def switches() -> AsyncIterator[HttpSwitches]:
    async with http_session() as session:
        yield HttpSwitches(session, "http://downstream.test", IDENTITY, budget=1.0)


async def test_a_text_comes_without_credentials_in_any_content_type(
    texts: HttpTexts, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, body="En åsna".encode(), content_type="text/html")

    found = await texts.text(ctx, "f-1")

    assert the_request(downstream).line == "GET /v1/content/f-1"
    assert credentials_in(the_request(downstream)) == {}
    assert found.value == "En åsna"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, b"", TextAbsent),
        (200, b"x" * 11, TextTooLarge),
        (403, b"", DownstreamFailed),
        (500, b"", DownstreamFailed),
    ],
)
async def test_errors_of_a_text(
    texts: HttpTexts,
    ctx: RequestContext,
    downstream: MockedDownstream,
    *,
    status: int,
    body: bytes,
    expected: type[DownstreamFailed],
) -> None:
    downstream.get(ANY_URL, status=status, body=body)

    with pytest.raises(expected) as caught:
        await texts.text(ctx, "f-1")

    specific = isinstance(caught.value, TextAbsent | TextTooLarge)
    assert specific is (expected is not DownstreamFailed)


async def test_a_text_is_stored_as_plain_text(
    texts: HttpTexts, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.post(ANY_URL, status=201, payload={"storage_id": "a" * 32})

    assert await texts.store(ctx, "Skriv en krönika") == "a" * 32

    assert the_request(downstream).line == "POST /v1/content"
    assert the_request(downstream).headers["Content-Type"] == "text/plain; charset=utf-8"
    assert credentials_in(the_request(downstream)) == {}


async def test_the_file_state_of_a_batch(
    client: ServiceClient, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload={"lock_status": {"locked": True, "current_phase": "spell"}})

    state = await HttpFiles(client, state=RULE).state(ctx, "b-1")

    assert the_request(downstream).line == "GET /v1/files/batch/b-1/state"
    assert credentials_in(the_request(downstream)) == {"X-User-ID": USER}
    assert (state.value.lock_status.locked, state.value.lock_status.verified) == (True, True)


async def test_the_caller_s_profile(
    client: ServiceClient, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload={"person_name": {"first_name": "Anna"}, "locale": "sv"})

    profile = await HttpProfiles(client, profile=RULE).get(ctx)

    assert the_request(downstream).line == f"GET /v1/users/{USER}/profile"
    assert credentials_in(the_request(downstream)) == {}
    assert profile.value is not None
    assert (profile.value.person_name.first_name, profile.value.locale) == ("Anna", "sv")


async def test_switches_are_read_with_the_service_key_and_by_etag(
    switches: HttpSwitches, downstream: MockedDownstream
) -> None:
    body = {"values": {"read_only": True, "show_banner": True, "banner": {"sv": "Strax"}}}
    downstream.get(ANY_URL, payload=body, headers={"ETag": '"3"'})
    downstream.get(ANY_URL, status=304)

    await switches.refresh()
    await switches.refresh()

    first, second = downstream.received
    assert first.line == second.line == "GET /v1/settings/maintenance"
    assert credentials_in(first) == SERVICE_KEY
    assert [one.headers.get("If-None-Match") for one in (first, second)] == [None, '"3"']
    assert switches.maintenance.read_only
    assert switches.maintenance.banner == {"sv": "Strax"}
    assert switches.maintenance.show_banner


@pytest.mark.parametrize("failure", [{"status": 500}, {"body": b"<h1>"}, {"exception": OSError()}])
async def test_switches_that_cannot_be_read_stay_as_they_were(
    switches: HttpSwitches, downstream: MockedDownstream, failure: dict[str, object]
) -> None:
    downstream.get(ANY_URL, payload={"values": {"read_only": True}})
    await switches.refresh()
    downstream.get(ANY_URL, **failure)

    await switches.refresh()

    assert switches.maintenance.read_only


class BrokenOnce:
    """Settings whose first read meets a bug."""

    def __init__(self) -> None:
        self.reads = 0
        self.read_again = asyncio.Event()

    async def refresh(self) -> None:
        self.reads += 1
        if self.reads == 1:
            raise RuntimeError("a bug")
        self.read_again.set()


async def test_watching_the_settings_survives_a_bug_and_logs_it() -> None:
    switches = BrokenOnce()

    with capture_logs() as logs:
        async with ConfigWatcher(switches, None, poll=0.01).running(), asyncio.timeout(5):  # type: ignore[arg-type]  # it only refreshes
            await switches.read_again.wait()

    assert [(line["event"], line["task"]) for line in logs] == [
        ("background_task_failed", "watch-config")
    ]
