"""Where a stream comes from: what the follower needs of a connection."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class OpenStream(Protocol):
    """An answer whose head has come."""

    @property
    def status(self) -> int: ...

    @property
    def content_type(self) -> str: ...

    @property
    def retry_after(self) -> str | None: ...

    async def read(self) -> bytes:
        """What has come since; empty at the end.

        Raises:
            SourceFailed: The connection broke.
        """
        ...


class Source(Protocol):
    def open(self, headers: Mapping[str, str]) -> AbstractAsyncContextManager[OpenStream]:
        """Ask for the stream.

        Raises:
            SourceFailed: Nobody answers.
        """
        ...


class SourceFailed(OSError):
    """No connection, or one that broke."""
