"""What a teacher may see: pure rules over facts that others have read."""

from bff_core.context import UserId
from bff_core.errors import DownstreamUnreachable, NotAuthorized
from services.bff_teacher.contracts.cms_students import (
    PLACEHOLDER_DOMAIN,
    PLACEHOLDER_NAME,
    PersonName,
    Roster,
    Student,
)

FACTS_LAST = 60.0
"""Seconds for which what we read of an owner counts, when something is to be read."""


def require_own_batch(owner: str, caller: UserId, *, age: float = 0.0) -> None:
    """Let the caller pass when the batch is theirs; `age` is of the fact, in seconds.

    Raises:
        NotAuthorized: It is somebody else's.
        DownstreamUnreachable: The fact is too old to prove anything, and no newer one was had.
    """
    if age > FACTS_LAST:
        raise DownstreamUnreachable("ras", reason="owner_too_old", retry_after=1.0)
    if owner != caller:
        raise NotAuthorized


def pupils(roster: Roster) -> list[Student]:
    """The students of a class without the placeholder, who is nobody."""
    return [student for student in roster.students if not _is_placeholder(student)]


def is_pupil(name: PersonName) -> bool:
    """The same where no address tells: CMS writes the placeholder in capitals."""
    return (name.first_name, name.last_name) != PLACEHOLDER_NAME


def _is_placeholder(student: Student) -> bool:
    return (student.email or "").lower().endswith(PLACEHOLDER_DOMAIN)
