"""A confirm screen over fakes, with a batch in review."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import pytest

from bff_core.composition import WithHeaders
from bff_core.context import Deadline
from bff_core.errors import BffError, DownstreamError
from bff_core.testing import FakeClock
from services.bff_teacher.confirmations.model import Confirmations
from services.bff_teacher.dto.associations_v1 import (
    AssociationConfirmRequestV1,
    AssociationConfirmResultV1,
)
from services.bff_teacher.ports import CurrentFacts
from services.bff_teacher.screens.confirm import ConfirmScreen, ConfirmTimeouts
from tests.unit.bff_teacher.fakes import (
    FakeClasses,
    FakeResults,
    FakeStudents,
    RecordingWrites,
    a_class,
    a_context,
    batch_id,
)
from tests.unit.bff_teacher.screen_fakes import (
    FakeAssociations,
    FakeBatches,
    MemoryConfirmations,
    a_row,
    a_student,
    a_whole_batch,
    an_essay,
    essay_id,
    student_id,
)
from tests.unit.bff_teacher.state_fakes import FakePipelines, FakeReviews, state_reads

TIMEOUTS = ConfirmTimeouts(lease=7.0, ledger=1.0)
NOTHING_SAID: Mapping[int, str] = MappingProxyType({})
REPLAY = {"Idempotent-Replay": "true"}
MATCHED = (1, 2, 3)
UNMATCHED = 4
OWN_STUDENTS = (1, 2, 3, 4, 5)
PLACEHOLDER = 90
"""CMS's placeholder in the teacher's own class."""
FOREIGN_STUDENT = 77
"""A student of another teacher's class."""


def a_decision(essay: int, student: int | None) -> dict[str, Any]:
    return {
        "essay_id": essay_id(essay),
        "student_id": None if student is None else student_id(student),
    }


def a_request(
    *pairs: tuple[int, int | None],
    force: bool = False,
    suggestions: Mapping[int, str] = NOTHING_SAID,
) -> AssociationConfirmRequestV1:
    """`suggestions` is what the client sends back of the list, by essay."""
    decisions = [a_decision(*pair) | {"suggestion": suggestions.get(pair[0])} for pair in pairs]
    body = {"decisions": decisions, "force": force}
    return AssociationConfirmRequestV1.model_validate(body)


ROWS = [a_row(number, number) for number in MATCHED]
GOOD = ((1, 1), (2, None), (3, 3))
OTHER = ((1, 2), (2, None), (3, 3))


@dataclass
class ConfirmScenario:
    """Essays 1 to 3 have a suggestion, 4 has none; students 1 to 5 are the teacher's."""

    batches: FakeBatches = field(
        default_factory=lambda: FakeBatches(
            [a_whole_batch(1, [an_essay(number) for number in (*MATCHED, UNMATCHED)])]
        )
    )
    cms: FakeAssociations = field(default_factory=lambda: FakeAssociations(ROWS))
    classes: FakeClasses = field(default_factory=lambda: FakeClasses([a_class(1)]))
    students: FakeStudents = field(
        default_factory=lambda: FakeStudents(
            {
                a_class(1).id: [
                    *(a_student(number) for number in OWN_STUDENTS),
                    a_student(PLACEHOLDER, email="unknown.x@huleedu.system"),
                ],
                a_class(2).id: [a_student(FOREIGN_STUDENT)],
            }
        )
    )
    pipelines: FakePipelines = field(default_factory=FakePipelines)
    reviews: FakeReviews = field(default_factory=lambda: FakeReviews({batch_id(1): ROWS}))
    ledger: Confirmations = field(default_factory=MemoryConfirmations)
    clock: FakeClock = field(default_factory=FakeClock)
    writes: RecordingWrites = field(default_factory=RecordingWrites)

    async def confirm(
        self,
        *pairs: tuple[int, int | None],
        force: bool = False,
        key: str | None = None,
        seconds: float = 6.0,
        suggestions: Mapping[int, str] = NOTHING_SAID,
    ) -> WithHeaders[AssociationConfirmResultV1]:
        facts = CurrentFacts(self.batches, self.classes, self.students, FakeResults())
        screen = ConfirmScreen(
            facts=facts,
            associations=self.cms,
            states=state_reads(self.pipelines, self.reviews),
            ledger=self.ledger,
            writes=self.writes,
            clock=self.clock,
            timeouts=TIMEOUTS,
        )
        ctx = replace(a_context(), deadline=Deadline.after(seconds, self.clock))
        return await screen.confirm(
            ctx, batch_id(1), a_request(*pairs, force=force, suggestions=suggestions), key
        )


async def refused(scenario: ConfirmScenario, *pairs: Any, **options: Any) -> BffError:
    """The error of a confirmation that must not reach CMS."""
    before = len(scenario.cms.confirmed)
    with pytest.raises(BffError) as caught:
        await scenario.confirm(*pairs, **options)
    assert len(scenario.cms.confirmed) == before
    return caught.value


async def failed(scenario: ConfirmScenario, error: DownstreamError) -> DownstreamError:
    """The error of a confirmation when CMS answers with `error`."""
    scenario.cms.confirm_fails = error
    with pytest.raises(DownstreamError) as caught:
        await scenario.confirm(*GOOD)
    scenario.cms.confirm_fails = None
    return caught.value
