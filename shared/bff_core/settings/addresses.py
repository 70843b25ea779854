"""Addresses in settings, judged by the parsers of the libraries that will use them."""

from importlib import import_module

from yarl import URL

_ENCODE = "special characters of the user or password must be percent-encoded"


def check_http_url(text: str) -> str:
    """Return the base URL of a service, without its last slash.

    Raises:
        ValueError: aiohttp could not call it.
    """
    if not text.isprintable() or " " in text:
        raise ValueError("must hold no blanks and no control characters")
    try:
        url = URL(text)
        port = url.port
    except ValueError:
        raise ValueError("must be http://host[:port] or https://host[:port]") from None
    if url.scheme not in {"http", "https"} or not url.host or not port:
        raise ValueError("must be http://host[:port] or https://host[:port]")
    if url.query_string or "?" in text or "#" in text or url.user or url.password:
        raise ValueError("must hold neither query, fragment nor credentials")
    return text.rstrip("/")


def check_redis_url(text: str) -> str:
    """Return the URL if a redis-py client can use it.

    Raises:
        ValueError: It cannot; the reason shows no part of the URL.
    """
    scheme, separator, rest = text.partition("://")
    if scheme not in {"redis", "rediss", "unix"} or not separator:
        raise ValueError("must begin with redis://, rediss:// or unix://")
    if not text.isprintable() or " " in text:
        raise ValueError("must hold no blanks and no control characters")
    path = rest.partition("/")[2] if scheme != "unix" else ""
    if "#" in rest or "@" in path or "@" in rest.partition("?")[2]:
        raise ValueError(_ENCODE)
    database = path.partition("?")[0]
    if database and not database.isdecimal():
        raise ValueError("must end in the number of a database, such as /0")
    try:
        # Options that the client does not know are found when a connection is made.
        # Imported here: a service without Redis does not load the driver.
        redis = import_module("redis.asyncio")
        redis.Redis.from_url(text).connection_pool.make_connection()
    except Exception:  # noqa: BLE001 - redis-py raises whatever the odd option provokes
        raise ValueError("redis-py cannot read it: check port, options and encoding") from None
    return text
