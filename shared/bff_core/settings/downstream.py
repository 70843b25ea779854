"""A service we ask, as settings: where it is, how each question is asked, when it gets a rest."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

_VALUE = ConfigDict(frozen=True, extra="forbid")
_FIRST_ATTEMPT = 0.6


class Operation(BaseModel):
    """How one kind of question to a downstream is asked; times in seconds.

    `budget` bounds the whole call, retries included, and `attempt` one of them: unset, six tenths
    of the budget when there may be another. `fresh`, `refresh` and `if_error` are how long an
    answer is used as it is, used while it is refreshed, and used when the source fails.
    """

    model_config = _VALUE

    budget: float = Field(gt=0, le=60, description="Seconds for the whole call, retries included.")
    attempts: int = Field(default=1, ge=1, le=5, description="How often it is asked at most.")
    attempt: float | None = Field(
        default=None,
        gt=0,
        description="Seconds for one attempt; unset: six tenths of the budget when there may be"
        " another, else all of it.",
    )
    max_age: float = Field(default=0, ge=0, description="Seconds that an answer is used as it is.")
    stale_while_revalidate: float = Field(
        default=0, ge=0, description="Seconds more that it is used while a refresh runs."
    )
    stale_if_error: float = Field(
        default=0,
        ge=0,
        description="Seconds after `MAX_AGE` that it is used when the source fails.",
    )
    store_in_redis: bool = Field(
        default=False,
        description="Whether it may lie in Redis: never texts, never names of pupils.",
    )
    in_flight: int = Field(default=16, ge=1, description="Calls at a time; a call waits 50 ms.")
    max_bytes: int = Field(
        default=16 * 1024 * 1024, ge=1, description="Bytes that an answer may have."
    )

    @property
    def attempt_timeout(self) -> float:
        alone = self.budget if self.attempts == 1 else self.budget * _FIRST_ATTEMPT
        return min(self.budget, self.attempt or alone)


class BreakerSettings(BaseModel):
    """When a service is left alone, and how it is tried again; times in seconds, rates 0 to 1."""

    model_config = _VALUE

    window: float = Field(default=30.0, gt=0, description="Seconds that the breaker looks back.")
    buckets: int = Field(default=10, ge=2, le=100, description="In how many steps it forgets them.")
    minimum_calls: int = Field(default=20, ge=1, description="Fewer calls than that never open it.")
    failure_rate: float = Field(
        default=0.5, gt=0, le=1, description="The share of failed calls that opens it."
    )
    slow_rate: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="The share of calls slower than half of their budget that opens it.",
    )
    probes: int = Field(default=3, ge=1, description="Calls let through after the rest.")
    open_for: float = Field(
        default=5.0, gt=0, description="Seconds that it rests at first; doubles each time."
    )
    open_cap: float = Field(default=60.0, gt=0, description="Seconds that it rests at most.")
    jitter: float = Field(
        default=0.2, ge=0, lt=1, description="The share by which a rest varies either way."
    )


class Downstream(BaseModel):
    """Our name for the service and where it is; `retry_share` of its calls may be repeated."""

    model_config = _VALUE

    name: str = Field(description="Our name for it, in metrics and logs.")
    url: str = Field(description="Where the service is.")
    breaker: BreakerSettings = BreakerSettings()
    retry_share: float = Field(
        default=0.1, ge=0, le=1, description="The share of calls that may be repeated."
    )

    @field_validator("url")
    @classmethod
    def _is_a_base_url(cls, url: str) -> str:
        scheme, separator, rest = url.partition("://")
        host = rest.partition("/")[0]
        if scheme not in {"http", "https"} or not separator or not host:
            raise ValueError("must be http://host[:port] or https://host[:port]")
        if "?" in url or "#" in url or "@" in host:
            raise ValueError("must hold neither query, fragment nor credentials")
        return url.rstrip("/")

    @property
    def operations(self) -> dict[str, Operation]:
        """How each of its questions is asked, by name; a service that is only forwarded to has none."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: rule for name, rule in fields.items() if isinstance(rule, Operation)}
