"""Received files in a folder of the system, without names there, so that they vanish by themselves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar

from bff_core.errors import Unavailable

BLOCK_BYTES = 64 * 1024

T = TypeVar("T")


class TemporarySpooledFile:
    """Writes and reads in a thread, block by block: a slow disk must not stop the event loop."""

    def __init__(self, folder: Path | None) -> None:
        try:
            self._file = TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - its owner closes it
        except OSError as error:
            raise _no_room(error) from error
        self._size = 0
        self._pending = bytearray()
        self._work: asyncio.Future[Any] | None = None

    @property
    def size(self) -> int:
        return self._size

    async def write(self, data: bytes) -> None:
        self._pending += data
        self._size += len(data)
        if len(self._pending) >= BLOCK_BYTES:
            await self._flush()

    async def read(self) -> AsyncIterator[bytes]:
        await self._flush()
        await self._in_thread(lambda: self._file.seek(0))
        while block := await self._in_thread(lambda: self._file.read(BLOCK_BYTES)):
            yield block

    def close(self) -> None:
        """Close the file, once a thread that a cancelled caller has left behind is through."""
        self._pending.clear()
        if self._work is None or self._work.done():
            self._file.close()
        else:
            self._work.add_done_callback(lambda _: self._file.close())

    async def _flush(self) -> None:
        block, self._pending = self._pending, bytearray()
        try:
            await self._in_thread(lambda: self._write(block))
        except OSError as error:
            raise _no_room(error) from error

    def _write(self, block: bytearray) -> None:
        view = memoryview(block)
        while view:
            view = view[self._file.write(view) or 0 :]

    async def _in_thread(self, work: Callable[[], T]) -> T:
        task = asyncio.ensure_future(asyncio.to_thread(work))
        self._work = task
        return await asyncio.shield(task)


class TemporarySpool:
    def __init__(self, folder: Path | None) -> None:
        """Without a `folder`, the system's folder for temporary files is used."""
        self._folder = folder

    def open(self) -> TemporarySpooledFile:
        return TemporarySpooledFile(self._folder)


def _no_room(error: OSError) -> Unavailable:
    return Unavailable(
        details={"reason": "no_room_for_files"},
        fields={"error": type(error).__name__},
        retry_after=5.0,
    )
