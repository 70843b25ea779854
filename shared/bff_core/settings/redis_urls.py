"""Redis URLs: those of one server, which redis-py reads, of Sentinels, and of a cluster."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NamedTuple
from urllib.parse import unquote

SERVER_SCHEMES = frozenset({"redis", "rediss", "unix"})
SENTINEL_SCHEMES = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
CLUSTER_SCHEMES = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
SCHEMES = SERVER_SCHEMES | SENTINEL_SCHEMES.keys() | CLUSTER_SCHEMES.keys()
SENTINEL_PORT = 26379
SERVER_PORT = 6379
_ENCODE = "special characters of the user or password must be percent-encoded"
_SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")

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
        scheme = text.partition("://")[0]
        if scheme not in SENTINEL_SCHEMES:
            return None
        parts = _parts(text)
        service, _, database = parts.path.partition("/")
        if not parts.hosts or not service:
            raise ValueError(f"must be {scheme}://HOST:PORT,HOST:PORT/SERVICE")
        options = _options(parts.of_one_server(SENTINEL_SCHEMES[scheme], database))
        own = {name: options.pop(name, None) for name in _SENTINEL_OPTIONS}
        sentinel = {name: value for name, value in options.items() if name.startswith("ssl")}
        sentinel |= {name.removeprefix("sentinel_"): value for name, value in own.items() if value}
        sentinels = [_address(host, SENTINEL_PORT) for host in parts.hosts.split(",")]
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
        scheme = text.partition("://")[0]
        if scheme not in CLUSTER_SCHEMES:
            return None
        parts = _parts(text)
        if not parts.hosts:
            raise ValueError(f"must be {scheme}://HOST:PORT,HOST:PORT")
        options = _options(parts.of_one_server(CLUSTER_SCHEMES[scheme], parts.path))
        if options.pop("db", 0):
            raise ValueError("must name no database but 0, which is the only one of a cluster")
        servers = [_address(host, SERVER_PORT) for host in parts.hosts.split(",")]
        return cls(servers, options)


def check_redis_url(text: str) -> str:
    """Return the URL if a redis-py client can use it.

    Raises:
        ValueError: It cannot; the reason shows no part of the URL.
    """
    scheme, separator, rest = text.partition("://")
    if scheme not in SCHEMES or not separator:
        raise ValueError(
            "must begin with redis://, rediss://, unix://, redis+sentinel://, rediss+sentinel://, "
            "redis+cluster:// or rediss+cluster://"
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


class _Parts(NamedTuple):
    """A URL of several hosts, which no library reads."""

    credentials: str
    hosts: str
    path: str
    query: str

    def of_one_server(self, scheme: str, database: str) -> str:
        """The options for redis-py, without the hosts."""
        return f"{scheme}://{self.credentials}localhost/{database}{self.query}"


def _parts(text: str) -> _Parts:
    address, mark, query = text.partition("://")[2].partition("?")
    authority, _, path = address.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    return _Parts(credentials + at, hosts, path, mark + query)


def _options(url: str) -> dict[str, Any]:
    """Options of a connection, but for its address."""
    found: dict[str, Any] = dict(import_module("redis.asyncio.connection").parse_url(url))
    for name in ("host", "connection_class"):
        found.pop(name, None)
    if url.startswith("rediss"):
        found["ssl"] = True
    return found


def _address(text: str, default_port: int) -> Address:
    """Host and port of `host`, `host:port`, `[ipv6]` or `[ipv6]:port`."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, str(default_port)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("must name each server as HOST or HOST:PORT")
    return host, int(port)
