"""Ports of the way of a batch: the writes that the screens need from the platform."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bff_core.context import RequestContext, UserId
from bff_core.errors import DownstreamRefused
from services.bff_teacher.contracts.bos import Preflight
from services.bff_teacher.contracts.platform_gateway import Registration


class Registrations(Protocol):
    async def register(self, ctx: RequestContext, registration: Registration) -> str:
        """Register a batch of the caller's, each time another one; its id.

        The caller's right to the class is not checked.

        Raises:
            DownstreamError: The platform's gateway fails; whether a batch was made is known only
                if nothing was sent, or the request was refused.
        """
        ...


class SpooledFile(Protocol):
    """A received file outside of memory; it leaves nothing behind, whatever ends the process."""

    @property
    def size(self) -> int:
        """Bytes that were written."""
        ...

    async def write(self, data: bytes) -> None:
        """Append.

        Raises:
            Unavailable: There is no room.
        """
        ...

    def read(self) -> AsyncIterator[bytes]:
        """All of it, from the beginning."""
        ...

    def close(self) -> None: ...


class Spool(Protocol):
    def open(self) -> SpooledFile:
        """An empty file.

        Raises:
            Unavailable: There is no room.
        """
        ...


@dataclass(frozen=True, slots=True)
class NamedFile:
    name: str
    content: SpooledFile


class FileUploads(Protocol):
    """Files of any batch: callers check the owner first."""

    def room_for(self, file: NamedFile) -> int:
        """Bytes that the file takes of a request, which has `MAX_REQUEST_BYTES`."""
        ...

    async def send(self, ctx: RequestContext, batch_id: str, files: Sequence[NamedFile]) -> None:
        """Send files in one request; what becomes of each is announced later.

        Raises:
            Conflict: The batch takes no files any more; `details.reason` is `locked`.
            NotAuthorized: The file service knows another owner.
            DownstreamError: The file service fails; `sent` is False if no file can have arrived.
        """
        ...

    async def remove(self, ctx: RequestContext, batch_id: str, file_upload_id: str) -> None:
        """Record a removal; neither the text nor its place in the batch goes.

        Raises:
            Conflict, NotAuthorized, DownstreamError: As in `send`.
        """
        ...


class FileAnnouncements(Protocol):
    async def expect(self, user_id: UserId) -> None:
        """Listen for what the file service announces to a user, for some minutes from now."""
        ...


class NoInstructions(DownstreamRefused):
    """The batch has no assignment, which the pipeline needs."""


class Preflights(Protocol):
    async def of_batch(self, ctx: RequestContext, batch_id: str, pipeline: str) -> Preflight:
        """The phases and the cost of a start now.

        Raises:
            NoInstructions: The batch has no assignment.
            DownstreamError: BOS cannot say, for whatever reason.
        """
        ...


class StartRefused(DownstreamRefused):
    """The platform denied a start by its own preflight; `denial` is its word."""

    def __init__(self, denial: str | None) -> None:
        super().__init__("platform_gateway", spoke_json=True)
        self.denial = denial


class PipelineCommands(Protocol):
    """Commands for any batch: callers check the owner first. Each call is another command."""

    async def start(
        self, ctx: RequestContext, batch_id: str, pipeline: str, retry_reason: str | None
    ) -> None:
        """Start a pipeline.

        Raises:
            StartRefused: The platform denied it.
            DownstreamError: `sent` is False, or it is a DownstreamRefused, if no command was sent.
        """
        ...

    async def retry_phase(
        self, ctx: RequestContext, batch_id: str, phase: str, reason: str
    ) -> None:
        """Run a phase again.

        Raises:
            DownstreamError: As in `start`.
        """
        ...
