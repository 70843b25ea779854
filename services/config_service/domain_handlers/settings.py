"""Reads of settings, their schemas and their versions."""

import hashlib
from dataclasses import asdict, dataclass

from bff_core.errors import NotFound
from bff_core.etags import WithETag
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
from services.config_service.namespaces import Namespace, Namespaces
from services.config_service.ports import Revision, SettingsHistory, SettingsReader
from services.config_service.values import Values, canonical_json


@dataclass(frozen=True, slots=True)
class CurrentSettings:
    """`etag` is strong: it changes with the version and with the defaults that are filled in."""

    namespace: str
    version: int
    values: Values
    etag: str
    updated_at: str | None = None
    updated_by: str | None = None

    @classmethod
    def from_revision(cls, namespace: Namespace, revision: Revision | None) -> "CurrentSettings":
        """Fill in the defaults of settings that the revision lacks; None is version 0."""
        version = revision.version if revision else 0
        values = namespace.with_defaults(revision.values if revision else {})
        return cls(
            namespace=namespace.name,
            version=version,
            values=values,
            etag=strong_etag(namespace.name, version, values),
            updated_at=revision.updated_at if revision else None,
            updated_by=revision.updated_by if revision else None,
        )


async def read_current(namespace: Namespace, reader: SettingsReader) -> CurrentSettings:
    return CurrentSettings.from_revision(namespace, await reader.latest(namespace.name))


def strong_etag(*parts: object) -> str:
    digest = hashlib.sha256(canonical_json(parts).encode()).hexdigest()
    return f'"{digest[:32]}"'


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
        return WithETag(SettingsV1(**asdict(current)), current.etag)

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
            versions=[VersionSummaryV1.model_validate(one, from_attributes=True) for one in page],
            next_before=page[-1].version if len(found) > query.limit else None,
        )

    async def version(self, name: str, number: int) -> SettingsVersionV1:
        namespace = self._namespaces.require(name)
        if number == 0:
            defaults = CurrentSettings.from_revision(namespace, None)
            return SettingsVersionV1(**asdict(defaults), reason=None)
        revision = await self._history.revision(name, number)
        if revision is None:
            raise NotFound("There is no such version", details={"reason": "unknown_version"})
        return SettingsVersionV1.model_validate(revision, from_attributes=True)
