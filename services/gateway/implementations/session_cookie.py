"""The session cookie: its name and attributes, and its content, sealed with a ring of keys."""

import hashlib
import re
from collections.abc import Sequence

import msgspec
from cachetools import LRUCache
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey

from bff_core.context import UserId
from bff_core.errors import InvalidRequest, NotAuthenticated

MAX_COOKIE_BYTES = 4095
"""Of a whole `Set-Cookie`, name and attributes included: browsers drop larger ones."""
REMEMBERED = 4096
"""Opened cookies in memory, of some 3 KB each."""
_ALGORITHMS = ("dir", "A256GCM")
_PURPOSE = b"huleedu gateway session cookie"
_SEALED = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){4}")


class _Secret(msgspec.Struct, frozen=True):
    """A struct that shows nothing of itself in logs and tracebacks."""

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return []

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class AccessToken(_Secret, frozen=True):
    """An access token; times in epoch seconds. It is renewed from `renew_at` on."""

    token: str
    expires_at: float
    renew_at: float


class SessionContent(_Secret, frozen=True, kw_only=True):
    """All that a session is; times in epoch seconds.

    `audience` is the environment that sealed it. `access` is None where both tokens together do not
    fit into a cookie: each process then keeps the access token in memory.
    """

    audience: str
    session_id: str
    csrf: str
    user_id: UserId
    email: str
    name: str | None
    created_at: float
    expires_at: float
    seen_at: float
    refresh_token: str
    access: AccessToken | None


class SessionKeys:
    """A ring of keys, each derived from one secret: the first seals, every one opens."""

    def __init__(self, secrets: Sequence[str]) -> None:
        keys = [_derive(secret) for secret in secrets]
        self._ring = {_key_id(key): OctKey.import_key(key) for key in keys}
        self._newest = _key_id(keys[0])

    def seal(self, plaintext: bytes) -> str:
        header = {"alg": "dir", "enc": "A256GCM", "kid": self._newest}
        return jwe.encrypt_compact(header, plaintext, self._ring[self._newest])

    def open(self, sealed: str) -> bytes:
        """The plaintext.

        Raises:
            ValueError: No key of the ring has sealed it, or it was changed.
        """
        if not _SEALED.fullmatch(sealed):
            raise ValueError("not sealed")
        try:
            opened = jwe.decrypt_compact(sealed, self._key_of, algorithms=_ALGORITHMS)
        except (JoseError, RecursionError, TypeError, AttributeError) as error:
            # The header is the sender's until it is authenticated: any JSON may be in it.
            raise ValueError("not sealed by a key of the ring") from error
        return opened.plaintext or b""

    def _key_of(self, sealed: GuestProtocol) -> OctKey:
        kid = sealed.headers().get("kid")
        key = self._ring.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise ValueError("unknown key")
        return key


class SessionSealer:
    """Seals sessions of one environment, and opens no others.

    It remembers the cookies that were opened last, by their hash: opening one takes longer than all
    else that a request under it needs.
    """

    def __init__(self, keys: SessionKeys, audience: str, *, remembered: int = REMEMBERED) -> None:
        self._keys = keys
        self.audience = audience
        self._opened: LRUCache[bytes, SessionContent] = LRUCache(remembered)
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(SessionContent).decode

    def seal(self, content: SessionContent) -> str:
        return self._keys.seal(self._encode(content))

    def open(self, sealed: str) -> SessionContent:
        """The content of a cookie.

        Raises:
            NotAuthenticated: It was not sealed here, or not for this environment.
        """
        digest = hashlib.sha256(sealed.encode()).digest()
        content = self._opened.get(digest)
        if content is None:
            content = self._opened[digest] = self._open(sealed)
        return content

    def _open(self, sealed: str) -> SessionContent:
        try:
            content = self._decode(self._keys.open(sealed))
        except ValueError as error:
            raise NotAuthenticated("session_invalid") from error
        if content.audience != self.audience:
            raise NotAuthenticated("session_invalid")
        return content


class CookieFormat:
    """Writes and reads the cookie.

    `plain` is for development over http only: without the prefix and `Secure`, which browsers
    accept from https alone.
    """

    def __init__(self, *, plain: bool) -> None:
        self.name = "session" if plain else "__Host-session"
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("" if plain else "; Secure")

    def set(self, sealed: str) -> str | None:
        """The value of `Set-Cookie`; None if browsers would drop it."""
        written = f"{self.name}={sealed}{self._attributes}"
        return written if len(written) <= MAX_COOKIE_BYTES else None

    def clear(self) -> str:
        return f"{self.name}={self._attributes}; Max-Age=0"

    def find(self, header: str) -> str | None:
        """The value in a `Cookie` header; None if it holds none.

        Raises:
            InvalidRequest: There are two: another host of the domain may have set one of them.
        """
        pairs = (pair.partition("=") for pair in header.split(";"))
        found = [value.strip() for name, _, value in pairs if name.strip() == self.name]
        if len(found) > 1:
            raise InvalidRequest("The session cookie may be sent once only")
        return found[0] if found else None


def _derive(secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(secret.encode())


def _key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]
