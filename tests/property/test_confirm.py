"""For any decisions, CMS is called at most once, and only when they are allowed."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bff_core.errors import ClientError
from services.bff_teacher.dto.associations_v1 import AssociationConfirmRequestV1
from tests.unit.bff_teacher.confirm_scenario import (
    FOREIGN_STUDENT,
    MATCHED,
    OWN_STUDENTS,
    PLACEHOLDER,
    UNMATCHED,
    ConfirmScenario,
)

ESSAYS = st.sampled_from([*MATCHED, *MATCHED, UNMATCHED, 55])
STUDENTS = st.sampled_from([*OWN_STUDENTS, None, None, PLACEHOLDER, FOREIGN_STUDENT])
PAIRS = st.lists(st.tuples(ESSAYS, STUDENTS), min_size=1, max_size=6)
# Bodies that are right more often than by chance: every matched essay once, some students chosen.
COMPLETE = st.permutations([*OWN_STUDENTS, None, None]).map(
    lambda chosen: [(essay, chosen[number]) for number, essay in enumerate(MATCHED)]
)


def may_be_confirmed(pairs: list[tuple[int, int | None]]) -> bool:
    essays = [essay for essay, _ in pairs]
    chosen = [student for _, student in pairs if student is not None]
    return (
        len(set(essays)) == len(essays)
        and len(set(chosen)) == len(chosen)
        and set(MATCHED) <= set(essays) <= {*MATCHED, UNMATCHED}
        and set(chosen) <= set(OWN_STUDENTS)
    )


async def attempt(
    scenario: ConfirmScenario, pairs: list[tuple[int, int | None]], **options: Any
) -> bool:
    try:
        await scenario.confirm(*pairs, **options)
    except ClientError:
        return False
    return True


@settings(max_examples=200, deadline=None)
@given(pairs=st.one_of(COMPLETE, PAIRS), force=st.booleans())
def test_cms_hears_exactly_of_what_may_be_confirmed(
    pairs: list[tuple[int, int | None]], *, force: bool
) -> None:
    scenario = ConfirmScenario()

    done = asyncio.run(attempt(scenario, pairs, force=force))

    assert done is may_be_confirmed(pairs)
    assert len(scenario.cms.confirmed) == done
    if done:
        sent = {one.essay_id[-2:]: one.confirmed for one in scenario.cms.confirmed[0][1]}
        assert sent == {f"{essay:02}": student is not None for essay, student in pairs}


@settings(max_examples=200, deadline=None)
@given(
    bodies=st.lists(st.tuples(COMPLETE, st.booleans(), st.sampled_from([None, "k"])), max_size=6)
)
def test_cms_hears_once_however_often_and_whatever_is_sent(
    bodies: list[tuple[list[tuple[int, int | None]], bool, str | None]],
) -> None:
    scenario = ConfirmScenario()

    async def send() -> None:
        async with asyncio.TaskGroup() as group:
            for pairs, force, key in bodies:
                group.create_task(attempt(scenario, pairs, force=force, key=key))

    asyncio.run(send())

    assert len(scenario.cms.confirmed) == min(1, len(bodies))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.uuids().map(str),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["decisions", "essay_id", "student_id", "force", "user_id"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(body=JSON)
def test_body_of_any_shape_is_read_or_refused(body: Any) -> None:
    scenario = ConfirmScenario()
    try:
        request = AssociationConfirmRequestV1.model_validate(body)
    except ValidationError:
        return

    pairs = [(str(one.essay_id), one.student_id) for one in request.decisions]
    assert 1 <= len(pairs) <= 2000
    assert isinstance(request.force, bool)
    assert scenario.cms.confirmed == []
