"""A service that sends a second answer later, on a connection that is kept: nobody gets it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bff_core.client import (
    Credentials,
    Endpoint,
    JsonDecoder,
    ServiceClient,
    http_session,
)
from bff_core.clock import SystemClock
from bff_core.errors import DownstreamError
from bff_core.settings import Downstream, Operation
from bff_core.testing import a_client_runtime, a_context, access_token, bearer
from services.bff_teacher.app import create_app
from services.bff_teacher.config import Settings
from tests.faults.conftest import ENVIRONMENT, PREFIX

LATE = 0.15
"""Seconds between an answer and the second one."""


def http(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


@dataclass
class RawService:
    """`reply` makes the bytes that answer a request line, and those that follow `LATE` s later."""

    reply: Callable[[str], tuple[bytes, bytes]]
    connections: int = 0
    asked: list[str] = field(default_factory=list)
    late: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line = head.decode().partition("\r\n")[0]
                self.asked.append(line)
                answer, second = self.reply(line)
                writer.write(answer)
                self._tasks.add(asyncio.create_task(self._write_later(writer, second)))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _write_later(self, writer: asyncio.StreamWriter, second: bytes) -> None:
        await asyncio.sleep(LATE)
        writer.write(second)
        self.late += bool(second)


@asynccontextmanager
async def raw_service(reply: Callable[[str], tuple[bytes, bytes]]) -> AsyncIterator[RawService]:
    service = RawService(reply)
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()


class Page(msgspec.Struct):
    user_id: str


def page_of(line: str) -> bytes:
    return http(json.dumps({"user_id": line.split("/")[2].split(" ", maxsplit=1)[0]}).encode())


def twice(line: str) -> tuple[bytes, bytes]:
    """The answer for this user, and the same once more."""
    return page_of(line), page_of(line)


@asynccontextmanager
async def lists_of(service: RawService, *, owned: bool) -> AsyncIterator[Endpoint[Page]]:
    downstream = Downstream(name="ras", url=service.url)
    async with (
        http_session() as session,
        aclosing(ServiceClient(session, downstream, a_client_runtime())) as client,
    ):
        yield client.endpoint(
            "lists",
            Operation(budget=5.0, attempts=2),
            JsonDecoder(Page),
            credentials=Credentials(user=True),
            subjects=(lambda page: [page.user_id]) if owned else None,
        )


async def owner_told(endpoint: Endpoint[Page], user: str) -> str | None:
    """The owner of the list that a user gets; None for a failure."""
    ctx = a_context(user, clock=SystemClock(), seconds=5.0)
    try:
        return (await endpoint.get(ctx, ("lists", user))).value.user_id
    except DownstreamError:
        return None


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never happened")


async def test_a_second_answer_after_the_first_is_nobody_s() -> None:
    async with raw_service(twice) as service, lists_of(service, owned=False) as endpoint:
        told = []
        for number in range(4):
            told.append(await owner_told(endpoint, f"teacher-{number}"))
            await until(lambda number=number: service.late > number)  # type: ignore[misc]

    assert told == [f"teacher-{number}" for number in range(4)]
    assert service.connections == 4


async def test_an_answer_that_names_another_owner_is_not_believed() -> None:
    """The second answer arrives while the next request is in flight: only the owner shows it."""
    first = True

    def behind(line: str) -> tuple[bytes, bytes]:
        nonlocal first
        if first:
            first = False
            return page_of(line), b""
        # What the connection gives to the second user is the first one's.
        return page_of("GET /lists/teacher-0 HTTP/1.1"), page_of(line)

    async with raw_service(behind) as service, lists_of(service, owned=True) as endpoint:
        assert await owner_told(endpoint, "teacher-0") == "teacher-0"
        assert await owner_told(endpoint, "teacher-1") is None

    assert service.connections == 2


async def test_a_connection_one_answer_behind_harms_one_try_only() -> None:
    answers: dict[int, bytes] = {}

    def off_by_one(line: str) -> tuple[bytes, bytes]:
        """The first connection gives each answer to the request after its own."""
        number = len(answers)
        answers[number] = page_of(line)
        stale = number == 1
        return (answers[0] if stale else answers[number]), b""

    async with raw_service(off_by_one) as service, lists_of(service, owned=True) as endpoint:
        told = [await owner_told(endpoint, f"teacher-{number}") for number in range(3)]

    assert told == ["teacher-0", "teacher-1", "teacher-2"]
    assert service.connections == 2


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not")]
)
async def test_a_late_body_after_an_answer_without_one_is_nobody_s(
    method: str, status: str
) -> None:
    body = http(b'{"user_id": "the-late-one"}')

    def late_body(line: str) -> tuple[bytes, bytes]:
        if "/first" in line:
            length = f"Content-Length: {len(body)}\r\n" if "HEAD" in line else ""
            return f"HTTP/1.1 {status}\r\n{length}\r\n".encode(), body
        return page_of(line), b""

    async with raw_service(late_body) as service, http_session() as session:
        async with session.request(method, f"{service.url}/lists/first") as response:
            await response.read()
        await until(lambda: service.late == 1)
        await asyncio.sleep(0.05)
        async with session.get(f"{service.url}/lists/teacher-2") as response:
            told = await response.json()

    assert told == {"user_id": "teacher-2"}
    assert service.connections == 2


async def test_a_well_service_keeps_its_connection() -> None:
    async with (
        raw_service(lambda line: (page_of(line), b"")) as service,
        http_session() as session,
    ):
        for name in "ab":
            async with session.get(f"{service.url}/lists/{name}") as response:
                await response.read()

    assert (service.connections, len(service.asked)) == (1, 2)


async def test_a_service_that_speaks_first_is_left_alone() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(b'{"user_id": "a"}') * 2)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    service = RawService(twice, url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with lists_of(service, owned=True) as endpoint:
        told = [await owner_told(endpoint, "teacher-9") for _ in range(2)]
    server.close()

    assert told == [None, None]


PROFILES = {
    "teacher-1": {"person_name": {"first_name": "Anna"}, "user_id": "teacher-1"},
    "teacher-2": {"person_name": {"first_name": "Björn"}, "user_id": "teacher-2"},
}


def profile_twice(line: str) -> tuple[bytes, bytes]:
    answer = http(json.dumps(PROFILES[line.split("/")[3]]).encode())
    return answer, answer


async def test_me_tells_no_teacher_that_she_is_another(tmp_path: Path) -> None:
    async with raw_service(profile_twice) as identity:
        environment = ENVIRONMENT | {
            "IDENTITY_SERVICE_URL": identity.url,
            f"{PREFIX}IDENTITY__PROFILE__MAX_AGE": "0",
            f"{PREFIX}IDENTITY__PROFILE__STALE_WHILE_REVALIDATE": "0",
            f"{PREFIX}LEDGER_URL": f"sqlite:///{tmp_path}/ledger.sqlite3",
        }
        app = create_app(Settings.load(environment))
        async with app.test_app():
            names = []
            for number, user in enumerate(["teacher-1", "teacher-2"] * 3):
                names.append(await first_name(app.test_client(), user))
                await until(lambda number=number: identity.late > number)  # type: ignore[misc]

    assert names == ["Anna", "Björn"] * 3


async def first_name(client: Any, user: str) -> str | None:
    token = bearer(access_token(user, now=SystemClock().now()))
    answer = await client.get("/v1/teacher/me", headers={"Authorization": token})
    name: str | None = (await answer.get_json())["first_name"]
    return name
