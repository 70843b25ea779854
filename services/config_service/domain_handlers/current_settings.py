"""The current settings of a namespace: the last revision, completed with defaults, and its ETag."""

import hashlib
from dataclasses import dataclass

from services.config_service.dto.settings_v1 import SettingsV1
from services.config_service.namespaces import Namespace
from services.config_service.ports import Revision, SettingsReader
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
        if revision is None:
            values = namespace.defaults
            return cls(namespace.name, 0, values, strong_etag(namespace.name, 0, values))
        values = namespace.with_defaults(revision.values)
        return cls(
            namespace=namespace.name,
            version=revision.version,
            values=values,
            etag=strong_etag(namespace.name, revision.version, values),
            updated_at=revision.updated_at,
            updated_by=revision.updated_by,
        )

    def dto(self) -> SettingsV1:
        return SettingsV1(
            namespace=self.namespace,
            version=self.version,
            values=self.values,
            updated_at=self.updated_at,
            updated_by=self.updated_by,
            etag=self.etag,
        )


async def read_current(namespace: Namespace, reader: SettingsReader) -> CurrentSettings:
    return CurrentSettings.from_revision(namespace, await reader.latest(namespace.name))


def strong_etag(*parts: object) -> str:
    digest = hashlib.sha256(canonical_json(parts).encode()).hexdigest()
    return f'"{digest[:32]}"'
