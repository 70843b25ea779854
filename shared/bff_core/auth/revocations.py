"""Revocation of access tokens: marks by user and time, kept in memory and heard through Redis."""

from collections.abc import Iterable
from typing import Protocol

import msgspec
import structlog
from cachetools import TTLCache

from bff_core.auth.verifier import Claims
from bff_core.clock import Clock
from bff_core.context import UserId
from bff_core.errors import NotAuthenticated, Unavailable

CHANNEL = "identity:revocations"
"""Redis channel of `RevocationNotice`; a notice without marks says that the publisher lives."""
KEPT_KEY = "identity:revoked"
"""Sorted set of user ids by the time of their mark, in epoch seconds."""
MAX_MARKS = 100_000

log = structlog.get_logger()


class RevocationMark(msgspec.Struct, frozen=True):
    """Access tokens of the user that were issued until `at`, in epoch seconds, are refused."""

    user_id: UserId
    at: float


class RevocationNotice(msgspec.Struct, frozen=True):
    marks: list[RevocationMark] = []


class AdminAccess(Protocol):
    """Asks the issuer about an admin, when marks are not heard."""

    async def require_admin(self, authorization: str) -> None:
        """Return when the token's user is an admin at the moment.

        Raises:
            NotAuthenticated: The token is not valid any more.
            NotAuthorized: The user is no admin any more.
            Unavailable: The issuer does not say.
        """
        ...


class RevocationMarks:
    """The newest mark of each user, kept as long as an access token may live."""

    def __init__(self, clock: Clock, lifetime: float, *, limit: int = MAX_MARKS) -> None:
        """`lifetime` in seconds. Beyond `limit` marks, the one unused for longest is dropped."""
        self._marks: TTLCache[str, float] = TTLCache(limit, lifetime, timer=clock.monotonic)

    def add(self, marks: Iterable[RevocationMark]) -> None:
        for mark in marks:
            # Assigned only when newer: a repeated notice must not keep a mark for ever.
            if mark.at > self._marks.get(mark.user_id, float("-inf")):
                self._marks[mark.user_id] = mark.at
                log.info("access_revoked")

    def __len__(self) -> int:
        return len(self._marks)

    def revokes(self, claims: Claims) -> bool:
        marked_at = self._marks.get(claims.user_id)
        return marked_at is not None and claims.issued_at <= marked_at


class Hearing(Protocol):
    @property
    def connected(self) -> bool:
        """True while Redis answers."""
        ...

    @property
    def publisher_lives(self) -> bool:
        """True while the publisher is heard, or if it never was: it has no approval to take."""
        ...


class Revocations:
    """Refuses revoked tokens; asks the issuer on an admin's route when marks are not heard."""

    def __init__(
        self, marks: RevocationMarks, hearing: Hearing, access: AdminAccess | None = None
    ) -> None:
        self._marks = marks
        self._hearing = hearing
        self._access = access

    async def check(self, claims: Claims, authorization: str, *, for_admins: bool) -> None:
        """Raise as `AdminAccess.require_admin` does.

        Raises:
            NotAuthenticated: The token was issued before its user lost access or a role.
        """
        if self._marks.revokes(claims):
            raise NotAuthenticated("token_revoked")
        if for_admins and self._access is not None:
            await self._require_admin(self._access, authorization)

    async def _require_admin(self, access: AdminAccess, authorization: str) -> None:
        if self._hearing.connected and self._hearing.publisher_lives:
            return
        try:
            await access.require_admin(authorization)
        except Unavailable:
            # Redis answers and Identity is silent everywhere: it is down, and denies nobody.
            if not self._hearing.connected:
                raise

    def revokes(self, claims: Claims) -> bool:
        """True once the token is revoked, for what outlives the check of its request."""
        return self._marks.revokes(claims)
