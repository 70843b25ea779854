"""Ten of the largest uploads at once, through the gateway: their size costs no process its memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import aiohttp

from bff_core.clock import SystemClock
from bff_core.testing import access_token, bearer
from tests.faults.conftest import OPERATIONS
from tests.faults.multipart_bodies import CONTENT_TYPE, END, TEXT, form, part
from tests.faults.review_answers import put_before_files
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import gateway_process, teacher_process
from tests.faults.tiny_process import Running

MIB = 1024 * 1024
LARGEST = 16 * MIB - 4096
AT_ONCE = 10


def peak(process: Running) -> int:
    """Bytes of memory that the process has used at most."""
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    line = next(one for one in status.splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def reset_peak(process: Running) -> None:
    Path(f"/proc/{process.process.pid}/clear_refs").write_text("5")


async def largest() -> AsyncIterator[bytes]:
    yield part("a.txt", b"x" * LARGEST)[:-2]
    yield b"\r\n" + END


async def send(
    session: aiohttp.ClientSession, gateway: Running, batch: tuple[str, str], body: object
) -> int:
    """The number of files that were sent to the batch of a user."""
    user, batch_id = batch
    token = bearer(access_token(user, now=SystemClock().now()))
    headers = {"Authorization": token, "Content-Type": CONTENT_TYPE}
    url = f"{gateway.url}/bff/v1/teacher/batches/{batch_id}/files"
    async with session.post(url, data=body, headers=headers) as answer:
        sent: int = (await answer.json())["sent"]
        return sent


async def test_ten_largest_uploads_at_once_cost_no_process_their_size(
    tmp_path: Path, platform: StubPlatform
) -> None:
    batches = [(str(uuid4()), str(uuid4())) for _ in range(AT_ONCE)]
    for user, batch_id in batches:
        put_before_files(platform, batch_id, user)
    place = {"LEDGER_URL": f"sqlite:///{tmp_path / 'l.sqlite3'}", "UPLOAD_DIR": str(tmp_path)}
    place |= {f"{name}__BUDGET": "20" for name in OPERATIONS} | {"LEDGER_BUDGET": "4"}
    with ExitStack() as stack:
        session = aiohttp.ClientSession()
        bff = stack.enter_context(teacher_process(tmp_path, platform.urls, **place))
        gateway = stack.enter_context(gateway_process(tmp_path, bff.url))
        async with session:
            await send(session, gateway, batches[0], form(("warm.txt", TEXT)))
            for one in (bff, gateway):
                reset_peak(one)
            before = [peak(one) for one in (bff, gateway)]
            async with asyncio.TaskGroup() as group:
                uploads = [
                    group.create_task(send(session, gateway, batch, largest())) for batch in batches
                ]
        grown = [peak(one) - start for one, start in zip((bff, gateway), before, strict=True)]

    assert [upload.result() for upload in uploads] == [1] * AT_ONCE
    assert all(growth < 16 * MIB for growth in grown), grown
