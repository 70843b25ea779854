"""What the gateway lets through, as data: one row per route, served by one handler."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from bff_core.context import ADMIN, TEACHER, Role
from services.gateway.dto.auth_v1 import (
    AccessTokenV1,
    AddressV1,
    ChangePasswordV1,
    LoginV1,
    LogoutV1,
    MessageV1,
    RefreshV1,
    RegisteredV1,
    RegisterV1,
    ResetPasswordV1,
    TokensV1,
    VerifyEmailV1,
)
from services.gateway.protocols import Limit

PUBLIC = "public"
RULES: dict[str, frozenset[Role]] = {
    "teacher": frozenset({TEACHER, ADMIN}),
    "admin": frozenset({ADMIN}),
}
ALL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
KIB = 1024


class Upstream(StrEnum):
    TEACHER = "bff_teacher"
    ADMIN = "bff_admin"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a route to Identity takes and gives, so that it can be checked here.

    `instead` answers for Identity whether it agrees or refuses, where a difference would tell
    strangers which addresses have accounts.
    """

    takes: type[BaseModel]
    gives: type[BaseModel]
    status: int = 200
    may_be_empty: bool = False
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One route. `seconds` is how long its upstream may take to begin its answer.

    `path` is the whole path, or with `tree` the part before everything that is passed on.
    """

    name: str
    summary: str
    path: str
    upstream: Upstream
    methods: tuple[str, ...]
    access: str
    limit: Limit
    body_limit: int
    seconds: float
    tree: bool = False
    exchange: Exchange | None = None

    @property
    def rule(self) -> str:
        return f"{self.path}/<path:path>" if self.tree else self.path


def _screens(name: str, summary: str, upstream: Upstream, access: str, body_limit: int) -> Row:
    return Row(
        name=name,
        summary=summary,
        path=f"/bff/v1/{name}",
        upstream=upstream,
        methods=ALL_METHODS,
        access=access,
        limit=Limit.USER,
        body_limit=body_limit,
        seconds=10.0,
        tree=True,
    )


def _identity(
    name: str,
    summary: str,
    exchange: Exchange,
    *,
    access: str = PUBLIC,
    limit: Limit = Limit.SIGN_IN,
) -> Row:
    return Row(
        name=name,
        summary=summary,
        path=f"/v1/auth/{name.replace('_', '-')}",
        upstream=Upstream.IDENTITY,
        methods=("POST",),
        access=access,
        limit=limit,
        body_limit=16 * KIB,
        # Identity hashes passwords slowly on purpose.
        seconds=10.0,
        exchange=exchange,
    )


_ON_ITS_WAY = "If the address has an account that waits for it, a mail is on its way"

ROUTES: tuple[Row, ...] = (
    _screens("teacher", "A teacher's screens", Upstream.TEACHER, "teacher", 1024 * KIB),
    _screens("admin", "An admin's screens", Upstream.ADMIN, "admin", 512 * KIB),
    _identity("login", "Sign in with e-mail and password", Exchange(LoginV1, TokensV1)),
    _identity("register", "Ask for an account", Exchange(RegisterV1, RegisteredV1, status=201)),
    _identity(
        "refresh",
        "Exchange a refresh token for an access token",
        Exchange(RefreshV1, AccessTokenV1),
        limit=Limit.SESSION,
    ),
    _identity(
        "logout",
        "End a session",
        Exchange(LogoutV1, MessageV1, may_be_empty=True),
        limit=Limit.SESSION,
    ),
    _identity("verify_email", "Prove an e-mail address", Exchange(VerifyEmailV1, MessageV1)),
    _identity(
        "resend_verification",
        "Ask for another mail that proves the address",
        Exchange(AddressV1, MessageV1, instead=_ON_ITS_WAY),
    ),
    _identity(
        "request_password_reset",
        "Ask for a mail to reset the password",
        Exchange(AddressV1, MessageV1, instead=_ON_ITS_WAY),
    ),
    _identity(
        "reset_password", "Set a password with a mailed token", Exchange(ResetPasswordV1, MessageV1)
    ),
    _identity(
        "change_password",
        "Set another password",
        Exchange(ChangePasswordV1, MessageV1),
        access="teacher",
    ),
)
"""Identity's other routes stay inside: introspection, revocation and profiles ask for no token
there, its list of sessions fails, and ending sessions does not stop a refresh."""


_WHOLE = {row.path.encode("ascii"): row for row in ROUTES if not row.tree}
_TREES = tuple((f"{row.path}/".encode("ascii"), row) for row in ROUTES if row.tree)


def row_at(raw_path: bytes) -> Row | None:
    """The row that a path is in, as it was written: decoded, it could be in another."""
    row = _WHOLE.get(raw_path)
    if row is not None:
        return row
    return next((row for prefix, row in _TREES if raw_path.startswith(prefix)), None)
