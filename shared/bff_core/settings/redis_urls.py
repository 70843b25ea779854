"""Redis URLs: those of one server, which redis-py reads, of Sentinels, and of a cluster."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import unquote

SCHEMES = ("redis", "rediss", "unix")
SCHEMES_OF_SEVERAL = ("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")
SENTINEL_PORT = 26379
SERVER_PORT = 6379
_ENCODE = "special characters of the user or password must be percent-encoded"
_SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")
# No library reads a URL of several hosts.
_URL_OF_SEVERAL = re.compile(
    r"(?P<scheme>rediss?)\+(?P<kind>sentinel|cluster)://(?P<credentials>[^/?]*@)?(?P<hosts>[^/?]*)"
    r"/?(?P<path>[^?]*)(?P<query>.*)",
    re.DOTALL,
)

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class SentinelUrl:
    """`redis+sentinel://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT]/SERVICE[/DATABASE][?OPTIONS]`.

    `options` are for connections to the primary, as redis-py reads them, and `sentinel_options` for
    those to the Sentinels. With `rediss+sentinel://` both speak TLS and trust the same certificates.
    """

    sentinels: Sequence[Address]
    service: str
    options: dict[str, Any] = field(repr=False)
    sentinel_options: dict[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "SentinelUrl | None":
        """Read a URL; None if it is not that of Sentinels.

        Raises:
            ValueError: It names no Sentinel, no service or an impossible port.
        """
        url = _URL_OF_SEVERAL.fullmatch(text)
        if url is None or url["kind"] != "sentinel":
            return None
        service, _, database = url["path"].partition("/")
        if not url["hosts"] or not service:
            raise ValueError(f"must be {url['scheme']}+sentinel://HOST:PORT,HOST:PORT/SERVICE")
        options = _options(url, database)
        own = {name: options.pop(name, None) for name in _SENTINEL_OPTIONS}
        sentinel = {name: value for name, value in options.items() if name.startswith("ssl")}
        sentinel |= {name.removeprefix("sentinel_"): value for name, value in own.items() if value}
        sentinels = [_address(host, SENTINEL_PORT) for host in url["hosts"].split(",")]
        return cls(sentinels, unquote(service), options, sentinel)


@dataclass(frozen=True, slots=True)
class ClusterUrl:
    """`redis+cluster://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT][/0][?OPTIONS]`.

    `servers` are asked for all the others. With `rediss+cluster://` every server speaks TLS.
    """

    servers: Sequence[Address]
    options: dict[str, Any] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "ClusterUrl | None":
        """Read a URL; None if it is not that of a cluster.

        Raises:
            ValueError: It names no server, an impossible port, or a database other than 0.
        """
        url = _URL_OF_SEVERAL.fullmatch(text)
        if url is None or url["kind"] != "cluster":
            return None
        if not url["hosts"]:
            raise ValueError(f"must be {url['scheme']}+cluster://HOST:PORT,HOST:PORT")
        options = _options(url, url["path"])
        if options.pop("db", 0):
            raise ValueError("must name no database but 0, which is the only one of a cluster")
        servers = [_address(host, SERVER_PORT) for host in url["hosts"].split(",")]
        return cls(servers, options)


def check_redis_url(text: str) -> str:
    """Return the URL if a redis-py client can use it.

    Raises:
        ValueError: It cannot; the reason shows no part of the URL.
    """
    scheme, separator, rest = text.partition("://")
    if scheme not in {*SCHEMES, *SCHEMES_OF_SEVERAL} or not separator:
        *first, last = (f"{one}://" for one in SCHEMES + SCHEMES_OF_SEVERAL)
        raise ValueError(f"must begin with {', '.join(first)} or {last}")
    if not text.isprintable() or " " in text:
        raise ValueError("must hold no blanks and no control characters")
    path = rest.partition("/")[2] if scheme != "unix" else ""
    if "#" in rest or "@" in path or "@" in rest.partition("?")[2]:
        raise ValueError(_ENCODE)
    database = path.partition("?")[0]
    if scheme.endswith("+sentinel"):
        database = database.partition("/")[2]
    if database and not database.isdecimal():
        raise ValueError("must end in the number of a database, such as /0")
    sentinels, cluster = SentinelUrl.parse(text), ClusterUrl.parse(text)
    try:
        _try_out(text, sentinels, cluster)
    except Exception:  # noqa: BLE001 - redis-py raises whatever the odd option provokes
        raise ValueError("redis-py cannot read it: check port, options and encoding") from None
    return text


def _try_out(text: str, sentinels: SentinelUrl | None, cluster: ClusterUrl | None) -> None:
    # Options that the client does not know are found when a connection is made.
    # Imported here: a service without Redis does not load the driver.
    redis = import_module("redis.asyncio")
    if cluster is not None:
        servers = [redis.cluster.ClusterNode(host, port) for host, port in cluster.servers]
        made = redis.RedisCluster(startup_nodes=servers, **cluster.options)
        made.startup_nodes[0].acquire_connection()
    elif sentinels is not None:
        for options in (sentinels.options, sentinels.sentinel_options):
            redis.Redis(**options).connection_pool.make_connection()
    else:
        redis.Redis.from_url(text).connection_pool.make_connection()


def _options(url: re.Match[str], database: str) -> dict[str, Any]:
    """Options of a connection, but for its address; redis-py reads them from a URL of one server."""
    one = f"{url['scheme']}://{url['credentials'] or ''}localhost/{database}{url['query']}"
    options: dict[str, Any] = dict(import_module("redis.asyncio.connection").parse_url(one))
    for name in ("host", "connection_class"):
        options.pop(name, None)
    return options | ({"ssl": True} if url["scheme"] == "rediss" else {})


def _address(text: str, default_port: int) -> Address:
    """Host and port of `host`, `host:port`, `[ipv6]` or `[ipv6]:port`."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(default_port)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("must name each server as HOST or HOST:PORT")
    return host, int(port)
