"""Keys that the issuer publishes and changes: fetched seldom, never in a stampede, never forever."""

import asyncio
from collections import OrderedDict
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

Fetch = Callable[[], Awaitable[bytes]]

_SHORTEST_KEY = 2048
_UNKNOWN = "unknown_key"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class JwksOptions:
    """Times in seconds.

    Keys are fetched anew after `fresh`, and believed for `longest` when the issuer is away. An
    unknown key id asks at once, but no oftener than every `pause`, and is then refused for
    `refused`; at most `unknown` such ids and `keys` keys are kept.
    """

    fresh: float = 300.0
    longest: float = 3600.0
    pause: float = 10.0
    refused: float = 60.0
    unknown: int = 1000
    keys: int = 32


class JwksKeys:
    """A `KeySource` over a published key set."""

    def __init__(
        self,
        fetch: Fetch,
        clock: Clock,
        options: JwksOptions | None = None,
        *,
        told: Callable[[str], None] | None = None,
    ) -> None:
        """`told` hears of each fetch: `read` or `failed`."""
        self._fetch = fetch
        self._clock = clock
        self._options = options or JwksOptions()
        self._told = told or _to_nobody
        self._keys: dict[str | None, RSAPublicKey] = {}
        self._read_at: float | None = None
        self._asked_at: float | None = None
        self._asking: asyncio.Task[None] | None = None
        self._unknown: OrderedDict[str | None, float] = OrderedDict()

    def key_for(self, kid: str | None) -> RSAPublicKey:
        key = self._keys.get(kid)
        if key is None and kid is None and len(self._keys) == 1:
            # A set of one key needs no name.
            (key,) = self._keys.values()
        if key is None:
            raise NotAuthenticated(_UNKNOWN)
        return key

    def holds(self, key: object) -> bool:
        return any(key is held for held in self._keys.values())

    async def learn(self, kid: str | None) -> None:
        """Fetch when the keys are old, or when this one may be new.

        Raises:
            NotAuthenticated: The id was unknown a moment ago.
            Unavailable: There are no keys that may still be believed.
        """
        if self._age() >= self._options.fresh:
            await self._refresh()
        elif not self._knows(kid):
            self._refuse_if_known_unknown(kid)
            await self._refresh()
            self._note_unknown(kid)
        if self._age() >= self._options.longest:
            raise Unavailable("Access tokens cannot be verified at the moment", retry_after=1)

    async def aclose(self) -> None:
        """End a fetch under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    def _knows(self, kid: str | None) -> bool:
        return kid in self._keys or (kid is None and len(self._keys) == 1)

    def _age(self) -> float:
        return float("inf") if self._read_at is None else self._clock.monotonic() - self._read_at

    def _refuse_if_known_unknown(self, kid: str | None) -> None:
        until = self._unknown.get(kid)
        if until is not None and self._clock.monotonic() < until:
            raise NotAuthenticated(_UNKNOWN)

    def _note_unknown(self, kid: str | None) -> None:
        if self._knows(kid):
            return
        self._unknown[kid] = self._clock.monotonic() + self._options.refused
        self._unknown.move_to_end(kid)
        if len(self._unknown) > self._options.unknown:
            self._unknown.popitem(last=False)

    async def _refresh(self) -> None:
        """One fetch for all who need it; a caller who leaves does not end it for the others."""
        if self._asking is None or self._asking.done():
            now = self._clock.monotonic()
            if self._asked_at is not None and now - self._asked_at < self._options.pause:
                return
            self._asked_at = now
            self._asking = asyncio.create_task(self._ask())
        await asyncio.wait([self._asking])

    async def _ask(self) -> None:
        try:
            keys = parse(await self._fetch(), most=self._options.keys)
        except (BffError, ValueError) as error:
            log.warning("jwks_not_read", kind=type(error).__name__)
            self._told("failed")
            return
        self._told("read")
        # A key that stays the same keeps its identity, and the tokens verified with it theirs.
        self._keys = {kid: self._same(kid, key) for kid, key in keys.items()}
        self._read_at = self._clock.monotonic()
        self._unknown.clear()

    def _same(self, kid: str | None, key: RSAPublicKey) -> RSAPublicKey:
        known = self._keys.get(kid)
        return known if known is not None and known == key else key


def _to_nobody(_: str) -> None:
    """Nobody counts."""


def parse(document: bytes, *, most: int) -> dict[str | None, RSAPublicKey]:
    """RSA signing keys by id; keys for other uses are passed over.

    Raises:
        ValueError: It is no key set, or holds no key that can be used.
    """
    found = msgspec.json.decode(document)
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no key set")  # noqa: TRY004 - a document is not an argument
    keys: dict[str | None, RSAPublicKey] = {}
    for entry in listed[:most]:
        key = _signing_key(entry)
        if key is not None:
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
    usable = isinstance(key, RSAPublicKey) and key.key_size >= _SHORTEST_KEY
    return key if usable else None
