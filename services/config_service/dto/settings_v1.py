"""DTOs of settings: current values, versions and changes."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel

from bff_core.inputs import ETAGS_PATTERN, KEY_PATTERN, PLAIN_DIGITS, Line, QueryInt, Whole
from services.config_service.values import PatchOperation

LARGEST_VERSION = 2_147_483_647
_EXAMPLE_VALUES: Any = {"read_only": False, "show_banner": False}

_EXAMPLE: Any = {
    "namespace": "maintenance",
    "version": 4,
    "values": _EXAMPLE_VALUES,
    "updated_at": "2026-01-31T12:00:00.000000Z",
    "updated_by": "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72",
    "etag": '"5f2a9c"',
}

Reason = Annotated[Line, Field(max_length=500)]
UpdatedAt = Annotated[
    str | None,
    Field(
        description="UTC; null for the defaults, which nobody wrote.",
        examples=["2026-01-31T12:00:00.000000Z"],
    ),
]
Tag = Annotated[
    str,
    Field(
        description="The strong entity tag, for `If-Match`: a proxy may weaken the ETag header.",
        examples=['"5f2a9c"'],
    ),
]
UpdatedBy = Annotated[
    str | None,
    Field(
        description="The user id; null for the defaults.",
        examples=["0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72"],
    ),
]


class SettingsV1(BaseModel):
    """The current settings of a namespace; version 0 are its defaults."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    namespace: str = Field(examples=["maintenance"])
    version: int = Field(ge=0, examples=[3])
    values: dict[str, JsonValue] = Field(examples=[_EXAMPLE_VALUES])
    updated_at: UpdatedAt
    updated_by: UpdatedBy
    etag: Tag


class NamespaceSummaryV1(BaseModel):
    """A namespace in the list."""

    namespace: str = Field(examples=["maintenance"])
    title: str = Field(examples=["Maintenance"])
    description: str = Field(examples=["What people may do while the platform is worked on."])
    version: int = Field(ge=0, examples=[3])
    updated_at: UpdatedAt
    updated_by: UpdatedBy


class NamespaceListV1(BaseModel):
    """Every namespace, in alphabetical order."""

    namespaces: list[NamespaceSummaryV1]


class NamespaceSchemaV1(RootModel[dict[str, JsonValue]]):
    """The namespace's JSON Schema (2020-12), with title, description and defaults."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"title": "Maintenance", "type": "object", "properties": {}}]
        }
    )


class SettingsWriteV1(BaseModel):
    """The whole of a namespace's settings; what is left out goes back to its default."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"values": {"read_only": True}, "reason": "Database upgrade"}]
        },
    )

    values: dict[str, JsonValue] = Field(examples=[_EXAMPLE_VALUES])
    reason: Reason = Field(examples=["Database upgrade on Saturday"])


class SettingsRollbackV1(BaseModel):
    """Version to restore; 0 restores the defaults. The restored settings become a new version."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"to_version": 2, "reason": "The limits were too low"}]},
    )

    to_version: Whole = Field(ge=0, le=LARGEST_VERSION, examples=[2])
    reason: Reason = Field(examples=["The new limits were too low"])


class WriteQuery(BaseModel):
    """Options of a write."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(default=False, description="Show what would change, and write nothing.")


class WriteHeadersV1(BaseModel):
    """Headers of a write."""

    if_match: str = Field(
        description="The ETag of the settings that were read; `*` is refused.",
        pattern=ETAGS_PATTERN,
    )
    idempotency_key: str | None = Field(
        None,
        description="A repeat with the same key and body within 24 hours is not done twice.",
        pattern=KEY_PATTERN,
    )


class ReadHeadersV1(BaseModel):
    """Headers of a read."""

    if_none_match: str | None = Field(None, description="ETags that the caller has already.")


class SettingsChangeV1(BaseModel):
    """Change that a write made, or with `dry_run` would make."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _EXAMPLE
                | {
                    "dry_run": False,
                    "diff": [{"op": "replace", "path": "/read_only", "value": False}],
                }
            ]
        }
    )

    namespace: str = Field(examples=["maintenance"])
    version: int = Field(ge=1, description="The version it made, or would make.", examples=[4])
    values: dict[str, JsonValue] = Field(examples=[_EXAMPLE_VALUES])
    updated_at: UpdatedAt
    updated_by: UpdatedBy
    etag: Tag
    dry_run: bool
    diff: list[PatchOperation] = Field(
        description="JSON Patch from the version before.",
        examples=[[{"op": "replace", "path": "/read_only", "value": True}]],
    )


class VersionsQuery(BaseModel):
    """The page of versions, newest first."""

    model_config = ConfigDict(extra="forbid")

    limit: QueryInt = Field(20, ge=1, le=100)
    before: Annotated[int, Field(ge=1, le=LARGEST_VERSION), PLAIN_DIGITS] | None = Field(
        None, description="Only versions below this one."
    )


class VersionSummaryV1(BaseModel):
    """A version in the list."""

    version: int = Field(ge=1, examples=[3])
    updated_at: UpdatedAt
    updated_by: UpdatedBy
    reason: str = Field(examples=["Database upgrade on Saturday"])


class VersionListV1(BaseModel):
    """Versions of a namespace, newest first; version 0, the defaults, is never listed."""

    namespace: str = Field(examples=["maintenance"])
    versions: list[VersionSummaryV1]
    next_before: int | None = Field(description="`before` of the next page; null on the last.")


class SettingsVersionV1(BaseModel):
    """A version as it was written, or for version 0 the defaults of today."""

    namespace: str = Field(examples=["maintenance"])
    version: int = Field(ge=0, examples=[3])
    values: dict[str, JsonValue] = Field(examples=[_EXAMPLE_VALUES])
    updated_at: UpdatedAt
    updated_by: UpdatedBy
    reason: str | None = Field(examples=["Database upgrade on Saturday"])
