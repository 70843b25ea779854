"""Uploads over sockets: right bytes, right refusals, nothing left behind."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bff_core.clock import SystemClock
from bff_core.testing import Reply, access_token, bearer
from tests.faults.multipart_bodies import (
    BOUNDARY,
    CONTENT_TYPE,
    END,
    TEXT,
    UPLOAD,
    form,
    part,
    pieces,
    requests_with_files,
)
from tests.faults.platform_answers import BATCH, TEACHER
from tests.faults.review_answers import put_before_files
from tests.faults.stub_platform import StubPlatform, stub_platform
from tests.faults.teacher_process import Caller, teacher_process
from tests.faults.tiny_process import Running

PATH = f"/v1/teacher/batches/{BATCH}/files"
MIB = 1024 * 1024


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[StubPlatform]:
    async with stub_platform() as platform:
        yield platform


@pytest.fixture(scope="module")
def bff(folder: Path, shared: StubPlatform) -> Iterator[Running]:
    more = {
        "LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite3'}",
        "UPLOAD_DIR": str(folder),
        "UPLOAD_IDLE_SECONDS": "1.5",
        "UPLOAD_MAX_BYTES": str(40 * MIB),
        "FILES__UPLOAD__BUDGET": "2",
    }
    with teacher_process(folder, shared.urls, **more) as running:
        yield running


@pytest.fixture
def platform(shared: StubPlatform) -> StubPlatform:
    """The stubs as they are before a file arrives."""
    for stub in (shared.files, shared.ras, shared.bos, shared.cms):
        stub.requests.clear()
    shared.answer_well()
    put_before_files(shared)
    return shared


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def authorized(**more: str) -> dict[str, str]:
    token = bearer(access_token(TEACHER, now=SystemClock().now()))
    return {"Authorization": token, "Content-Type": CONTENT_TYPE} | more


async def send(
    session: aiohttp.ClientSession, url: str, data: Any, **headers: str
) -> tuple[int, Any]:
    async with session.post(url + PATH, data=data, headers=authorized(**headers)) as answer:
        return answer.status, await answer.json()


def open_files(process: Running, folder: Path) -> list[str]:
    """Files of the folder that the process has open, also those without a name."""
    found = Path(f"/proc/{process.process.pid}/fd").iterdir()
    links = [str(one.readlink()) for one in found if one.is_symlink()]
    return [one for one in links if one.startswith(str(folder)) and "(deleted)" in one]


@pytest.mark.parametrize("size", [1, 7, 64 * 1024, 10 * MIB])
async def test_bytes_arrive_as_they_were_sent_in_pieces_of_any_size(
    bff: Running, platform: StubPlatform, session: aiohttp.ClientSession, size: int
) -> None:
    tricky = b"\r\n--" + BOUNDARY[:-1].encode() + b"\r\n\r--\n" + TEXT + b"\r\n"
    long = os.urandom(3 * MIB) if size > 1000 else TEXT
    body = form(("Åsa Öberg.txt", tricky), ("b.docx", b"PK\x03\x04" + long), ("c.jpg", TEXT))

    async def streamed() -> AsyncIterator[bytes]:
        for piece in pieces(body, size):
            yield piece

    status, answer = await send(session, bff.url, streamed())

    assert (status, answer["sent"]) == (202, 2)
    assert [one["status"] for one in answer["files"]] == ["sent", "sent", "refused"]
    assert requests_with_files(platform) == [
        [("Åsa Öberg.txt", tricky), ("b.docx", b"PK\x03\x04" + long)]
    ]


BROKEN = {
    "no boundary in the type": (form(("a.txt", TEXT)), {"Content-Type": "multipart/form-data"}),
    "another boundary": (form(("a.txt", TEXT)), {"Content-Type": CONTENT_TYPE + "x"}),
    "no end": (part("a.txt", TEXT), {}),
    "no disposition": (b"--" + BOUNDARY.encode() + b"\r\n\r\nx\r\n" + END, {}),
    "a head without end": (b"--" + BOUNDARY.encode() + b"\r\n" + b"X: y" * 200_000, {}),
    "another field": (part("a.txt", TEXT, "essays") + END, {}),
    "nothing": (b"", {}),
    "no files": (END, {}),
}


@pytest.mark.parametrize(("body", "headers"), BROKEN.values(), ids=BROKEN)
async def test_a_body_that_is_no_form_of_files_sends_nothing(
    bff: Running,
    platform: StubPlatform,
    session: aiohttp.ClientSession,
    folder: Path,
    *,
    body: bytes,
    headers: dict[str, str],
) -> None:
    status, answer = await send(session, bff.url, body, **headers)

    assert status in {400, 413}
    assert answer["error"]["code"] in {"INVALID_REQUEST", "PAYLOAD_TOO_LARGE"}
    assert (requests_with_files(platform), open_files(bff, folder)) == ([], [])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Authorization": "Bearer x"}, 401),
    ],
)
async def test_a_request_that_is_none_costs_no_byte(
    bff: Running,
    platform: StubPlatform,
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    status: int,
) -> None:
    assert (await send(session, bff.url, form(("a.txt", TEXT)), **headers))[0] == status
    assert requests_with_files(platform) == []


async def test_a_body_beyond_the_limit_is_refused_declared_or_not(
    bff: Running, session: aiohttp.ClientSession, folder: Path
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield part("a.txt", b"x" * MIB)
        while True:
            yield part("b.jpg", b"x" * MIB)

    declared = {"Content-Length": str(41 * MIB)}
    async with session.post(
        bff.url + PATH, data=form(("a.txt", TEXT)), headers=authorized(**declared)
    ) as answer:
        assert answer.status == 413
    try:
        status, _ = await send(session, bff.url, endless())
    except aiohttp.ClientError:
        # The server may close while the client still writes.
        status = 413

    assert (status, open_files(bff, folder)) == (413, [])


async def test_a_silent_client_is_let_go_and_leaves_nothing(
    bff: Running, platform: StubPlatform, session: aiohttp.ClientSession, folder: Path
) -> None:
    never = asyncio.Event()

    async def silent() -> AsyncIterator[bytes]:
        yield part("a.txt", TEXT) + part("b.txt", b"x" * MIB)[:-100]
        await never.wait()

    status, answer = await send(session, bff.url, silent())

    assert (status, answer["error"]["code"]) == (408, "INVALID_REQUEST")
    assert (requests_with_files(platform), open_files(bff, folder)) == ([], [])


async def test_a_client_that_hangs_up_leaves_nothing(
    bff: Running, platform: StubPlatform, folder: Path
) -> None:
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorized()['Authorization']}\r\n"
        f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: 3000000\r\n\r\n"
    ).encode()
    _, writer = await bff.connect(head + part("a.txt", b"x" * MIB))
    async with asyncio.timeout(10):
        while not open_files(bff, folder):
            await asyncio.sleep(0.02)

    writer.transport.abort()

    async with asyncio.timeout(10):
        while open_files(bff, folder):
            await asyncio.sleep(0.02)
    assert requests_with_files(platform) == []


@pytest.mark.parametrize(
    ("reply", "status", "outcome"),
    [
        (Reply(hang=True), 504, "unknown"),
        (Reply(500, b'{"error":"Internal server error"}'), 502, "unknown"),
        (Reply(400, b'{"error":"No files provided"}'), 502, "not_sent"),
    ],
)
async def test_a_file_service_that_fails_is_said_and_leaves_nothing(
    bff: Running,
    platform: StubPlatform,
    session: aiohttp.ClientSession,
    folder: Path,
    *,
    reply: Reply,
    status: int,
    outcome: str,
) -> None:
    platform.files.on(UPLOAD, reply)
    name = f"{status}-{outcome}-{reply.status}.txt"

    answer = await send(session, bff.url, form((name, TEXT)))
    _, listed, _ = await Caller(session, bff.url).get(PATH)

    assert answer[0] == status
    assert answer[1]["error"]["details"]["outcome"] == outcome
    rows = [one["status"] for one in listed["files"] if one["filename"] == name]
    assert (rows, open_files(bff, folder)) == ([] if outcome == "not_sent" else ["unknown"], [])


CONFLICTS = {
    "PROCESSING_ERROR": (409, {"reason": "locked"}),
    "AUTHORIZATION_ERROR": (403, {}),
    "EXTERNAL_SERVICE_ERROR": (502, {"service": "files", "part": "files", "outcome": "not_sent"}),
    "RESOURCE_NOT_FOUND": (502, {"service": "files", "part": "files", "outcome": "not_sent"}),
}


@pytest.mark.parametrize("code", CONFLICTS)
async def test_the_four_conflicts_of_the_file_service_are_told_apart(
    bff: Running, platform: StubPlatform, session: aiohttp.ClientSession, code: str
) -> None:
    detail = {"error_code": code, "details": {"batch_owner": "erik-1"}, "stack_trace": "x"}
    platform.files.on(UPLOAD, Reply(409, json.dumps({"error": detail}).encode()))

    status, answer = await send(session, bff.url, form(("a.txt", TEXT)))

    assert (status, answer["error"]["details"]) == CONFLICTS[code]
    assert "erik-1" not in json.dumps(answer)


async def test_files_are_listed_and_only_known_ones_are_removed(
    bff: Running, platform: StubPlatform, session: aiohttp.ClientSession
) -> None:
    await send(session, bff.url, form(("listed.txt", TEXT), ("empty.txt", b"")))

    _, listed, _ = await Caller(session, bff.url).get(PATH)
    url = f"{bff.url}{PATH}/5c1f0c5e-77f3-4b7e-bb0e-0d4c3a2b1a01"
    async with session.delete(url, headers=authorized()) as answer:
        removed = answer.status

    found = {one["filename"]: one["status"] for one in listed["files"]}
    assert (found["listed.txt"], "empty.txt" in found) == ("sent", False)
    assert (removed, [one.method for one in platform.files.requests].count("DELETE")) == (404, 0)
