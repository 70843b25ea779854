"""The routes that the gateway forwards, as data: one `Route` for each."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from pydantic import BaseModel

from bff_core.context import ADMIN, TEACHER, Role
from services.gateway.dto import (
    AccessTokenV1,
    AddressV1,
    ChangePasswordV1,
    LoginQuery,
    LoginV1,
    LogoutV1,
    MessageV1,
    RefreshV1,
    RegisterV1,
    ResetPasswordV1,
    TokensV1,
    VerifyEmailV1,
)

PUBLIC = "public"
ACCESS_RULES: dict[str, frozenset[Role]] = {
    "teacher": frozenset({TEACHER, ADMIN}),
    "admin": frozenset({ADMIN}),
}
ALL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
KIB = 1024
MIB = 1024 * KIB


class UpstreamName(StrEnum):
    TEACHER = "bff_teacher"
    ADMIN = "bff_admin"
    IDENTITY = "identity"


class RateLimit(StrEnum):
    """The limit that a request counts against; settings give the number of requests."""

    USER = "user"
    SIGN_IN = "sign_in"
    SESSION = "session"
    SIGN_IN_SITE = "sign_in_site"
    SESSION_SITE = "session_site"


SITE_LIMITS = {
    RateLimit.SIGN_IN: RateLimit.SIGN_IN_SITE,
    RateLimit.SESSION: RateLimit.SESSION_SITE,
}
"""The limit of a /48 in IPv6, beside that of its /64 networks."""
NETWORKS_OF_A_SITE = 10
"""How many times the limit of one /64 a whole /48 has."""


@dataclass(frozen=True, slots=True)
class IdentityRoute:
    """Request and response of a route to Identity, which the gateway validates.

    `fixed_message` is answered whether Identity agrees or refuses with one of `hidden_statuses`,
    where the difference would reveal which addresses have accounts. `credential` is the field of
    the body that is wrong when Identity refuses a token, which the gateway has verified already.
    """

    request_model: type[BaseModel]
    response_model: type[BaseModel]
    status: int = 200
    optional_body: bool = False
    fixed_message: str | None = None
    hidden_statuses: frozenset[int] = frozenset({400, 403, 404, 409})
    credential: str | None = None
    query_model: type[BaseModel] | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One forwarded route; `timeout` is in seconds, until the upstream's response begins.

    `path` is the whole path, or the prefix of all forwarded paths if `is_prefix`, of which `pattern`
    names some. A route that `is_slow` has its own timeout, whatever the settings say of the others.
    """

    name: str
    summary: str
    path: str
    upstream: UpstreamName
    methods: tuple[str, ...]
    access: str
    rate_limit: RateLimit
    max_body_bytes: int
    timeout: float = 10.0
    is_prefix: bool = False
    identity: IdentityRoute | None = None
    pattern: re.Pattern[bytes] | None = None
    is_slow: bool = False

    @property
    def url_rule(self) -> str:
        return f"{self.path}/<path:path>" if self.is_prefix else self.path


def _screens(
    name: str, summary: str, upstream: UpstreamName, access: str, max_body_bytes: int
) -> Route:
    return Route(
        name=name,
        summary=summary,
        path=f"/bff/v1/{name}",
        upstream=upstream,
        methods=ALL_METHODS,
        access=access,
        rate_limit=RateLimit.USER,
        max_body_bytes=max_body_bytes,
        is_prefix=True,
    )


def _identity(
    name: str,
    summary: str,
    identity: IdentityRoute,
    *,
    access: str = PUBLIC,
    rate_limit: RateLimit = RateLimit.SIGN_IN,
) -> Route:
    return Route(
        name=name,
        summary=summary,
        path=f"/v1/auth/{name.replace('_', '-')}",
        upstream=UpstreamName.IDENTITY,
        methods=("POST",),
        access=access,
        rate_limit=rate_limit,
        max_body_bytes=16 * KIB,
        identity=identity,
    )


_MAIL_SENT = "If the address has an account that waits for it, a mail is on its way"

_ACCOUNT_ASKED = "If the address has no account yet, a mail to prove it is on its way"

_TEACHER = _screens("teacher", "A teacher's screens", UpstreamName.TEACHER, "teacher", 320 * KIB)

