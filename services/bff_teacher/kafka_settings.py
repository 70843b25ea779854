"""Settings of the platform's Kafka, under the names that the platform's services use."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from bff_core.settings import ServiceSettings
from services.bff_teacher.live_settings import split_commas

MAX_PORT = 65_535
SASL = "SASL_"


class KafkaSettings(ServiceSettings):
    """Without `KAFKA_BOOTSTRAP_SERVERS`, events are not read."""

    model_config = SettingsConfigDict(env_prefix="BFF_TEACHER_SERVICE_")

    kafka_bootstrap_servers: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        validation_alias="KAFKA_BOOTSTRAP_SERVERS",
        description="Brokers as `host:port`, between commas; unset: events are not read, and less"
        " is known of a batch.",
    )
    kafka_group: str = Field(
        "bff-teacher",
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="Consumer group; one for all replicas.",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT",
        validation_alias="KAFKA_SECURITY_PROTOCOL",
        description="`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`.",
    )
    kafka_ssl_cafile: Path | None = Field(
        None,
        validation_alias="KAFKA_SSL_CAFILE",
        description="A file of certificates in PEM that sign the brokers'; unset: the system's.",
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN",
        validation_alias="KAFKA_SASL_MECHANISM",
        description="`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.",
    )
    kafka_sasl_username: str | None = Field(
        None, validation_alias="KAFKA_SASL_USERNAME", description="SASL: the user."
    )
    # Not a required secret, but one that may come from a file.
    kafka_sasl_password: str | None = Field(
        None,
        repr=False,
        validate_default=True,
        validation_alias="KAFKA_SASL_PASSWORD",
        description="SASL: the password.",
    )

    @field_validator("kafka_bootstrap_servers", mode="before")
    @classmethod
    def _split_servers(cls, servers: object) -> object:
        return split_commas(servers)

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _are_addresses(cls, servers: tuple[str, ...]) -> tuple[str, ...]:
        for server in servers:
            host, _, port = server.rpartition(":")
            fits = port.isascii() and port.isdecimal() and 0 < int(port) <= MAX_PORT
            if not host or not fits or not host.isprintable() or " " in host or "/" in host:
                raise ValueError("must be host:port, several between commas")
        return servers

    @field_validator(
        "kafka_ssl_cafile", "kafka_sasl_username", "kafka_sasl_password", mode="before"
    )
    @classmethod
    def _is_unset_when_empty(cls, given: object) -> object:
        # Compose sets variables without a value to the empty string.
        return None if given == "" else given

    @field_validator("kafka_sasl_password")
    @classmethod
    def _have_credentials(cls, password: str | None, info: ValidationInfo) -> str | None:
        needed = str(info.data.get("kafka_security_protocol")).startswith(SASL)
        if needed and not (password and info.data.get("kafka_sasl_username")):
            raise ValueError("must be set, and KAFKA_SASL_USERNAME, for this security protocol")
        return password

    @property
    def kafka_options(self) -> dict[str, Any]:
        """The fields of `KafkaOptions`, which is defined beside a library that may be absent."""
        return {
            "servers": self.kafka_bootstrap_servers,
            "group": self.kafka_group,
            "security_protocol": self.kafka_security_protocol,
            "cafile": self.kafka_ssl_cafile,
            "sasl_mechanism": self.kafka_sasl_mechanism,
            "sasl_username": self.kafka_sasl_username,
            "sasl_password": self.kafka_sasl_password,
        }
