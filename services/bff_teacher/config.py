"""Settings of this service from the environment; times in seconds."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bff_core.database_url import DatabaseUrl
from bff_core.settings import Downstream, Operation, OptionalFolder
from services.bff_teacher.confirmations.model import LEAST_CALL
from services.bff_teacher.kafka_settings import KafkaSettings
from services.bff_teacher.live_settings import LiveSettings, split_commas
from services.bff_teacher.workflow_settings import (
    ContentDownstream,
    FileDownstream,
    PlatformGatewayDownstream,
)

SERVICE = "bff_teacher"
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
    "phases",
    "validation",
    "titles",
    "credits",
    "class_batches",
    "latest_results",
    "events",
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
        in_flight=48,
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
    validation: Operation = Operation(
        budget=0.8,
        attempts=2,
        max_age=2,
        stale_while_revalidate=5,
        stale_if_error=30,
        in_flight=48,
        in_flight_per_user=24,
    )
    confirm: Operation = Operation(budget=5.0, attempts=1, in_flight=8)


class BosDownstream(Downstream):
    """Four pages of a teacher may read eight batches each at a time."""

    name: str = "bos"
    url: str = "http://127.0.0.1:5001"
    pipeline_state: Operation = Operation(
        budget=0.8,
        attempts=2,
        max_age=2,
        stale_while_revalidate=5,
        stale_if_error=30,
        in_flight=64,
        in_flight_per_user=32,
    )
    # The platform asks two services, and takes 5 s for a refusal.
    preflight: Operation = Operation(budget=10.0, attempts=1, in_flight=16)
    retry_phase: Operation = Operation(budget=8.0, attempts=1, in_flight=8)


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


class EntitlementsDownstream(Downstream):
    name: str = "entitlements"
    url: str = "http://127.0.0.1:8083"
    balance: Operation = Operation(
        budget=0.8, attempts=2, max_age=10, stale_while_revalidate=60, in_flight=8
    )
    check: Operation = Operation(budget=0.8, attempts=1, in_flight=8)


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


class Settings(KafkaSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX)

    aliases: ClassVar[Mapping[str, str]] = {
        "RESULT_AGGREGATOR_URL": f"{PREFIX}RAS__URL",
        "CMS_API_URL": f"{PREFIX}CMS__URL",
        "BATCH_ORCHESTRATOR_SERVICE_URL": f"{PREFIX}BOS__URL",
        "FILE_SERVICE_URL": f"{PREFIX}FILES__URL",
        "CONTENT_SERVICE_URL": f"{PREFIX}CONTENT__URL",
        "IDENTITY_SERVICE_URL": f"{PREFIX}IDENTITY__URL",
        "ENTITLEMENTS_SERVICE_URL": f"{PREFIX}ENTITLEMENTS__URL",
        "PLATFORM_GATEWAY_URL": f"{PREFIX}PLATFORM_GATEWAY__URL",
        "CONFIG_SERVICE_URL": f"{PREFIX}CONFIG__URL",
        # As the platform's existing teacher BFF spells them.
        f"{PREFIX}RAS_URL": f"{PREFIX}RAS__URL",
        f"{PREFIX}CMS_URL": f"{PREFIX}CMS__URL",
    }
    # Live updates, reads after a write at another replica, and revoked tokens.
    replicas_need_redis = True

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
    workflow_budget: float = Field(
        25.0,
        gt=0,
        le=60,
        description="Seconds within which the creation of a batch or the start of its pipeline is"
        " answered; the platform takes up to 10 s to refuse a start.",
    )
    upload_budget: float = Field(
        130.0, gt=0, le=600, description="Seconds within which an upload is answered."
    )
    upload_max_bytes: int = Field(
        256 * 1024 * 1024, ge=1, description="Bytes that an upload's body may have."
    )
    upload_idle_seconds: float = Field(
        15.0, gt=0, le=60, description="Seconds for which nothing of an upload may arrive."
    )
    upload_dir: OptionalFolder = Field(
        None,
        description="Folder on a disk for files that are being received, at most 32 MiB for each"
        " upload; unset: the system's folder for temporary files.",
    )
    ledger_url: SecretStr = Field(
        SecretStr("sqlite+aiosqlite:///bff-teacher-ledger.sqlite3"),
        description="Database of confirmations, titles and other writes; one for all replicas.",
    )
    ledger_budget: float = Field(1.0, gt=0, le=10, description="Seconds for one use of the ledger.")
    disabled_parts: Annotated[frozenset[PartName], NoDecode] = Field(
        frozenset(), description="Optional parts that are neither fetched nor listed."
    )
    static_dir: OptionalFolder = Field(
        None,
        description="A built front end, served at every path without a route; unset:"
        " `/app/static` if it exists; empty: none.",
    )
    ras: RasDownstream = RasDownstream()
    cms: CmsDownstream = CmsDownstream()
    bos: BosDownstream = BosDownstream()
    files: FileDownstream = FileDownstream()
    content: ContentDownstream = ContentDownstream()
    identity: IdentityDownstream = IdentityDownstream()
    entitlements: EntitlementsDownstream = EntitlementsDownstream()
    platform_gateway: PlatformGatewayDownstream = PlatformGatewayDownstream()
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

    @field_validator("disabled_parts", mode="before")
    @classmethod
    def _split_parts(cls, names: object) -> object:
        return split_commas(names)

    def required_secrets(self) -> dict[str, SecretStr | None]:
        return super().required_secrets() | {"HULEEDU_INTERNAL_API_KEY": self.internal_api_key}

    def replica_faults(self) -> list[str]:
        ledger = DatabaseUrl.parse(self.ledger_url.get_secret_value())
        faults = ledger.replica_faults(self.replicas, f"{PREFIX}LEDGER_URL")
        return super().replica_faults() + faults
