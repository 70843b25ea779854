"""Reads of settings, their schemas and their versions."""

from bff_core.errors import NotFound
from bff_core.etags import WithETag
from services.config_service.domain_handlers.current_settings import (
    CurrentSettings,
    read_current,
    strong_etag,
)
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
from services.config_service.ports import SettingsHistory


class SettingsHandler:
    """Every method raises NotFound for an unknown namespace, Unavailable without the database."""

    def __init__(self, namespaces: Namespaces, history: SettingsHistory) -> None:
        self._namespaces = namespaces
        self._history = history

    async def all(self) -> NamespaceListV1:
        current = await self._history.current()
        summaries = []
        for namespace in self._namespaces.values():
            revision = current.get(namespace.name)
            summaries.append(
                NamespaceSummaryV1(
                    namespace=namespace.name,
                    title=namespace.title,
                    description=namespace.description,
                    version=revision.version if revision else 0,
                    updated_at=revision.updated_at if revision else None,
                    updated_by=revision.updated_by if revision else None,
                )
            )
        return NamespaceListV1(namespaces=summaries)

    async def read(self, name: str) -> WithETag[SettingsV1]:
        current = await read_current(self._namespaces.require(name), self._history)
        return WithETag(current.dto(), current.etag)

    def schema(self, name: str) -> WithETag[NamespaceSchemaV1]:
        schema = self._namespaces.require(name).schema
        return WithETag(NamespaceSchemaV1(schema), strong_etag(schema))

    async def versions(self, name: str, query: VersionsQuery) -> VersionListV1:
        self._namespaces.require(name)
        # One revision more than the page holds shows that there is a next page.
        found = await self._history.revisions(name, limit=query.limit + 1, before=query.before)
        page = found[: query.limit]
        return VersionListV1(
            namespace=name,
            versions=[
                VersionSummaryV1(
                    version=revision.version,
                    updated_at=revision.updated_at,
                    updated_by=revision.updated_by,
                    reason=revision.reason,
                )
                for revision in page
            ],
            next_before=page[-1].version if len(found) > query.limit else None,
        )

    async def version(self, name: str, number: int) -> SettingsVersionV1:
        namespace = self._namespaces.require(name)
        if number == 0:
            defaults = CurrentSettings.from_revision(namespace, None)
            return SettingsVersionV1(**defaults.dto().model_dump(), reason=None)
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
