"""Identity: its profile route asks for no proof, so it gets none."""

from bff_core.client import Credentials, JsonDecoder, ServiceClient
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.settings import Operation
from services.bff_teacher.contracts.identity import Profile


class HttpProfiles:
    def __init__(self, identity: ServiceClient, *, profile: Operation) -> None:
        self._profile = identity.endpoint(
            "profile", profile, JsonDecoder(Profile), credentials=Credentials()
        )

    async def mine(self, ctx: RequestContext) -> Fetched[Profile]:
        return await self._profile.get(ctx, ("v1", "users", ctx.user_id, "profile"))
