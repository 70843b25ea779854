"""Eight classes of the three teachers, and the pupils in them."""

from datetime import timedelta
from random import Random

from devstack.seed.identifiers import BASE_DATE, fixed_id
from devstack.seed.model import UNKNOWN_EMAIL_DOMAIN, SchoolClass, SeededStudent
from devstack.seed.people import ANNA, ERIK, SARA, DemoUser

# Key, owner, name, course, number of pupils.
_CLASSES: tuple[tuple[str, DemoUser, str, str, int], ...] = (
    ("anna-na23b", ANNA, "Engelska 6 NA23B", "ENG6", 26),
    ("anna-sa24a", ANNA, "Engelska 5 SA24A", "ENG5", 25),
    ("anna-ek22", ANNA, "Svenska 3 EK22", "SV3", 25),
    ("erik-te24", ERIK, "Svenska 1 TE24", "SV1", 27),
    ("erik-na22", ERIK, "Engelska 7 NA22", "ENG7", 24),
    ("erik-es23", ERIK, "Svenska 2 ES23", "SV2", 25),
    ("sara-hu24", SARA, "Engelska 5 HU24", "ENG5", 28),
    ("sara-sa23c", SARA, "Svenska 2 SA23C", "SV2", 25),
)
# CMS's timeout monitor has added a stand-in pupil to this class.
CLASS_WITH_UNKNOWN = "anna-ek22"
COURSE_CODES = {key: code for key, _, _, code, _ in _CLASSES}

_FIRST_NAMES = (
    "Maja", "Elis", "Åsa", "Örjan", "Vera", "Hugo", "Alva", "Nils", "Ebba", "Liam",
    "Signe", "Oskar", "Freja", "Amir", "Tuva", "Sixten", "Leila", "Ärla", "Viggo", "Saga",
    "Björn", "Moa", "Yusuf", "Klara", "Axel", "Ines", "Gustav", "Nour", "Selma", "Theo",
    "Märta", "Isak", "Zahra", "Loke", "Hedda", "Melvin",
)  # fmt: skip
_LAST_NAMES = (
    "Andersson", "Öberg", "Lindström", "al-Hassan", "Bergqvist", "Nguyen", "Åström", "Hedlund",
    "Sjögren", "Karlsson", "Ahmadi", "Nyström", "Söderberg", "Kovač", "Holmgren", "Ek",
    "Wallin", "Östlund", "Dahl", "Björklund", "Forsberg", "Ali", "Lundgren", "Hägg",
    "Persson", "Engström", "Norén", "Blomqvist", "Vikström", "Strand",
)  # fmt: skip


def class_id(key: str) -> str:
    return fixed_id(f"class/{key}")


def pupil_names(random: Random, count: int) -> list[tuple[str, str]]:
    """`count` different (first, last) pairs."""
    return random.sample([(first, last) for first in _FIRST_NAMES for last in _LAST_NAMES], count)


def build_classes() -> tuple[list[SchoolClass], list[SeededStudent]]:
    classes: list[SchoolClass] = []
    students: list[SeededStudent] = []
    for index, (key, owner, name, code, size) in enumerate(_CLASSES):
        members = _members(key, owner, size)
        students += members
        age = timedelta(days=88 - index, minutes=17 * index, microseconds=448_792)
        classes.append(
            SchoolClass(
                class_id=class_id(key),
                name=name,
                course_code=code,
                owner_id=owner.user_id,
                created_at=BASE_DATE - age,
                student_ids=tuple(member.student_id for member in members),
            )
        )
    return classes, students


def _members(key: str, owner: DemoUser, size: int) -> list[SeededStudent]:
    people: list[tuple[str, str, str, str, str | None]] = []
    for number, (first, last) in enumerate(pupil_names(Random(f"class/{key}"), size)):
        middle = "Linnea " if number % 5 == 0 else ""
        # Some schools hand out no addresses.
        email = None if number % 9 == 8 else f"elev{number:02}.{key}@elev.example"
        people.append((str(number), first, middle, last, email))
    if key == CLASS_WITH_UNKNOWN:
        email = f"unknown.{class_id(key)}{UNKNOWN_EMAIL_DOMAIN}"
        people.append(("unknown", "UNKNOWN", "", "STUDENT", email))
    return [
        SeededStudent(
            student_id=fixed_id(f"student/{key}/{number}"),
            first_name=first,
            last_name=last,
            legal_full_name=f"{first} {middle}{last}",
            email=email,
            created_by=owner.user_id,
            class_ids=(class_id(key),),
        )
        for number, first, middle, last, email in people
    ]
