"""Bodies of class management: classes, students and matches of essays with students."""

from datetime import datetime
from typing import Literal

import msgspec

PLACEHOLDER_DOMAIN = "@huleedu.system"
PLACEHOLDER_NAME = ("UNKNOWN", "STUDENT")
"""CMS's monitor adds such a student to a class; it stands for no person."""


class Class(msgspec.Struct, frozen=True, kw_only=True):
    """A class of the caller. CMS's own `student_count` is wrong, so it is not read."""

    id: str
    name: str
    course_code: str | None = None
    created_at: datetime | None = None


class ClassPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first, without a total. `skipped` counts rows that do not fit the contract; CMS never sends it."""

    classes: tuple[Class, ...]
    skipped: int = 0


class ClassInfo(msgspec.Struct, frozen=True):
    class_id: str
    class_name: str


ClassInfos = dict[str, ClassInfo | None]
"""Class by batch id in lower case; None where no essay of the batch has a student yet."""


class RosterStudent(msgspec.Struct, frozen=True, kw_only=True):
    student_id: str
    first_name: str
    last_name: str
    email: str | None = None


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """The students of one class, unordered. `skipped` as in `ClassPage`.

    `class_id` is not sent by today's CMS; where it is, it must be the class that was asked for.
    """

    students: tuple[RosterStudent, ...]
    skipped: int = 0
    class_id: str | None = None


class StudentName(msgspec.Struct, frozen=True):
    first_name: str
    last_name: str


class StudentOfEssay(msgspec.Struct, frozen=True):
    """The student whom CMS matched with an essay, confirmed or not: CMS does not say which."""

    essay_id: str
    student_id: str
    student_person_name: StudentName


class AssociationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One match of an essay, decided or not. Its confidence and reasons are constants: not read."""

    essay_id: str
    suggested_student_id: str
    created_at: datetime | None = None


class AssociationPage(msgspec.Struct, frozen=True, kw_only=True):
    """All rows of a batch; empty for an unknown batch. `skipped` as in `ClassPage`."""

    associations: list[AssociationRow]
    skipped: int = 0


class ValidationStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Count of a batch's rows; `deviation_count` are those that wait for a decision.

    The deadline is that of the oldest of them: 24 hours after it was made.
    """

    batch_id: str
    deviation_count: int
    total_associations: int
    confirmed_associations: int
    auto_confirm_deadline: datetime | None = None


ValidationStatuses = dict[str, ValidationStatus | None]
"""Status by batch id in lower case; None for a batch without rows."""


class ConfirmItem(msgspec.Struct, frozen=True):
    """CMS requires both ids of a confirmed item; it does not publish the others."""

    essay_id: str
    student_id: str | None
    confirmed: bool


class ConfirmBody(msgspec.Struct, frozen=True):
    """CMS records `user_id` as the validator without checking it, so it is always the caller's."""

    user_id: str
    associations: list[ConfirmItem]


class ConfirmAnswer(msgspec.Struct, frozen=True):
    status: Literal["confirmed"]
