"""Rules on what a teacher may see; pure functions."""

from bff_core.context import UserId
from bff_core.errors import DownstreamUnreachable, NotAuthorized
from bff_core.inputs import is_uuid
from services.bff_teacher.contracts.cms import (
    PLACEHOLDER_DOMAIN,
    PLACEHOLDER_NAME,
    Roster,
    RosterStudent,
    StudentName,
)

OWNER_MAX_AGE = 60.0
"""Seconds for which a batch's owner, once read, permits access."""


def is_same_user(one: str, other: str) -> bool:
    """Compares UUIDs without case, and any other ids as they are."""
    return one == other or (is_uuid(one) and one.lower() == other.lower())


def require_own_batch(owner: str, caller: UserId, *, age: float = 0.0) -> None:
    """Require that the batch is the caller's; `age` is the age of `owner` in seconds.

    Raises:
        NotAuthorized: It is another user's.
        DownstreamUnreachable: `owner` is too old to permit access, and RAS gave no newer one.
    """
    if age > OWNER_MAX_AGE:
        raise DownstreamUnreachable("ras", reason="owner_too_old", retry_after=1.0)
    if not is_same_user(owner, caller):
        raise NotAuthorized


def real_students(roster: Roster) -> list[RosterStudent]:
    """The students of a class without CMS's placeholder."""
    return [
        student
        for student in roster.students
        if not (student.email or "").lower().endswith(PLACEHOLDER_DOMAIN)
    ]


def is_real_student(name: StudentName) -> bool:
    """Recognises the placeholder by its name, for rows without an email address."""
    return (name.first_name, name.last_name) != PLACEHOLDER_NAME
