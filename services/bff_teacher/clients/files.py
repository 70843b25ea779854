"""The file service: it gives the state of any batch to any caller with a user id."""

from bff_core.client import Credentials, JsonDecoder, ServiceClient
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.settings import Operation
from services.bff_teacher.contracts.files import FileState

STATES = frozenset({"state"})


class HttpFiles:
    def __init__(
        self, files: ServiceClient, *, state: Operation, supersedes: frozenset[str] = frozenset()
    ) -> None:
        """`supersedes` names the cached operations that a state replaces."""
        self._state = files.endpoint(
            "state",
            state,
            JsonDecoder(FileState),
            credentials=Credentials(user=True),
            supersedes=supersedes,
        )

    async def state(self, ctx: RequestContext, batch_id: str) -> Fetched[FileState]:
        return await self._state.get(ctx, ("v1", "files", "batch", batch_id, "state"))
