"""Everything this service reads from its environment. Unset means the default shown; seconds."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bff_core.settings import Downstream, Operation, ServiceSettings

SERVICE = "bff_teacher_service"
SERVICE_ID = "bff-teacher-service"
PREFIX = "BFF_TEACHER_SERVICE_"

PartName = Literal["classes", "class_names", "class_activity", "profile"]


class RasSettings(Downstream):
    name: str = "ras"
    url: str = "http://127.0.0.1:4003"
    user_list: Operation = Operation(
        budget=2.0, attempts=2, fresh=2, refresh=5, if_error=600, in_flight=64
    )
    class_activity: Operation = Operation(
        budget=2.0, attempts=2, fresh=60, refresh=60, if_error=600, in_flight=64
    )


class CmsSettings(Downstream):
    name: str = "cms"
    url: str = "http://127.0.0.1:5002"
    class_list: Operation = Operation(
        budget=1.0, attempts=2, fresh=30, refresh=300, if_error=3600, shared=True, in_flight=32
    )
    class_info: Operation = Operation(
        budget=0.8, attempts=1, fresh=60, refresh=600, if_error=3600, shared=True, in_flight=16
    )


class IdentitySettings(Downstream):
    name: str = "identity"
    url: str = "http://127.0.0.1:7005"
    profile: Operation = Operation(
        budget=0.8, attempts=2, fresh=60, refresh=600, if_error=3600, in_flight=16
    )


class ConfigServiceSettings(Downstream):
    """`poll` bounds how late a switch is heard when Redis does not tell of it."""

    name: str = "config_service"
    url: str = "http://127.0.0.1:4103"
    budget: float = Field(1.0, gt=0, le=10)
    poll: float = Field(1.0, gt=0.05, le=60)


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX)

    aliases: ClassVar[Mapping[str, str]] = {
        "RESULT_AGGREGATOR_URL": f"{PREFIX}RAS__URL",
        "CMS_API_URL": f"{PREFIX}CMS__URL",
        "IDENTITY_SERVICE_URL": f"{PREFIX}IDENTITY__URL",
        "CONFIG_SERVICE_URL": f"{PREFIX}CONFIG__URL",
        # As the platform's existing teacher BFF spells them.
        f"{PREFIX}RAS_URL": f"{PREFIX}RAS__URL",
        f"{PREFIX}CMS_URL": f"{PREFIX}CMS__URL",
    }

    port: int = Field(4101, ge=1, le=65535)
    internal_api_key: SecretStr | None = Field(None, validation_alias="HULEEDU_INTERNAL_API_KEY")
    disabled_parts: Annotated[frozenset[PartName], NoDecode] = Field(
        frozenset(), description="Optional parts that are neither asked for nor listed."
    )
    ras: RasSettings = RasSettings()
    cms: CmsSettings = CmsSettings()
    identity: IdentitySettings = IdentitySettings()
    config: ConfigServiceSettings = ConfigServiceSettings()

    @field_validator("disabled_parts", mode="before")
    @classmethod
    def _split(cls, names: object) -> object:
        if isinstance(names, str):
            return frozenset(name.strip() for name in names.split(",") if name.strip())
        return names

    def check_secrets(self) -> None:
        super().check_secrets()
        self.require_secret("HULEEDU_INTERNAL_API_KEY", self.internal_api_key)
