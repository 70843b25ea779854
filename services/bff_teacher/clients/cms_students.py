"""Pupils at class management, which gives any roster to anybody who asks."""

from bff_core.client import Credentials, JsonDecoder, ServiceClient, ServiceIdentity
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import DownstreamRefused
from bff_core.settings import Operation
from services.bff_teacher.contracts.cms_students import Roster, StudentOfEssay


class HttpStudents:
    def __init__(
        self,
        cms: ServiceClient,
        identity: ServiceIdentity,
        *,
        rosters: Operation,
        student_names: Operation,
    ) -> None:
        service = Credentials(service=identity)
        roster = JsonDecoder(Roster, rows="students", on_salvage=cms.salvaged("roster"))
        names = JsonDecoder(list[StudentOfEssay])
        name = JsonDecoder(StudentOfEssay)
        self._roster = cms.endpoint("roster", rosters, roster, credentials=Credentials(user=True))
        self._names = cms.endpoint("student_names", student_names, names, credentials=service)
        self._name = cms.endpoint("student_of_essay", student_names, name, credentials=service)

    async def roster(self, ctx: RequestContext, class_id: str) -> Fetched[Roster]:
        return await self._roster.get(ctx, _roster_of(class_id))

    def roster_at_hand(self, ctx: RequestContext, class_id: str) -> Fetched[Roster] | None:  # noqa: ARG002 - the port's.
        return None

    async def of_batch(self, ctx: RequestContext, batch_id: str) -> Fetched[list[StudentOfEssay]]:
        return await self._names.get(ctx, ("internal", "v1", "batches", batch_id, "student-names"))

    async def of_essay(self, ctx: RequestContext, essay_id: str) -> Fetched[StudentOfEssay | None]:
        try:
            return await self._name.get(ctx, ("internal", "v1", "associations", "essay", essay_id))
        except DownstreamRefused as error:
            if error.upstream_status == 404 and error.spoke_json:
                return Fetched(None)
            raise


def _roster_of(class_id: str) -> tuple[str, ...]:
    return ("v1", "classes", class_id, "roster")
