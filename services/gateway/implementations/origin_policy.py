"""Refuses requests that another site's page makes with the session cookie."""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bff_core.errors import ClientError

Headers = Sequence[tuple[bytes, bytes]]
SAFE_METHODS = frozenset({"GET", "HEAD"})
_READ = {
    b"host": "host",
    b"origin": "origin",
    b"sec-fetch-mode": "fetch_mode",
    b"sec-fetch-site": "fetch_site",
    b"x-csrf": "csrf",
}


class CrossSiteRequest(ClientError, code="CSRF", status=403):
    """`reason` names the sign that does not fit: `origin`, `site`, `missing` or `token`."""

    message = "The request does not come from a page of this site"

    def __init__(self, reason: str) -> None:
        super().__init__(details={"reason": reason})


@dataclass(frozen=True, slots=True)
class Provenance:
    """Headers by which a browser says where a request comes from; None where one is absent."""

    host: str | None = None
    origin: str | None = None
    fetch_site: str | None = None
    fetch_mode: str | None = None
    csrf: str | None = None

    @classmethod
    def of(cls, headers: Headers) -> "Provenance":
        """Header names are in lower case; each of them is there once at most."""
        found = {_READ[name]: value.decode("latin-1") for name, value in headers if name in _READ}
        return cls(**found)


class OriginPolicy:
    """Admits the pages of this host, and of the origins that are listed."""

    def __init__(self, origins: Iterable[str], *, allow_http: bool) -> None:
        """`allow_http`: this host's own pages may come over http, as in development."""
        self._origins = frozenset(origins)
        self._schemes = ("https", "http") if allow_http else ("https",)

    def require_own_page(self, method: str, sent: Provenance) -> None:
        """Check who made the request.

        Raises:
            CrossSiteRequest: It changes something, and no sign or one of another page is there; or
                it reads, and is made by another site's page.
        """
        is_listed = sent.origin in self._origins
        if method in SAFE_METHODS:
            is_foreign = sent.fetch_site in {"cross-site", "same-site"}
            # A link from another site may lead here; the page that holds it reads nothing of it.
            if is_foreign and sent.fetch_mode != "navigate" and not is_listed:
                raise CrossSiteRequest("site")
            return
        if sent.origin is None and sent.fetch_site is None:
            raise CrossSiteRequest("missing")
        own = {f"{scheme}://{(sent.host or '').lower()}" for scheme in self._schemes}
        if sent.origin is not None and sent.origin not in own and not is_listed:
            raise CrossSiteRequest("origin")
        if sent.fetch_site not in {None, "same-origin"} and not is_listed:
            raise CrossSiteRequest("site")

    def require_token(self, sent: Provenance, token: str) -> None:
        """Compare `X-CSRF` with the session's token.

        Raises:
            CrossSiteRequest: It is absent or another.
        """
        if not hmac.compare_digest((sent.csrf or "").encode(), token.encode()):
            raise CrossSiteRequest("token")
