"""Dependency providers of what lies in the ledger's database."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from dishka import Provider, Scope, provide
from prometheus_client import CollectorRegistry

from bff_core.clock import Clock
from services.bff_teacher.confirmations.creation import Creations
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.ledger import SqlConfirmations, confirmations_counter
from services.bff_teacher.confirmations.model import Confirmations
from services.bff_teacher.confirmations.records import SqlBatchRecords
from services.bff_teacher.confirmations.sql_creations import SqlCreations
from services.bff_teacher.confirmations.sql_starts import SqlStarts
from services.bff_teacher.confirmations.sql_uploads import SqlUploads
from services.bff_teacher.confirmations.start import Starts
from services.bff_teacher.confirmations.titles import SqlTitles
from services.bff_teacher.confirmations.upload import BatchRecords, Uploads
from services.bff_teacher.ports import Titles


class LedgerProvider(Provider):
    scope = Scope.APP

    def __init__(self, database: LedgerDatabase, registry: CollectorRegistry) -> None:
        super().__init__()
        self._database = database
        # Made at once, so that a scrape contains it before the first confirmation.
        self._counter = confirmations_counter(registry)

    @provide
    def confirmations(self) -> Confirmations:
        return SqlConfirmations(self._database, self._counter)

    @provide
    def creations(self) -> Creations:
        return SqlCreations(self._database)

    @provide
    def uploads(self) -> Uploads:
        return SqlUploads(self._database)

    @provide
    def starts(self) -> Starts:
        return SqlStarts(self._database)

    @provide
    async def batch_records(self, clock: Clock) -> AsyncIterator[BatchRecords]:
        async with aclosing(SqlBatchRecords(self._database, clock)) as records:
            yield records

    @provide
    def titles(self, records: BatchRecords, clock: Clock) -> Titles:
        return SqlTitles(self._database, records, clock)
