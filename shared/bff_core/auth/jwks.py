"""JWKS cache with expiry: keys that verify tokens, as the issuer publishes them."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWKError
from jwt.exceptions import InvalidKeyError

from bff_core.clock import Clock
from bff_core.errors import BffError, NotAuthenticated, Unavailable
from bff_core.tasks import cancel_and_wait, log_failure

MAX_AGE_SECONDS = 300.0
"""After this time a key set is fetched again."""
STALE_IF_ERROR_SECONDS = 3600.0
"""For this time it is used when the issuer is away."""
PATIENCE_SECONDS = 2.0
"""For this time a token waits for its key."""
MAX_WAITING = 100
"""Tokens that wait at a time."""
MAX_KEYS = 32
_MIN_KEY_BITS = 2048
_UNKNOWN = "unknown_key"

log = structlog.get_logger()
_random = random.SystemRandom()


class JwksKeys:
    """A published key set; an id is unknown only after a fetch made later than its token was seen.

    A fetch is shared by all who wait for it.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[bytes]],
        clock: Clock,
        *,
        interval: float = 1.0,
        on_fetch: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Fetches are `interval` seconds apart, the first ones after a failure less.

        `on_fetch` is called with the outcome of each fetch: `read`, `empty` or `failed`.
        """
        self._fetch = fetch
        self._clock = clock
        self._interval = interval
        self._on_fetch = on_fetch
        self._keys: dict[str | None, RSAPublicKey] = {}
        self._fetched_at = float("-inf")
        self._next_fetch_at = float("-inf")
        self._failures = 0
        self._running: asyncio.Task[bool] | None = None
        self._scheduled: asyncio.Task[bool] | None = None
        self._waiting = 0

    def key_for(self, kid: str | None) -> RSAPublicKey:
        """The key to verify with.

        Raises:
            NotAuthenticated: No key has that id.
        """
        key = self._known(kid)
        if key is None:
            raise NotAuthenticated(_UNKNOWN)
        return key

    def is_current(self, key: object) -> bool:
        """True while tokens that this key has verified are valid."""
        return any(key is current for current in self._keys.values())

    async def ensure_key(self, kid: str | None) -> None:
        """Fetch when the keys are old, or when this id may be new.

        Raises:
            NotAuthenticated: The id is not in a set that was fetched after this call.
            Unavailable: There are no keys that may still be used, or none could be fetched.
        """
        if self._known(kid) is None:
            await self._find(kid)
        elif (
            self._age() >= MAX_AGE_SECONDS
            and self._scheduled is None
            and self._clock.monotonic() >= self._next_fetch_at
        ):
            await asyncio.wait([self._later_fetch()], timeout=PATIENCE_SECONDS)
        if self._age() >= STALE_IF_ERROR_SECONDS:
            raise _unavailable()

    async def aclose(self) -> None:
        """Cancel the fetches in progress."""
        tasks = (self._running, self._scheduled)
        await cancel_and_wait(*(task for task in tasks if task is not None))

    def _known(self, kid: str | None) -> RSAPublicKey | None:
        if kid is None and len(self._keys) == 1:
            # A set of one key needs no name.
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    def _age(self) -> float:
        return self._clock.monotonic() - self._fetched_at

    async def _find(self, kid: str | None) -> None:
        """Wait until a fetch brings the key, or one that began after this call does not."""
        if self._waiting >= MAX_WAITING:
            raise _unavailable()
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if self._running is not None:
                    await asyncio.wait([self._running])
                if self._known(kid) is not None:
                    return
                later = self._later_fetch()
                await asyncio.wait([later])
        except TimeoutError as error:
            raise _unavailable() from error
        finally:
            self._waiting -= 1
        if self._known(kid) is None:
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
        try:
            keys = parse(await self._fetch())
        except (BffError, ValueError) as error:
            log.warning("jwks_not_read", kind=type(error).__name__)
            self._record("failed")
            return False
        except Exception:
            self._record("failed")
            raise
        if not keys:
            # No answer yet: keys that were read before stay in use.
            log.info("jwks_empty")
            self._record("empty")
            return False
        # An unchanged key keeps its identity, so that tokens verified with it stay cached.
        unchanged = {kid: key for kid, key in self._keys.items() if keys.get(kid) == key}
        self._keys = keys | unchanged
        self._fetched_at = self._clock.monotonic()
        self._record("read")
        return True

    def _record(self, outcome: str) -> None:
        """Count a fetch that ended by itself, and set when the next one may begin."""
        self._on_fetch(outcome)
        self._failures = 0 if outcome == "read" else self._failures + 1
        delay = self._interval
        if self._failures:
            longest = min(delay, 0.125 * 2.0 ** min(self._failures, 10))
            delay = longest * _random.uniform(0.5, 1.0)
        self._next_fetch_at = self._clock.monotonic() + delay


def _unavailable() -> Unavailable:
    return Unavailable("Access tokens cannot be verified at the moment", retry_after=1)


def parse(document: bytes) -> dict[str | None, RSAPublicKey]:
    """RSA signing keys by id; none if the set is empty, as Identity's is until its first sign-in.

    Raises:
        ValueError: It is no key set, or holds keys for other uses alone.
    """
    found = msgspec.json.decode(document)
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no key set")  # noqa: TRY004 - a document is not an argument
    keys: dict[str | None, RSAPublicKey] = {}
    for entry in listed:
        key = _signing_key(entry)
        if key is not None and len(keys) < MAX_KEYS:
            keys[entry.get("kid")] = key
    if listed and not keys:
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
