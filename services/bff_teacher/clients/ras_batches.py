"""The results aggregator's routes of one batch and of one essay; the latter is not everywhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from bff_core.client import Credentials, JsonDecoder, ServiceClient, ServiceIdentity
from bff_core.clock import Clock
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import DownstreamRefused, NotFound
from bff_core.settings import Operation
from services.bff_teacher.contracts.ras_batch import BatchWithEssays, OwnedEssay

ABSENCE_LASTS = 600.0
"""Seconds for which we remember that RAS has no essay route."""


class HttpBatches:
    def __init__(
        self,
        ras: ServiceClient,
        identity: ServiceIdentity,
        clock: Clock,
        *,
        one_batch: Operation,
        one_essay: Operation,
    ) -> None:
        service = Credentials(service=identity)
        batch = JsonDecoder(BatchWithEssays, rows="essays", on_salvage=ras.salvaged("batch"))
        # Anybody can make RAS fail here: it asks another service about an id that it lacks.
        self._batch = ras.endpoint(
            "batch", one_batch, batch, credentials=service, user_triggerable=True
        )
        essay = JsonDecoder(OwnedEssay, on_salvage=ras.salvaged("essay"))
        self._essay = ras.endpoint("essay", one_essay, essay, credentials=service)
        self._essay_route = _Route(clock)

    async def one(self, ctx: RequestContext, batch_id: str) -> Fetched[BatchWithEssays]:
        with _batch_refusals():
            return await self._batch.get(ctx, ("internal", "v1", "batches", batch_id, "status"))

    async def essay(
        self, ctx: RequestContext, batch_id: str, essay_id: str
    ) -> Fetched[OwnedEssay] | None:
        path = ("internal", "v1", "batches", batch_id, "essays", essay_id)
        if not self._essay_route.may_be_there:
            return None
        try:
            return await self._essay.get(ctx, path)
        except DownstreamRefused as error:
            self._essay_route.notice(error)
            return None


class _Route:
    """Whether RAS has a route; a page in HTML says that it has not."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._absent_until = float("-inf")

    @property
    def may_be_there(self) -> bool:
        return self._clock.monotonic() >= self._absent_until

    def notice(self, error: DownstreamRefused) -> None:
        """Let a 404 pass, and remember one that the service itself did not write."""
        if error.upstream_status != 404:
            raise error
        if not error.spoke_json:
            self._absent_until = self._clock.monotonic() + ABSENCE_LASTS


@contextmanager
def _batch_refusals() -> Iterator[None]:
    try:
        yield
    except DownstreamRefused as error:
        if not error.spoke_json or error.upstream_status not in {400, 404}:
            raise
        # RAS's 400 is not about the id: others know the batch, RAS does not yet.
        early = error.upstream_status == 400
        raise NotFound(details={"reason": "not_yet_available"} if early else None) from error
