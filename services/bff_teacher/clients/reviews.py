"""Class management, continued: which matches wait for their teacher."""

from collections.abc import Sequence

from bff_core.client import Absence, Credentials, JsonDecoder, ServiceClient, ServiceIdentity
from bff_core.clock import Clock
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import DownstreamRefused
from bff_core.settings import Operation
from services.bff_teacher.clients.absent_route import AbsentRoute
from services.bff_teacher.clients.cms import IDS_PER_CALL
from services.bff_teacher.contracts.cms import (
    AssociationPage,
    StudentOfEssay,
    ValidationStatuses,
)

REVIEWS = frozenset({"validation_status", "review_rows", "review_students"})
"""Operations that read which matches wait for their teacher."""
TOO_MANY_REQUESTS = 429

VALIDATION_STATUS = ("internal", "v1", "batches", "validation-status")

_decode_statuses = JsonDecoder(ValidationStatuses)


class HttpReviews:
    def __init__(
        self, cms: ServiceClient, identity: ServiceIdentity, clock: Clock, *, validation: Operation
    ) -> None:
        service = Credentials(service=identity)
        self._statuses = cms.endpoint(
            "validation_status",
            validation,
            _validation_statuses,
            credentials=service,
            absence=Absence(frozenset(), of_route=True),
            subjects=lambda statuses: statuses,
        )
        self._rows = cms.endpoint(
            "review_rows",
            validation,
            JsonDecoder(
                AssociationPage, rows="associations", on_salvage=cms.salvaged("review_rows")
            ),
            credentials=Credentials(user=True),
        )
        self._students = cms.endpoint(
            "review_students", validation, JsonDecoder(list[StudentOfEssay]), credentials=service
        )
        self._no_statuses = AbsentRoute(clock)

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str], *, max_age: float | None = None
    ) -> Fetched[ValidationStatuses] | None:
        chunks = [batch_ids[i : i + IDS_PER_CALL] for i in range(0, len(batch_ids), IDS_PER_CALL)]
        statuses: ValidationStatuses = {}
        ages = [0.0]
        stale = False
        for chunk in chunks:
            if self._no_statuses.is_remembered:
                return None
            params = {"batch_ids": ",".join(chunk)}
            try:
                found = await self._statuses.get(ctx, VALIDATION_STATUS, params, max_age=max_age)
            except DownstreamRefused as error:
                if error.upstream_status == TOO_MANY_REQUESTS:
                    raise
                # Today's CMS has no such route, and may have no key for `/internal` either.
                self._no_statuses.remember()
                return None
            statuses |= found.value
            ages.append(found.age)
            stale = stale or found.stale
        return Fetched(statuses, max(ages), stale)

    async def rows_of(
        self, ctx: RequestContext, batch_id: str, *, max_age: float | None = None
    ) -> Fetched[AssociationPage]:
        path = ("v1", "batches", batch_id, "student-associations")
        return await self._rows.get(ctx, path, max_age=max_age)

    async def students_of(
        self, ctx: RequestContext, batch_id: str, *, max_age: float | None = None
    ) -> Fetched[list[StudentOfEssay]]:
        path = ("internal", "v1", "batches", batch_id, "student-names")
        return await self._students.get(ctx, path, max_age=max_age)


def _validation_statuses(body: bytes) -> ValidationStatuses:
    return {batch_id.lower(): one for batch_id, one in _decode_statuses(body).items()}
