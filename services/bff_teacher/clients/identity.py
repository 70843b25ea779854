"""Identity: its profile route takes no credentials."""

import msgspec

from bff_core.client import Absence, Credentials, JsonDecoder, ServiceClient
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.settings import Operation
from services.bff_teacher.contracts.identity import IdentityProfile, Refusal


class HttpProfiles:
    def __init__(self, identity: ServiceClient, *, profile: Operation) -> None:
        self._profile = identity.endpoint(
            "profile",
            profile,
            JsonDecoder(IdentityProfile),
            credentials=Credentials(),
            absence=Absence(frozenset({400, 404}), _has_no_profile),
            subjects=lambda found: [found.user_id],
        )

    async def get(self, ctx: RequestContext) -> Fetched[IdentityProfile | None]:
        return await self._profile.find(ctx, ("v1", "users", ctx.user_id, "profile"))


def _has_no_profile(body: bytes) -> bool:
    """Identity answers 400 to any mistake, so the code decides."""
    try:
        refusal = msgspec.json.decode(body, type=Refusal)
    except msgspec.DecodeError:
        return False
    return refusal.error.error_code == "RESOURCE_NOT_FOUND"
