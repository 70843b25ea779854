"""Changes of settings, from the config service's audit."""

from bff_core.client import Credentials, JsonDecoder, ServiceClient, ServiceIdentity
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.settings import Operation
from services.bff_admin.contracts.config_audit import SettingChangePage
from services.bff_admin.ports import TrailQuery

AUDIT = ("v1", "audit")


class HttpSettingChanges:
    def __init__(
        self, config: ServiceClient, identity: ServiceIdentity, *, read: Operation
    ) -> None:
        self._pages = config.endpoint(
            "audit",
            read,
            JsonDecoder(SettingChangePage),
            credentials=Credentials(service=identity, token=True),
        )

    async def newest(self, ctx: RequestContext, query: TrailQuery) -> Fetched[SettingChangePage]:
        return await self._pages.get(ctx, AUDIT, query.as_parameters())
