"""The config service's audit, for an admin."""

from datetime import datetime

from bff_core.client import Credentials, JsonDecoder, ServiceClient, ServiceIdentity
from bff_core.clock import to_wire
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.settings import Operation
from services.bff_admin.contracts.config_audit import ChangePage

AUDIT = ("v1", "audit")


class HttpChanges:
    def __init__(
        self, config: ServiceClient, identity: ServiceIdentity, *, read: Operation
    ) -> None:
        self._pages = config.endpoint(
            "audit",
            read,
            JsonDecoder(ChangePage),
            credentials=Credentials(service=identity, token=True),
        )

    async def newest(
        self,
        ctx: RequestContext,
        *,
        limit: int,
        before: int | None = None,
        actor: str | None = None,
        since: datetime | None = None,
    ) -> Fetched[ChangePage]:
        query: dict[str, str | int | None] = {
            "limit": limit,
            "cursor": before,
            "actor": actor,
            "since": to_wire(since) if since else None,
        }
        given = {name: value for name, value in query.items() if value is not None}
        return await self._pages.get(ctx, AUDIT, given)
