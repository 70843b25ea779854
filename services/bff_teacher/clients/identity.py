"""Identity: its profile route takes no credentials."""

from bff_core.client import Credentials, JsonDecoder, ServiceClient
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.settings import Operation
from services.bff_teacher.contracts.identity import IdentityProfile


class HttpProfiles:
    def __init__(self, identity: ServiceClient, *, profile: Operation) -> None:
        self._profile = identity.endpoint(
            "profile",
            profile,
            JsonDecoder(IdentityProfile),
            credentials=Credentials(),
            subjects=lambda found: [found.user_id],
        )

    async def get(self, ctx: RequestContext) -> Fetched[IdentityProfile]:
        return await self._profile.get(ctx, ("v1", "users", ctx.user_id, "profile"))
