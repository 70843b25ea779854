"""Redis URLs: those of one server, which redis-py reads, and those of Sentinels."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import unquote

SERVER_SCHEMES = frozenset({"redis", "rediss", "unix"})
SENTINEL_SCHEMES = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
SENTINEL_PORT = 26379
_ENCODE = "special characters of the user or password must be percent-encoded"
_SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")


@dataclass(frozen=True, slots=True)
class SentinelUrl:
    """`redis+sentinel://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT]/SERVICE[/DATABASE][?OPTIONS]`.

    `options` are for connections to the primary, as redis-py reads them, and `sentinel_options` for
    those to the Sentinels. With `rediss+sentinel://` both speak TLS and trust the same certificates.
    """

    sentinels: Sequence[tuple[str, int]]
    service: str
    options: dict[str, Any] = field(repr=False)
    sentinel_options: dict[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "SentinelUrl | None":
        """Read a URL; None if it is that of one server.

        Raises:
            ValueError: It names no Sentinel, no service or an impossible port.
        """
        scheme, _, rest = text.partition("://")
        if scheme not in SENTINEL_SCHEMES:
            return None
        address, mark, query = rest.partition("?")
        authority, _, path = address.partition("/")
        credentials, at, hosts = authority.rpartition("@")
        service, _, database = path.partition("/")
        if not hosts or not service:
            raise ValueError(f"must be {scheme}://HOST:PORT,HOST:PORT/SERVICE")
        # The library knows no URL of Sentinels: it reads the rest as if it were one server's.
        one = f"{SENTINEL_SCHEMES[scheme]}://{credentials}{at}localhost/{database}{mark}{query}"
        options, sentinel_options = _options(one)
        sentinels = [_address(host) for host in hosts.split(",")]
        return cls(sentinels, unquote(service), options, sentinel_options)


def check_redis_url(text: str) -> str:
    """Return the URL if a redis-py client can use it.

    Raises:
        ValueError: It cannot; the reason shows no part of the URL.
    """
    scheme, separator, rest = text.partition("://")
    if scheme not in SERVER_SCHEMES | SENTINEL_SCHEMES.keys() or not separator:
        raise ValueError(
            "must begin with redis://, rediss://, unix://, redis+sentinel:// or rediss+sentinel://"
        )
    if not text.isprintable() or " " in text:
        raise ValueError("must hold no blanks and no control characters")
    path = rest.partition("/")[2] if scheme != "unix" else ""
    if "#" in rest or "@" in path or "@" in rest.partition("?")[2]:
        raise ValueError(_ENCODE)
    database = path.partition("?")[0]
    if scheme in SENTINEL_SCHEMES:
        database = database.partition("/")[2]
    if database and not database.isdecimal():
        raise ValueError("must end in the number of a database, such as /0")
    sentinels = SentinelUrl.parse(text)
    try:
        _try_out(text, sentinels)
    except Exception:  # noqa: BLE001 - redis-py raises whatever the odd option provokes
        raise ValueError("redis-py cannot read it: check port, options and encoding") from None
    return text


def _try_out(text: str, sentinels: SentinelUrl | None) -> None:
    # Options that the client does not know are found when a connection is made.
    # Imported here: a service without Redis does not load the driver.
    redis = import_module("redis.asyncio")
    if sentinels is None:
        redis.Redis.from_url(text).connection_pool.make_connection()
        return
    for options in (sentinels.options, sentinels.sentinel_options):
        redis.Redis(**options).connection_pool.make_connection()


def _options(url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of the primary and of its Sentinels, which have users of their own."""
    found: dict[str, Any] = dict(import_module("redis.asyncio.connection").parse_url(url))
    for name in ("host", "connection_class"):
        found.pop(name, None)
    own = {name: found.pop(name, None) for name in _SENTINEL_OPTIONS}
    if url.startswith("rediss"):
        found["ssl"] = True
    sentinel = {name: value for name, value in found.items() if name.startswith("ssl")}
    sentinel |= {name.removeprefix("sentinel_"): value for name, value in own.items() if value}
    return found, sentinel


def _address(text: str) -> tuple[str, int]:
    """Host and port of `host`, `host:port`, `[ipv6]` or `[ipv6]:port`."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(SENTINEL_PORT)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("must name each Sentinel as HOST or HOST:PORT")
    return host, int(port)
