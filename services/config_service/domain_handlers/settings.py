"""Reading settings."""

from bff_core.errors import NotFound
from bff_core.etags import WithETag
from services.config_service.domain_handlers.current_settings import as_present, etag_of, present
from services.config_service.dto.settings_v1 import (
    NamespaceListV1,
    NamespaceSchemaV1,
    NamespaceSummaryV1,
    SettingsV1,
    SettingsVersionV1,
    VersionListV1,
    VersionsQuery,
    VersionSummaryV1,
)
from services.config_service.namespaces import Namespaces
from services.config_service.ports import History


class SettingsHandler:
    """Every method raises NotFound for an unknown namespace, Unavailable without the store."""

    def __init__(self, namespaces: Namespaces, history: History) -> None:
        self._namespaces = namespaces
        self._history = history

    async def all(self) -> NamespaceListV1:
        current = await self._history.current()
        return NamespaceListV1(
            namespaces=[
                NamespaceSummaryV1(
                    namespace=one.name,
                    title=one.title,
                    description=one.description,
                    version=current[one.name].version if one.name in current else 0,
                    updated_at=current[one.name].updated_at if one.name in current else None,
                    updated_by=current[one.name].updated_by if one.name in current else None,
                )
                for one in self._namespaces.values()
            ]
        )

    async def read(self, name: str) -> WithETag[SettingsV1]:
        now = await present(self._namespaces.named(name), self._history)
        return WithETag(now.dto(), now.etag)

    def schema(self, name: str) -> WithETag[NamespaceSchemaV1]:
        schema = self._namespaces.named(name).schema
        return WithETag(NamespaceSchemaV1(schema), etag_of(schema))

    async def versions(self, name: str, query: VersionsQuery) -> VersionListV1:
        self._namespaces.named(name)
        # One more than asked for tells whether there is a next page.
        found = await self._history.revisions(name, limit=query.limit + 1, before=query.before)
        page = found[: query.limit]
        return VersionListV1(
            namespace=name,
            versions=[
                VersionSummaryV1(
                    version=one.version,
                    updated_at=one.updated_at,
                    updated_by=one.updated_by,
                    reason=one.reason,
                )
                for one in page
            ],
            next_before=page[-1].version if len(found) > query.limit else None,
        )

    async def version(self, name: str, number: int) -> SettingsVersionV1:
        namespace = self._namespaces.named(name)
        if number == 0:
            now = as_present(namespace, None)
            return SettingsVersionV1(**now.dto().model_dump(), reason=None)
        revision = await self._history.revision(name, number)
        if revision is None:
            raise NotFound("There is no such version", details={"reason": "unknown_version"})
        return SettingsVersionV1(
            namespace=name,
            version=revision.version,
            values=revision.values,
            updated_at=revision.updated_at,
            updated_by=revision.updated_by,
            reason=revision.reason,
        )
