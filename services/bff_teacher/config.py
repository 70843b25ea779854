"""Settings of this service from the environment; times in seconds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bff_core.database_url import DatabaseUrl
from bff_core.settings import Downstream, Operation, ServiceSettings
from services.bff_teacher.confirmations.model import LEAST_CALL
from services.bff_teacher.contracts.content import LARGEST_TEXT

SERVICE = "bff_teacher_service"
SERVICE_ID = "bff-teacher-service"
PREFIX = "BFF_TEACHER_SERVICE_"

PartName = Literal[
    "classes",
    "class_names",
    "class_activity",
    "student_counts",
    "profile",
    "class_name",
    "student_names",
    "file_state",
    "order",
    "text",
    "prompt",
    "student",
    "roster",
    "filenames",
]


class RasDownstream(Downstream):
    name: str = "ras"
    url: str = "http://127.0.0.1:4003"
    user_list: Operation = Operation(
        budget=2.0,
        attempts=2,
        max_age=2,
        stale_while_revalidate=5,
        stale_if_error=600,
        in_flight=64,
    )
    class_activity: Operation = Operation(
        budget=2.0,
        attempts=2,
        max_age=60,
        stale_while_revalidate=60,
        stale_if_error=600,
        in_flight=64,
    )
    # They give the owner, which permits access for a minute only: see `ownership`.
    one_batch: Operation = Operation(
        budget=2.0, attempts=2, max_age=2, stale_while_revalidate=5, stale_if_error=60, in_flight=64
    )
    one_essay: Operation = Operation(
        budget=2.0, attempts=2, max_age=2, stale_while_revalidate=5, stale_if_error=60, in_flight=64
    )


class CmsDownstream(Downstream):
    name: str = "cms"
    url: str = "http://127.0.0.1:5002"
    class_list: Operation = Operation(
        budget=1.0,
        attempts=2,
        max_age=30,
        stale_while_revalidate=300,
        stale_if_error=3600,
        store_in_redis=True,
        in_flight=32,
    )
    class_info: Operation = Operation(
        budget=0.8,
        attempts=1,
        max_age=60,
        stale_while_revalidate=600,
        stale_if_error=3600,
        store_in_redis=True,
        in_flight=16,
    )
    # Names of students stay out of Redis.
    rosters: Operation = Operation(
        budget=1.0,
        attempts=2,
        max_age=30,
        stale_while_revalidate=120,
        stale_if_error=600,
        in_flight=32,
    )
    student_names: Operation = Operation(
        budget=1.0,
        attempts=2,
        max_age=30,
        stale_while_revalidate=120,
        stale_if_error=600,
        in_flight=32,
    )
    associations: Operation = Operation(budget=1.5, attempts=2, in_flight=16)
    confirm: Operation = Operation(budget=5.0, attempts=1, in_flight=8)


class FileDownstream(Downstream):
    name: str = "files"
    url: str = "http://127.0.0.1:7001"
    state: Operation = Operation(
        budget=0.8, attempts=2, max_age=2, stale_while_revalidate=10, in_flight=16
    )


class ContentDownstream(Downstream):
    name: str = "content"
    url: str = "http://127.0.0.1:8000"
    # A text never changes under its id.
    text: Operation = Operation(
        budget=1.5, attempts=2, max_age=86_400, in_flight=32, max_bytes=LARGEST_TEXT
    )


class IdentityDownstream(Downstream):
    name: str = "identity"
    url: str = "http://127.0.0.1:7005"
    profile: Operation = Operation(
        budget=0.8,
        attempts=2,
        max_age=60,
        stale_while_revalidate=600,
        stale_if_error=3600,
        in_flight=16,
    )


class ConfigServiceDownstream(Downstream):
    """`poll` bounds the delay of a change when Redis does not announce it."""

    name: str = "config_service"
    url: str = "http://127.0.0.1:4103"
    budget: float = Field(1.0, gt=0, le=10, description="Seconds for one read of the switches.")
    poll: float = Field(
        1.0,
        gt=0.05,
        le=60,
        description="Seconds between polls, for changes that Redis does not announce.",
    )


class LiveSettings(BaseModel):
    """Live updates; they need `REDIS_URL`. Limits count in one process."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: Annotated[tuple[str, ...], NoDecode] = Field(
        ("user:{user_id}:events",),
        description="Redis channels, between commas, on which changes to lists are announced.",
    )
    per_user: int = Field(6, ge=1, le=100, description="Streams that a user may have open.")
    per_process: int = Field(2000, ge=1, description="Streams that may be open in all.")
    heartbeat: float = Field(
        15.0, ge=0.2, le=60, description="Seconds between heartbeats on a quiet stream."
    )
    write_seconds: float = Field(
        30.0, ge=0.2, le=600, description="Seconds that one write may take before its stream ends."
    )
    poll: float = Field(
        30.0, ge=0.5, le=600, description="Seconds between reads of what open streams show."
    )
    rereads: Annotated[tuple[float, ...], NoDecode] = Field(
        (5.0, 30.0, 300.0),
        description="Seconds after a message at which to read again, while nothing has changed.",
    )
    kept_events: int = Field(
        256, ge=1, le=10_000, description="Events of a topic that a client may have missed."
    )
    kept_seconds: float = Field(
        600.0, ge=60, le=86_400, description="Seconds for which a topic outlives its last stream."
    )

    @field_validator("channels", mode="before")
    @classmethod
    def _split_channels(cls, names: object) -> object:
        return split_commas(names)

    @field_validator("rereads", mode="before")
    @classmethod
    def _split_rereads(cls, seconds: object) -> object:
        return split_commas(seconds)

    @field_validator("rereads")
    @classmethod
    def _require_increasing(cls, seconds: tuple[float, ...]) -> tuple[float, ...]:
        if any(one <= 0 for one in seconds) or list(seconds) != sorted(seconds):
            raise ValueError("must be seconds that grow")
        return seconds

    @field_validator("channels")
    @classmethod
    def _require_user_id(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if any("{user_id}" not in name or " " in name for name in names):
            raise ValueError("each must hold {user_id}")
        return names


def split_commas(given: object) -> object:
    """The non-empty items of a text between commas; anything else as it is."""
    if isinstance(given, str):
        return tuple(one.strip() for one in given.split(",") if one.strip())
    return given


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX)

    aliases: ClassVar[Mapping[str, str]] = {
        "RESULT_AGGREGATOR_URL": f"{PREFIX}RAS__URL",
        "CMS_API_URL": f"{PREFIX}CMS__URL",
        "FILE_SERVICE_URL": f"{PREFIX}FILES__URL",
        "CONTENT_SERVICE_URL": f"{PREFIX}CONTENT__URL",
        "IDENTITY_SERVICE_URL": f"{PREFIX}IDENTITY__URL",
        "CONFIG_SERVICE_URL": f"{PREFIX}CONFIG__URL",
        # As the platform's existing teacher BFF spells them.
        f"{PREFIX}RAS_URL": f"{PREFIX}RAS__URL",
        f"{PREFIX}CMS_URL": f"{PREFIX}CMS__URL",
    }

    port: int = Field(4101, ge=1, le=65535, description="The port to listen on.")
    internal_api_key: SecretStr | None = Field(
        None,
        validation_alias="HULEEDU_INTERNAL_API_KEY",
        description="The platform's key between services; 32 characters or more.",
    )
    max_body_bytes: int = Field(
        320 * 1024,
        ge=0,
        description="Bytes that a request's body may have; 2000 decisions, indented, have 300 KB.",
    )
    confirm_budget: float = Field(
        6.0, gt=0, le=60, description="Seconds within which a confirmation is answered."
    )
    ledger_url: SecretStr = Field(
        SecretStr("sqlite+aiosqlite:///bff-teacher-ledger.sqlite3"),
        description="Database of confirmations; one for all replicas.",
    )
    ledger_budget: float = Field(1.0, gt=0, le=10, description="Seconds for one use of the ledger.")
    disabled_parts: Annotated[frozenset[PartName], NoDecode] = Field(
        frozenset(), description="Optional parts that are neither fetched nor listed."
    )
    static_dir: Path | None = Field(
        None,
        description="A built front end, served at every path without a route; unset:"
        " `/app/static` if it exists; empty: none.",
    )
    ras: RasDownstream = RasDownstream()
    cms: CmsDownstream = CmsDownstream()
    files: FileDownstream = FileDownstream()
    content: ContentDownstream = ContentDownstream()
    identity: IdentityDownstream = IdentityDownstream()
    config: ConfigServiceDownstream = ConfigServiceDownstream()
    live: LiveSettings = LiveSettings()

    @field_validator("ledger_url")
    @classmethod
    def _is_understood(cls, url: SecretStr) -> SecretStr:
        DatabaseUrl.parse(url.get_secret_value())
        return url

    @field_validator("ledger_budget")
    @classmethod
    def _fit_confirm_budget(cls, seconds: float, info: ValidationInfo) -> float:
        confirm_budget = info.data.get("confirm_budget")
        if confirm_budget is not None and seconds + LEAST_CALL >= confirm_budget:
            raise ValueError(f"must be more than {LEAST_CALL:g} s below the confirm budget")
        return seconds

    @field_validator("static_dir", mode="before")
    @classmethod
    def _empty_is_unset(cls, folder: object) -> object:
        # Path("") would be the working directory.
        return None if folder == "" else folder

    @field_validator("disabled_parts", mode="before")
    @classmethod
    def _split_parts(cls, names: object) -> object:
        return split_commas(names)

    def check_secrets(self) -> None:
        super().check_secrets()
        self.require_secret("HULEEDU_INTERNAL_API_KEY", self.internal_api_key)
