"""Settings of a downstream service: its address, operations and circuit breaker."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator
from yarl import URL

_VALUE = ConfigDict(frozen=True, extra="forbid")
_FIRST_ATTEMPT = 0.6
_UNCACHED = {
    "max_age": 0.0,
    "stale_while_revalidate": 0.0,
    "stale_if_error": 0.0,
    "store_in_redis": False,
}
USERS_TO_FILL = 4
"""Users who together may fill a bulkhead; one alone never does."""


def check_http_url(text: str) -> str:
    """Return the base URL of a service, judged as aiohttp will, without its last slash.

    Raises:
        ValueError: aiohttp could not call it.
    """
    if not text.isprintable() or " " in text:
        raise ValueError("must hold no blanks and no control characters")
    try:
        url = URL(text)
        port = url.port
        # As the resolver does, which fails at every call: no label is empty or longer than 63.
        (url.raw_host or "").encode("idna")
    except ValueError:
        raise ValueError("must be http://host[:port] or https://host[:port]") from None
    if url.scheme not in {"http", "https"} or not url.host or not port:
        raise ValueError("must be http://host[:port] or https://host[:port]")
    if url.query_string or "?" in text or "#" in text or url.user or url.password:
        raise ValueError("must hold neither query, fragment nor credentials")
    return text.rstrip("/")


class Operation(BaseModel):
    """Budgets, caching and limits of one operation; times in seconds.

    `budget` bounds the whole call, retries included. `attempt` bounds one attempt; unset, it is six
    tenths of the budget when there may be a retry. The cache times are those of RFC 9111 and 5861.
    """

    model_config = _VALUE

    budget: float = Field(gt=0, le=60, description="Seconds for the whole call, retries included.")
    attempts: int = Field(default=1, ge=1, le=5, description="Attempts, the first one included.")
    attempt: float | None = Field(
        default=None,
        gt=0,
        description="Seconds for one attempt; unset: six tenths of the budget when there may be"
        " a retry, else all of it.",
    )
    max_age: float = Field(default=0, ge=0, description="Seconds in which a response is fresh.")
    stale_while_revalidate: float = Field(
        default=0,
        ge=0,
        description="Seconds after `MAX_AGE` in which it is used while a refresh runs.",
    )
    stale_if_error: float = Field(
        default=0,
        ge=0,
        description="Seconds after `MAX_AGE` in which it is used when the source fails.",
    )
    store_in_redis: bool = Field(
        default=False,
        description="Store responses in Redis, too: never texts, never names of pupils.",
    )
    in_flight: int = Field(
        default=16, ge=1, description="Calls at a time; one more waits up to 50 ms."
    )
    in_flight_per_user: int | None = Field(
        default=None,
        ge=1,
        description="Calls that one user causes at a time; unset: a quarter of `IN_FLIGHT`.",
    )
    max_bytes: int = Field(
        default=16 * 1024 * 1024, ge=1, description="Maximum bytes of a response."
    )

    @property
    def attempt_timeout(self) -> float:
        alone = self.budget if self.attempts == 1 else self.budget * _FIRST_ATTEMPT
        return min(self.budget, self.attempt or alone)

    @property
    def share(self) -> int:
        """Calls that one user causes at a time."""
        return self.in_flight_per_user or max(1, self.in_flight // USERS_TO_FILL)


class BreakerSettings(BaseModel):
    """Thresholds of a circuit breaker; times in seconds, rates from 0 to 1."""

    model_config = _VALUE

    window: float = Field(default=30.0, gt=0, description="Seconds of the sliding window.")
    buckets: int = Field(default=10, ge=2, le=100, description="Buckets of the sliding window.")
    minimum_calls: int = Field(
        default=20, ge=1, description="Minimum calls in the window before the breaker opens."
    )
    failure_rate: float = Field(
        default=0.5, gt=0, le=1, description="Share of failed calls that opens it."
    )
    slow_rate: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Share of calls slower than half of their budget that opens it.",
    )
    probes: int = Field(default=3, ge=1, description="Probe calls in the half-open state.")
    open_for: float = Field(
        default=5.0, gt=0, description="Seconds that it stays open at first; doubles each time."
    )
    open_cap: float = Field(default=60.0, gt=0, description="Maximum seconds that it stays open.")
    open_cap_healthy: float = Field(
        default=15.0,
        gt=0,
        description="Maximum seconds that it stays open when the service's `/healthz` is well.",
    )
    jitter: float = Field(
        default=0.2, ge=0, lt=1, description="Share by which the open time varies either way."
    )


class Downstream(BaseModel):
    """Name and address of a service; `retry_share` of its calls may be repeated."""

    model_config = _VALUE

    name: str = Field(description="Name in metrics and logs.")
    url: str = Field(description="Base URL of the service.")
    breaker: BreakerSettings = BreakerSettings()
    retry_share: float = Field(
        default=0.1, ge=0, le=1, description="Share of calls that may be repeated."
    )

    @field_validator("url")
    @classmethod
    def _is_a_base_url(cls, url: str) -> str:
        return check_http_url(url)

    def uncached(self) -> Self:
        """The same service with operations that cache nothing."""
        rules = self.operations.items()
        return self.model_copy(
            update={name: rule.model_copy(update=_UNCACHED) for name, rule in rules}
        )

    @property
    def operations(self) -> dict[str, Operation]:
        """Operations by name; a service that is only forwarded to has none."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: rule for name, rule in fields.items() if isinstance(rule, Operation)}
