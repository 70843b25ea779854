"""Cached reads that a change of a user's batches makes old."""

from bff_core.client import ServiceClient
from bff_core.context import UserId
from services.bff_teacher.clients.cms import CLASS_OF_BATCH, REVIEWS, STUDENTS_OF_BATCH
from services.bff_teacher.clients.ras import CLASS_ACTIVITY
from services.bff_teacher.ports import ForgettableReads

READS_OF_CMS = frozenset({CLASS_OF_BATCH, *STUDENTS_OF_BATCH, *REVIEWS})


class HttpCachedReads:
    """Classes, rosters, texts and the profile stay: no change of a batch changes them."""

    def __init__(
        self,
        ras: ServiceClient,
        cms: ServiceClient,
        bos: ServiceClient,
        files: ServiceClient,
        *others: ForgettableReads,
    ) -> None:
        self._ras = ras
        self._cms = cms
        self._bos = bos
        self._files = files
        self._others = others

    def forget(self, user_id: UserId | None) -> None:
        self._ras.forget(user_id)
        self._cms.forget(user_id, *READS_OF_CMS)
        self._bos.forget(user_id)
        self._files.forget(user_id)
        for one in self._others:
            one.forget(user_id)

    def forget_activity(self, user_id: UserId) -> None:
        self._ras.forget(user_id, CLASS_ACTIVITY)

    async def invalidate(self, user_id: UserId) -> None:
        self.forget(user_id)
        # Only CMS has reads of batches in the shared cache.
        await self._cms.invalidate(user_id, *READS_OF_CMS)
