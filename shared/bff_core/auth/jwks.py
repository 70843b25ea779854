"""JWKS cache with expiry; an id is unknown only after a fetch made later than its token was seen."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWKError
from jwt.exceptions import InvalidKeyError

from bff_core.clock import Clock
from bff_core.errors import BffError, NotAuthenticated, Unavailable
from bff_core.tasks import cancel_and_wait, log_failure

Fetch = Callable[[], Awaitable[bytes]]

_MIN_KEY_BITS = 2048
_UNKNOWN = "unknown_key"

log = structlog.get_logger()
_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class JwksOptions:
    """Times in seconds.

    Keys are fetched again after `max_age`, and used for `stale_if_error` when the issuer is away. An
    unknown key id causes a fetch that all who wait share: fetches are `min_interval` apart, or after
    a failed one up to `max_retry_delay`. At most `max_waiting` tokens wait, for `patience` each.
    """

    max_age: float = 300.0
    stale_if_error: float = 3600.0
    min_interval: float = 1.0
    max_retry_delay: float = 1.0
    patience: float = 2.0
    max_waiting: int = 100
    max_keys: int = 32


class NoKeysPublished(ValueError):
    """The key set is valid and empty, as Identity's is until its first sign-in."""


class JwksKeys:
    """A `KeySource` over a published key set."""

    def __init__(
        self,
        fetch: Fetch,
        clock: Clock,
        options: JwksOptions | None = None,
        *,
        on_fetch: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_fetch` is called with the outcome of each fetch: `read`, `empty` or `failed`."""
        self._fetch = fetch
        self._clock = clock
        self._options = options or JwksOptions()
        self._on_fetch = on_fetch
        self._keys: dict[str | None, RSAPublicKey] = {}
        self._fetched_at: float | None = None
        self._next_fetch_at = float("-inf")
        self._failures = 0
        self._running: asyncio.Task[bool] | None = None
        self._scheduled: asyncio.Task[bool] | None = None
        self._waiting = 0

    def key_for(self, kid: str | None) -> RSAPublicKey:
        key = self._keys.get(kid)
        if key is None and kid is None and len(self._keys) == 1:
            # A set of one key needs no name.
            (key,) = self._keys.values()
        if key is None:
            raise NotAuthenticated(_UNKNOWN)
        return key

    def is_current(self, key: object) -> bool:
        return any(key is current for current in self._keys.values())

    async def ensure_key(self, kid: str | None) -> None:
        """Fetch when the keys are old, or when this id may be new.

        Raises:
            NotAuthenticated: The id is not in a set that was fetched after this call.
            Unavailable: There are no keys that may still be used, or none could be fetched.
        """
        if not self._knows(kid):
            await self._find(kid)
        elif (
            self._age() >= self._options.max_age
            and self._scheduled is None
            and self._clock.monotonic() >= self._next_fetch_at
        ):
            await asyncio.wait([self._later_fetch()], timeout=self._options.patience)
        if self._age() >= self._options.stale_if_error:
            raise _unavailable()

    async def aclose(self) -> None:
        """Cancel the fetches in progress."""
        tasks = (self._running, self._scheduled)
        await cancel_and_wait(*(task for task in tasks if task is not None))

    def _knows(self, kid: str | None) -> bool:
        return kid in self._keys or (kid is None and len(self._keys) == 1)

    def _age(self) -> float:
        return (
            float("inf") if self._fetched_at is None else self._clock.monotonic() - self._fetched_at
        )

    async def _find(self, kid: str | None) -> None:
        """Wait until a fetch brings the key, or one that began after this call does not."""
        if self._waiting >= self._options.max_waiting:
            raise _unavailable()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._options.patience):
                if self._running is not None:
                    await asyncio.wait([self._running])
                if self._knows(kid):
                    return
                later = self._later_fetch()
                await asyncio.wait([later])
        except TimeoutError as error:
            raise _unavailable() from error
        finally:
            self._waiting -= 1
        if not self._knows(kid):
            has_read = not later.cancelled() and later.exception() is None and later.result()
            raise NotAuthenticated(_UNKNOWN) if has_read else _unavailable()

    def _later_fetch(self) -> asyncio.Task[bool]:
        """The next fetch, not yet begun; it goes on when one of those who wait is cancelled."""
        if self._scheduled is None:
            self._scheduled = asyncio.create_task(self._fetch_when_due(), name="fetch-jwks")
            self._scheduled.add_done_callback(log_failure)
        return self._scheduled

    async def _fetch_when_due(self) -> bool:
        """Fetch once the interval has passed; True when keys were read."""
        if self._running is not None:
            await asyncio.wait([self._running])
        await asyncio.sleep(max(0.0, self._next_fetch_at - self._clock.monotonic()))
        self._running, self._scheduled = self._scheduled, None
        outcome = "failed"
        try:
            keys = parse(await self._fetch(), limit=self._options.max_keys)
        except NoKeysPublished:
            # No answer yet: keys that were read before stay in use.
            log.info("jwks_empty")
            outcome = "empty"
        except (BffError, ValueError) as error:
            log.warning("jwks_not_read", kind=type(error).__name__)
        except Exception:
            self._record(outcome)
            raise
        else:
            # An unchanged key keeps its identity, so that tokens verified with it stay cached.
            unchanged = {kid: key for kid, key in self._keys.items() if keys.get(kid) == key}
            self._keys = keys | unchanged
            self._fetched_at = self._clock.monotonic()
            outcome = "read"
        self._record(outcome)
        return outcome == "read"

    def _record(self, outcome: str) -> None:
        """Count a fetch that ended by itself, and set when the next one may begin."""
        self._on_fetch(outcome)
        self._failures = 0 if outcome == "read" else self._failures + 1
        delay = self._options.min_interval
        if self._failures:
            longest = min(self._options.max_retry_delay, 0.125 * 2.0 ** min(self._failures, 10))
            delay = longest * _random.uniform(0.5, 1.0)
        self._next_fetch_at = self._clock.monotonic() + delay


def _unavailable() -> Unavailable:
    return Unavailable("Access tokens cannot be verified at the moment", retry_after=1)


def parse(document: bytes, *, limit: int) -> dict[str | None, RSAPublicKey]:
    """RSA signing keys by id; keys for other uses are passed over.

    Raises:
        NoKeysPublished: The set is empty.
        ValueError: It is no key set, or holds no key that can be used.
    """
    found = msgspec.json.decode(document)
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no key set")  # noqa: TRY004 - a document is not an argument
    if not listed:
        raise NoKeysPublished("no keys")
    keys: dict[str | None, RSAPublicKey] = {}
    for entry in listed:
        key = _signing_key(entry)
        if key is not None and len(keys) < limit:
            keys[entry.get("kid")] = key
    if not keys:
        raise ValueError("no usable key")
    return keys


def _signing_key(entry: Any) -> RSAPublicKey | None:
    if not isinstance(entry, dict) or entry.get("kty") != "RSA":
        return None
    if entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
        return None
    if not isinstance(entry.get("kid"), str | None):
        return None
    try:
        key = PyJWK(entry, algorithm="RS256").key
    except (PyJWKError, InvalidKeyError, ValueError, TypeError):
        return None
    usable = isinstance(key, RSAPublicKey) and key.key_size >= _MIN_KEY_BITS
    return key if usable else None
