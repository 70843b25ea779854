"""Providers of the way of a batch: from its creation to a running pipeline."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import NewType

from aiohttp import ClientSession
from dishka import Provider, Scope, provide

from bff_core.client import ClientRuntime, ServiceClient
from services.bff_teacher.clients.pipeline_commands import HttpPipelineCommands
from services.bff_teacher.clients.preflights import HttpPreflights
from services.bff_teacher.clients.registrations import HttpRegistrations
from services.bff_teacher.clients.spooled_files import TemporarySpool
from services.bff_teacher.clients.uploads import HttpFileUploads
from services.bff_teacher.config import Settings
from services.bff_teacher.contracts.files import MAX_REQUEST_BYTES
from services.bff_teacher.di.services import Bos, FileService
from services.bff_teacher.ports.workflow import (
    FileUploads,
    PipelineCommands,
    Preflights,
    Registrations,
    Spool,
)
from services.bff_teacher.screens.batch_files import BatchFilesScreen
from services.bff_teacher.screens.create_batch import CreateBatchScreen, WriteTimeouts
from services.bff_teacher.screens.created_batch import CreatedBatches
from services.bff_teacher.screens.owned_batch import OwnedBatches
from services.bff_teacher.screens.pipeline_preview import PipelinePreviewScreen
from services.bff_teacher.screens.received_files import FileReceiver, UploadLimits
from services.bff_teacher.screens.start_pipeline import StartPipelineScreen
from services.bff_teacher.screens.upload_files import UploadFilesScreen

PlatformGateway = NewType("PlatformGateway", ServiceClient)
FORM_BYTES = 4096
"""Room in a request to the file service for all that is not the file."""
LEASE_MARGIN = 1.0
"""Seconds beyond the budget of a write for which it counts as running."""


class WorkflowAdapterProvider(Provider):
    """Adapters of the ports; tests replace them."""

    scope = Scope.APP

    def __init__(self, settings: Settings, runtime: ClientRuntime) -> None:
        super().__init__()
        self._settings = settings
        self._runtime = runtime

    @provide
    async def platform_gateway(self, session: ClientSession) -> AsyncIterator[PlatformGateway]:
        rules = self._settings.platform_gateway
        async with aclosing(ServiceClient(session, rules, self._runtime)) as gateway:
            yield PlatformGateway(gateway)

    @provide
    def registrations(self, gateway: PlatformGateway) -> Registrations:
        return HttpRegistrations(gateway, register=self._settings.platform_gateway.register_batch)

    @provide
    def file_uploads(self, files: FileService) -> FileUploads:
        rules = self._settings.files
        return HttpFileUploads(files, upload=rules.upload, remove=rules.remove)

    @provide
    def preflights(self, bos: Bos) -> Preflights:
        return HttpPreflights(bos, preflight=self._settings.bos.preflight)

    @provide
    def pipeline_commands(self, gateway: PlatformGateway, bos: Bos) -> PipelineCommands:
        start = self._settings.platform_gateway.start_pipeline
        return HttpPipelineCommands(gateway, bos, start=start, retry=self._settings.bos.retry_phase)

    @provide
    def spool(self) -> Spool:
        return TemporarySpool(self._settings.upload_dir)


class WorkflowScreenProvider(Provider):
    """The screens; tests keep them."""

    scope = Scope.APP

    created_batches = provide(CreatedBatches)
    create_batch = provide(CreateBatchScreen)
    owned_batches = provide(OwnedBatches)
    file_receiver = provide(FileReceiver)
    upload_files = provide(UploadFilesScreen)
    batch_files = provide(BatchFilesScreen)
    pipeline_preview = provide(PipelinePreviewScreen)
    start_pipeline = provide(StartPipelineScreen)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    @provide
    def upload_limits(self) -> UploadLimits:
        return UploadLimits(
            body=self._settings.upload_max_bytes,
            file=MAX_REQUEST_BYTES - FORM_BYTES,
            idle=self._settings.upload_idle_seconds,
        )

    @provide
    def write_timeouts(self) -> WriteTimeouts:
        return WriteTimeouts(lease=self._settings.workflow_budget + LEASE_MARGIN)
