"""DTOs of screen 7: settings, their versions and changes."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, JsonValue, RootModel
from pydantic.config import JsonDict

# pydantic needs this TypedDict: before Python 3.12 the standard library's lacks what it reads.
from typing_extensions import TypedDict

from bff_core.inputs import ETAGS_PATTERN, KEY_PATTERN, PLAIN_DIGITS, Line, QueryInt

LARGEST_VERSION = 2_147_483_647

_VALUES: Any = {"read_only": True, "show_banner": False}
_BY = "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72"
_AT = "2026-01-31T12:00:00.000000Z"
_STAMP: JsonDict = {"updated_at": _AT, "updated_by": _BY}
_SETTINGS: JsonDict = {"namespace": "maintenance", "version": 3, "values": _VALUES, **_STAMP}
_TAG: JsonDict = {"etag": '"5f2a9c"'}
_REASON = "Database upgrade on Saturday"

At = Annotated[str | None, Field(description="UTC; null for the defaults, which nobody wrote.")]
Tag = Annotated[
    str,
    Field(description="The strong entity tag, for `If-Match`: a proxy may weaken the ETag header."),
]
By = Annotated[str | None, Field(description="The user id; null for the defaults.")]


def _with_example(example: JsonDict) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class PatchStepV1(TypedDict):
    """One step of a JSON Patch; `value` is absent from a removal."""

    op: Literal["add", "remove", "replace"]
    path: str
    value: NotRequired[JsonValue]


class AdminSettingsV1(BaseModel):
    """The current settings of a namespace; version 0 are its defaults."""

    model_config = _with_example({**_SETTINGS, **_TAG})

    namespace: str
    version: int = Field(ge=0)
    values: dict[str, JsonValue]
    updated_at: At
    updated_by: By
    etag: Tag


class AdminNamespaceV1(BaseModel):
    """A namespace in the list."""

    namespace: str
    title: str
    description: str
    version: int = Field(ge=0)
    updated_at: At
    updated_by: By


_NAMESPACE: JsonDict = {
    "namespace": "maintenance",
    "title": "Maintenance",
    "description": "What people may do while the platform is worked on.",
    "version": 3,
    **_STAMP,
}


class AdminNamespacesV1(BaseModel):
    """Every namespace, in alphabetical order."""

    model_config = _with_example({"namespaces": [_NAMESPACE]})

    namespaces: list[AdminNamespaceV1]


class AdminSettingsSchemaV1(RootModel[dict[str, JsonValue]]):
    """The namespace's JSON Schema (2020-12), with title, description and defaults."""

    model_config = _with_example({"title": "Maintenance", "type": "object", "properties": {}})


class AdminSettingsChangeV1(AdminSettingsV1):
    """Change that a write made, or with `dry_run` would make; `diff` is a JSON Patch."""

    model_config = _with_example(
        {
            **_SETTINGS,
            **_TAG,
            "dry_run": False,
            "diff": [{"op": "replace", "path": "/read_only", "value": True}],
        }
    )

    dry_run: bool
    diff: list[PatchStepV1]


class AdminSettingsVersionSummaryV1(BaseModel):
    version: int = Field(ge=1)
    updated_at: At
    updated_by: By
    reason: str


class AdminSettingsVersionsV1(BaseModel):
    """Versions of a namespace, newest first; version 0, the defaults, is never listed."""

    model_config = _with_example(
        {
            "namespace": "maintenance",
            "versions": [{"version": 3, **_STAMP, "reason": _REASON}],
            "next_before": None,
        }
    )

    namespace: str
    versions: list[AdminSettingsVersionSummaryV1]
    next_before: int | None = Field(description="`before` of the next page; null on the last.")


class AdminSettingsVersionV1(BaseModel):
    """A version as it was written, or for version 0 the defaults of today."""

    model_config = _with_example({**_SETTINGS, "reason": _REASON})

    namespace: str
    version: int = Field(ge=0)
    values: dict[str, JsonValue]
    updated_at: At
    updated_by: By
    reason: str | None


class SettingsWriteV1(BaseModel):
    """The whole of a namespace's settings; what is left out goes back to its default."""

    model_config = ConfigDict(extra="forbid")

    values: dict[str, JsonValue] = Field(examples=[_VALUES])
    reason: Line = Field(max_length=500, examples=[_REASON])


class SettingsRollbackV1(BaseModel):
    """Version to restore; 0 restores the defaults. The restored settings become a new version."""

    model_config = ConfigDict(extra="forbid")

    to_version: int = Field(ge=0, le=LARGEST_VERSION, examples=[2])
    reason: Line = Field(max_length=500, examples=["The new limits were too low"])


class SettingsWriteQuery(BaseModel):
    dry_run: bool = Field(default=False, description="Show what would change, and write nothing.")


class SettingsVersionsQuery(BaseModel):
    limit: QueryInt = Field(20, ge=1, le=100)
    before: Annotated[int, Field(ge=1, le=LARGEST_VERSION), PLAIN_DIGITS] | None = Field(
        None, description="`next_before`."
    )


class SettingsWriteHeadersV1(BaseModel):
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


class SettingsReadHeadersV1(BaseModel):
    """Headers of a read."""

    if_none_match: str | None = Field(None, description="ETags that the caller has already.")
