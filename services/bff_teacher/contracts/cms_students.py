"""What class management sends of pupils."""

import msgspec

PLACEHOLDER_DOMAIN = "@huleedu.system"
PLACEHOLDER_NAME = ("UNKNOWN", "STUDENT")
"""CMS's monitor adds such a student to a class; it is nobody."""


class Student(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    student_id: str
    first_name: str
    last_name: str
    email: str | None = None


class Roster(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Of one class, in no order; what is worked out of it is kept with it. `skipped` is ours, as in RAS's page."""

    students: tuple[Student, ...]
    skipped: int = 0


class PersonName(msgspec.Struct, frozen=True, gc=False):
    first_name: str
    last_name: str


class StudentOfEssay(msgspec.Struct, frozen=True, gc=False):
    """Whom CMS takes for the writer. It never says whether anybody has confirmed that."""

    essay_id: str
    student_id: str
    student_person_name: PersonName
