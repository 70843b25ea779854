"""Addresses in settings, judged by the parsers of the libraries that will use them."""

from yarl import URL


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
