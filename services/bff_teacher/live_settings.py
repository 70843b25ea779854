"""Settings of live updates; times in seconds."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import NoDecode


def split_commas(given: object) -> object:
    """The non-empty items of a text between commas; anything else as it is."""
    if isinstance(given, str):
        return tuple(one.strip() for one in given.split(",") if one.strip())
    return given


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
    active_poll: float = Field(
        2.0,
        ge=0.5,
        le=600,
        description="The same while a batch of the stream is unfinished and something has happened"
        " lately.",
    )
    active_seconds: float = Field(
        300.0,
        ge=0,
        le=86_400,
        description="Seconds after a stream's opening, a message or a change that count as lately.",
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
