"""The addresses and limits of one site's edge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bff_core.server.run import HEAD_SECONDS
from services.gateway.route_table import (
    NETWORKS_OF_A_SITE,
    SITE_LIMITS,
    RateLimit,
    Route,
    UpstreamName,
)
from tools.settings_tables import settings_of

# A service's settings are its own to import, so their class is not known here.
LIMITS: Any = settings_of("gateway").model_construct()
"""The gateway's settings, all of them at their defaults."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port."""

    host: str
    port: int

    @classmethod
    def of_url(cls, url: str) -> "Address":
        """The origin of an `http://` URL, which must hold no path.

        Raises:
            ValueError: It is another kind of URL.
        """
        parts = urlsplit(url)
        if parts.path.strip("/") or parts.query:
            raise ValueError(f"{url} must end after its port")
        return _origin(url)

    @classmethod
    def of_text(cls, text: str) -> "Address":
        """HOST:PORT; an IPv6 address in brackets."""
        return cls.of_url(f"http://{text}")

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def _origin(url: str) -> Address:
    parts = urlsplit(url)
    try:
        port = parts.port or 80
    except ValueError as error:
        raise ValueError(f"{url} has no such port") from error
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"{url} is not of the form http://HOST:PORT")
    return Address(parts.hostname, port)


def _per_minute() -> dict[RateLimit, int]:
    narrow: dict[RateLimit, int] = {
        RateLimit.USER: LIMITS.user_per_minute,
        RateLimit.SIGN_IN: LIMITS.sign_in_per_minute,
        RateLimit.SESSION: LIMITS.session_per_minute,
    }
    wide = {SITE_LIMITS[limit]: narrow[limit] * NETWORKS_OF_A_SITE for limit in SITE_LIMITS}
    return narrow | wide


@dataclass(frozen=True, slots=True)
class Site:
    """Where the services of a site are; by default, where compose has them.

    `sign_in` gets the routes below `/v1/auth/`: a gateway, or Identity itself.
    """

    listen: str = "127.0.0.1:8080"
    teacher: str = "http://bff_teacher:4101"
    admin: str = "http://bff_admin:4102"
    sign_in: str = "http://gateway:8080"
    jwks: str = "http://identity_service:7005/.well-known/jwks.json"
    issuer: str = LIMITS.jwt_issuer
    audience: str = LIMITS.jwt_audience
    trusted_hops: int = 0
    origins: tuple[str, ...] = ()
    request_budget: float = LIMITS.request_budget
    """Seconds to an answer; caps every route's own but that of slow ones."""
    head_seconds: float = HEAD_SECONDS
    """Seconds within which a request's head must arrive."""
    linger_seconds: float = 1.0
    """Seconds for which a refused connection stays open, so that its client can read why."""
    per_minute: Mapping[RateLimit, int] = field(default_factory=_per_minute)
    """Requests that one user, or one network, may make in a minute."""

    @property
    def upstreams(self) -> dict[UpstreamName, Address]:
        return {
            UpstreamName.TEACHER: Address.of_url(self.teacher),
            UpstreamName.ADMIN: Address.of_url(self.admin),
            UpstreamName.IDENTITY: Address.of_url(self.sign_in),
        }

    @property
    def jwks_address(self) -> Address:
        return _origin(self.jwks)

    def answer_seconds(self, route: Route) -> float:
        """Seconds until an answer begins."""
        return route.timeout if route.is_slow else min(route.timeout, self.request_budget)
