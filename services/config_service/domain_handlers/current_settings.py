"""A namespace as it is now: what was last written, the defaults beneath, and the tag of both."""

import hashlib
from dataclasses import dataclass

from services.config_service.dto.settings_v1 import SettingsV1
from services.config_service.namespaces import Namespace
from services.config_service.ports import Reading, Revision
from services.config_service.values import Values, canonical


@dataclass(frozen=True, slots=True)
class Present:
    """`etag` is strong: it changes with the version, and with defaults that shine through."""

    namespace: str
    version: int
    values: Values
    etag: str
    updated_at: str | None
    updated_by: str | None

    def dto(self) -> SettingsV1:
        return SettingsV1(
            namespace=self.namespace,
            version=self.version,
            values=self.values,
            updated_at=self.updated_at,
            updated_by=self.updated_by,
        )


async def present(namespace: Namespace, store: Reading) -> Present:
    return as_present(namespace, await store.latest(namespace.name))


def as_present(namespace: Namespace, revision: Revision | None) -> Present:
    """Settings that the schema got after the revision was written have their defaults."""
    if revision is None:
        values = namespace.defaults
        return Present(namespace.name, 0, values, etag_of(namespace.name, 0, values), None, None)
    values = namespace.filled(revision.values)
    return Present(
        namespace=namespace.name,
        version=revision.version,
        values=values,
        etag=etag_of(namespace.name, revision.version, values),
        updated_at=revision.updated_at,
        updated_by=revision.updated_by,
    )


def etag_of(*parts: object) -> str:
    digest = hashlib.sha256(canonical(parts).encode()).hexdigest()
    return f'"{digest[:32]}"'
