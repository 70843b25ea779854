"""Eight classes of the three teachers, and the pupils in them."""

from datetime import datetime, timedelta
from random import Random

from devstack.seed.dates import BASE_DATE
from devstack.seed.ids import fixed_id
from devstack.seed.model import UNKNOWN_EMAIL_DOMAIN, SchoolClass, Student
from devstack.seed.names import pupil_names
from devstack.seed.people import ANNA, ERIK, SARA, Person

# Key, owner, name, course, pupils.
_PLAN: tuple[tuple[str, Person, str, str, int], ...] = (
    ("anna-na23b", ANNA, "Engelska 6 NA23B", "ENG6", 26),
    ("anna-sa24a", ANNA, "Engelska 5 SA24A", "ENG5", 25),
    ("anna-ek22", ANNA, "Svenska 3 EK22", "SV3", 25),
    ("erik-te24", ERIK, "Svenska 1 TE24", "SV1", 27),
    ("erik-na22", ERIK, "Engelska 7 NA22", "ENG7", 24),
    ("erik-es23", ERIK, "Svenska 2 ES23", "SV2", 25),
    ("sara-hu24", SARA, "Engelska 5 HU24", "ENG5", 28),
    ("sara-sa23c", SARA, "Svenska 2 SA23C", "SV2", 25),
)
# The class where the 24 h monitor has run, so that CMS keeps a stand-in pupil.
CLASS_WITH_UNKNOWN = "anna-ek22"
_CODES = {key: code for key, _, _, code, _ in _PLAN}


def class_id(key: str) -> str:
    return fixed_id(f"class/{key}")


def course_code(key: str) -> str:
    return _CODES[key]


def build_classes() -> tuple[list[SchoolClass], list[Student]]:
    classes: list[SchoolClass] = []
    students: list[Student] = []
    for index, (key, owner, name, code, size) in enumerate(_PLAN):
        members = _members(key, owner, size)
        students += members
        classes.append(
            SchoolClass(
                class_id=class_id(key),
                name=name,
                course_code=code,
                owner_id=owner.user_id,
                created_at=_created(index),
                student_ids=tuple(member.student_id for member in members),
            )
        )
    return classes, students


def _created(index: int) -> datetime:
    return BASE_DATE - timedelta(days=88 - index, minutes=17 * index, microseconds=448_792)


def _members(key: str, owner: Person, size: int) -> list[Student]:
    random = Random(f"class/{key}")
    pupils = [
        _pupil(key, owner, number, first, last)
        for number, (first, last) in enumerate(pupil_names(random, size))
    ]
    return [*pupils, _unknown(key, owner)] if key == CLASS_WITH_UNKNOWN else pupils


def _pupil(key: str, owner: Person, number: int, first: str, last: str) -> Student:
    middle = "Linnea" if number % 5 == 0 else ""
    return Student(
        student_id=fixed_id(f"student/{key}/{number}"),
        first_name=first,
        last_name=last,
        legal_full_name=" ".join(part for part in (first, middle, last) if part),
        # Not every school hands out addresses.
        email=None if number % 9 == 8 else f"elev{number:02}.{key}@elev.example",
        created_by=owner.user_id,
        class_ids=(class_id(key),),
    )


def _unknown(key: str, owner: Person) -> Student:
    return Student(
        student_id=fixed_id(f"student/{key}/unknown"),
        first_name="UNKNOWN",
        last_name="STUDENT",
        legal_full_name="UNKNOWN STUDENT",
        email=f"unknown.{class_id(key)}{UNKNOWN_EMAIL_DOMAIN}",
        created_by=owner.user_id,
        class_ids=(class_id(key),),
    )
