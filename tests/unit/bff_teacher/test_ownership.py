import pytest

from bff_core.context import UserId
from bff_core.errors import DownstreamUnreachable, NotAuthorized
from services.bff_teacher.contracts.cms import Roster, RosterStudent
from services.bff_teacher.ownership import OWNER_MAX_AGE, real_students, require_own_batch

ANNA = UserId("anna-1")


def test_own_batch_passes_while_the_fact_is_fresh() -> None:
    require_own_batch("anna-1", ANNA, age=OWNER_MAX_AGE)


@pytest.mark.parametrize("owner", ["erik-1", "", "ANNA-1", "anna-1 "])
def test_another_teacher_s_batch_is_refused_without_a_word_on_whose_it_is(owner: str) -> None:
    with pytest.raises(NotAuthorized) as refused:
        require_own_batch(owner, ANNA)

    assert refused.value.details == {}


def test_a_uuid_is_the_same_owner_in_any_case() -> None:
    owner = "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72"

    require_own_batch(owner.upper(), UserId(owner))
    require_own_batch(owner, UserId(owner.upper()))


@pytest.mark.parametrize("owner", ["anna-1", "erik-1"])
def test_fact_of_more_than_a_minute_proves_nothing(owner: str) -> None:
    with pytest.raises(DownstreamUnreachable):
        require_own_batch(owner, ANNA, age=OWNER_MAX_AGE + 0.1)


@pytest.mark.parametrize(
    ("email", "counts"),
    [
        (None, True),
        ("maja@skola.example", True),
        ("huleedu.system@skola.example", True),
        ("unknown.c7e1@huleedu.system", False),
        ("UNKNOWN.c7e1@HULEEDU.SYSTEM", False),
    ],
)
def test_placeholder_is_known_by_its_address(email: str | None, *, counts: bool) -> None:
    student = RosterStudent(student_id="s", first_name="UNKNOWN", last_name="STUDENT", email=email)

    assert bool(real_students(Roster(students=(student,)))) is counts
