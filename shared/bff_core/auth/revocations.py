"""Revocation by marks of a subject and a time, kept in memory."""

from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec
import structlog
from cachetools import TTLCache

from bff_core.auth.verifier import Claims
from bff_core.clock import Clock
from bff_core.context import UserId
from bff_core.errors import NotAuthenticated, Unavailable

MAX_MARKS = 100_000

log = structlog.get_logger()


class RevocationMark(msgspec.Struct, frozen=True):
    """Access tokens of the user that were issued until `at`, in epoch seconds, are refused."""

    user_id: UserId
    at: float


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
    """The newest mark of each subject, kept as long as what it revokes may live."""

    def __init__(
        self,
        clock: Clock,
        lifetime: float,
        *,
        limit: int = MAX_MARKS,
        on_mark: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`lifetime` in seconds. Beyond `limit` marks, the one unused for longest is dropped.

        `on_mark` is called with the subject of each new mark.
        """
        self._marks: TTLCache[str, float] = TTLCache(limit, lifetime, timer=clock.monotonic)
        self._on_mark = on_mark

    def add(self, marks: Iterable[RevocationMark]) -> None:
        for mark in marks:
            # Assigned only when newer: a repeated notice must not keep a mark for ever.
            if mark.at > self._marks.get(mark.user_id, float("-inf")):
                self._marks[mark.user_id] = mark.at
                log.info("access_revoked")
                self._on_mark(mark.user_id)

    def __len__(self) -> int:
        return len(self._marks)

    def revokes(self, claims: Claims) -> bool:
        return self.covers(claims.user_id, claims.issued_at)

    def covers(self, subject: str, since: float) -> bool:
        """True if the subject was marked at that time, in epoch seconds, or later."""
        marked_at = self._marks.get(subject)
        return marked_at is not None and since <= marked_at


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
        self, marks: RevocationMarks, hearing: Hearing | None, access: AdminAccess | None = None
    ) -> None:
        """`hearing` is None without Redis: then the issuer is asked about every admin."""
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
        if not for_admins or self._access is None:
            return
        hearing = self._hearing
        if hearing is not None and hearing.connected and hearing.publisher_lives:
            return
        try:
            await self._access.require_admin(authorization)
        except Unavailable:
            # An Identity that is down denies nobody. With a silent Redis it may be up for others.
            if hearing is not None and not hearing.connected:
                raise

    def revokes(self, claims: Claims) -> bool:
        """True once the token is revoked, for what outlives the check of its request."""
        return self._marks.revokes(claims)