ROUTES: tuple[Route, ...] = (
    _TEACHER,
    _screens("admin", "An admin's screens", UpstreamName.ADMIN, "admin", 256 * KIB),
    _identity(
        "login",
        "Sign in with e-mail and password",
        IdentityRoute(LoginV1, TokensV1, query_model=LoginQuery),
    ),
    _identity(
        "register",
        "Ask for an account",
        IdentityRoute(
            RegisterV1,
            MessageV1,
            status=202,
            fixed_message=_ACCOUNT_ASKED,
            hidden_statuses=frozenset({409}),
        ),
    ),
    _identity(
        "refresh",
        "Exchange a refresh token for an access token",
        IdentityRoute(RefreshV1, AccessTokenV1),
        rate_limit=RateLimit.SESSION,
    ),
    _identity(
        "logout",
        "End a session",
        IdentityRoute(LogoutV1, MessageV1, optional_body=True),
        rate_limit=RateLimit.SESSION,
    ),
    _identity("verify_email", "Prove an e-mail address", IdentityRoute(VerifyEmailV1, MessageV1)),
    _identity(
        "resend_verification",
        "Ask for another mail that proves the address",
        IdentityRoute(AddressV1, MessageV1, fixed_message=_MAIL_SENT),
    ),
    _identity(
        "request_password_reset",
        "Ask for a mail to reset the password",
        IdentityRoute(AddressV1, MessageV1, fixed_message=_MAIL_SENT),
    ),
    _identity(
        "reset_password",
        "Set a password with a mailed token",
        IdentityRoute(ResetPasswordV1, MessageV1),
    ),
    _identity(
        "change_password",
        "Set another password",
        IdentityRoute(ChangePasswordV1, MessageV1, credential="current_password"),
        access="teacher",
    ),
)
"""Identity's other routes are not forwarded: introspection, revocation and profiles require no
token there, its list of sessions fails, and ending sessions does not stop a refresh."""

LOGIN = next(route for route in ROUTES if route.name == "login")

SESSION_PATH = "/v1/session"
SESSION_METHODS = ("GET", "HEAD", "POST", "DELETE")

ALIASES: tuple[tuple[bytes, bytes], ...] = ((b"/api/bff/", b"/bff/"), (b"/api/v1/", b"/v1/"))
"""Prefixes of paths, and those that they stand for: the platform's pages call below `/api`."""

SLOW_ROUTES: tuple[Route, ...] = (
    replace(
        _TEACHER,
        name="teacher_files",
        methods=("POST",),
        max_body_bytes=256 * MIB,
        timeout=135.0,
        pattern=re.compile(rb"/bff/v1/teacher/batches/[^/]+/files"),
        is_slow=True,
    ),
    replace(
        _TEACHER,
        name="teacher_workflow",
        methods=("GET", "POST"),
        timeout=30.0,
        pattern=re.compile(
            rb"/bff/v1/teacher/batches(/[^/]+/(pipelines(/[^/]+/preview)?|phases/[^/]+/retry))?"
        ),
        is_slow=True,
    ),
)
"""Requests below a prefix that need more time, or a larger body, than the others.

Bodies of files are streamed, so their size costs the gateway no memory.
"""

_BY_PATH = {route.path.encode("ascii"): route for route in ROUTES if not route.is_prefix}
_BATCHES = b"/bff/v1/teacher/batches"
_BY_PREFIX = tuple((f"{route.path}/".encode("ascii"), route) for route in ROUTES if route.is_prefix)


def without_alias(path: bytes) -> bytes:
    """The path that an alias stands for; any other path as it is."""
    for alias, prefix in ALIASES:
        if path.startswith(alias):
            return prefix + path.removeprefix(alias)
    return path


def find_route(raw_path: bytes, method: str = "GET") -> Route | None:
    """The route of a raw path: percent-decoded, it could match another route."""
    route = _BY_PATH.get(raw_path)
    if route is not None:
        return route
    if raw_path.startswith(_BATCHES):
        for slow in SLOW_ROUTES:
            if method in slow.methods and slow.pattern and slow.pattern.fullmatch(raw_path):
                return slow
    return next((route for prefix, route in _BY_PREFIX if raw_path.startswith(prefix)), None)
