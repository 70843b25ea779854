"""JWKS cache with expiry and single-flight refresh."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from cachetools import LRUCache
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWKError
from jwt.exceptions import InvalidKeyError

from bff_core.clock import Clock
from bff_core.errors import BffError, NotAuthenticated, Unavailable
from bff_core.tasks import log_failure

Fetch = Callable[[], Awaitable[bytes]]

_MIN_KEY_BITS = 2048
_UNKNOWN = "unknown_key"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class JwksOptions:
    """Times in seconds.

    Keys are fetched again after `max_age`, and used for `stale_if_error` when the issuer is away. An
    unknown key id causes a fetch at once, but no oftener than every `min_interval`, and is then
    refused for `negative_ttl`; at most `max_unknown` such ids and `max_keys` keys are kept.
    """

    max_age: float = 300.0
    stale_if_error: float = 3600.0
    min_interval: float = 10.0
    negative_ttl: float = 60.0
    max_unknown: int = 1000
    max_keys: int = 32


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
        """`on_fetch` is called with the outcome of each fetch: `read` or `failed`."""
        self._fetch = fetch
        self._clock = clock
        self._options = options or JwksOptions()
        self._on_fetch = on_fetch
        self._keys: dict[str | None, RSAPublicKey] = {}
        self._fetched_at: float | None = None
        self._last_attempt: float | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._unknown: LRUCache[str | None, float] = LRUCache(self._options.max_unknown)

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
            NotAuthenticated: The id was unknown at the last fetch.
            Unavailable: There are no keys that may still be used.
        """
        if self._age() >= self._options.max_age:
            await self._refresh()
        elif not self._knows(kid):
            if self._clock.monotonic() < self._unknown.get(kid, 0.0):
                raise NotAuthenticated(_UNKNOWN)
            await self._refresh()
            if not self._knows(kid):
                self._unknown[kid] = self._clock.monotonic() + self._options.negative_ttl
        if self._age() >= self._options.stale_if_error:
            raise Unavailable("Access tokens cannot be verified at the moment", retry_after=1)

    async def aclose(self) -> None:
        """Cancel a fetch in progress."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def _knows(self, kid: str | None) -> bool:
        return kid in self._keys or (kid is None and len(self._keys) == 1)

    def _age(self) -> float:
        return (
            float("inf") if self._fetched_at is None else self._clock.monotonic() - self._fetched_at
        )

    async def _refresh(self) -> None:
        """One fetch for all callers; it goes on when one of them is cancelled."""
        if self._fetching is None or self._fetching.done():
            now = self._clock.monotonic()
            if (
                self._last_attempt is not None
                and now - self._last_attempt < self._options.min_interval
            ):
                return
            self._last_attempt = now
            self._fetching = asyncio.create_task(self._fetch_once(), name="fetch-jwks")
            self._fetching.add_done_callback(log_failure)
        await asyncio.wait([self._fetching])

    async def _fetch_once(self) -> None:
        try:
            keys = parse(await self._fetch(), limit=self._options.max_keys)
        except (BffError, ValueError) as error:
            log.warning("jwks_not_read", kind=type(error).__name__)
            self._on_fetch("failed")
            return
        self._on_fetch("read")
        # An unchanged key keeps its identity, so that tokens verified with it stay cached.
        self._keys = {kid: self._reuse(kid, key) for kid, key in keys.items()}
        self._fetched_at = self._clock.monotonic()
        self._unknown.clear()

    def _reuse(self, kid: str | None, key: RSAPublicKey) -> RSAPublicKey:
        known = self._keys.get(kid)
        return known if known is not None and known == key else key


def parse(document: bytes, *, limit: int) -> dict[str | None, RSAPublicKey]:
    """RSA signing keys by id; keys for other uses are passed over.

    Raises:
        ValueError: It is no key set, or holds no key that can be used.
    """
    found = msgspec.json.decode(document)
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no key set")  # noqa: TRY004 - a document is not an argument
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
