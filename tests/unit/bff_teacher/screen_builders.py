"""Screens for unit tests: each reads empty fakes, apart from those that a test names.

A new port of a screen gets its fake here, and no test has to change.
"""

from collections.abc import Sequence
from typing import Protocol

from bff_core.composition import PartV1
from services.bff_teacher.ports.maintenance import Maintenance
from services.bff_teacher.screens.associations import AssociationsScreen
from services.bff_teacher.screens.batch_detail import BatchDetailScreen
from services.bff_teacher.screens.batch_results import BatchResultsScreen
from services.bff_teacher.screens.class_list import ClassListScreen
from services.bff_teacher.screens.dashboard import DashboardScreen
from services.bff_teacher.screens.essay import EssayScreen
from services.bff_teacher.screens.profile import ProfileScreen
from services.bff_teacher.screens.states import StateReads
from tests.unit.bff_teacher.fakes import (
    FakeClasses,
    FakeCredits,
    FakeProfiles,
    FakeResults,
    FakeStudents,
    MemoryTitles,
)
from tests.unit.bff_teacher.screen_fakes import (
    FakeAssociations,
    FakeBatches,
    FakeFiles,
    FakeTexts,
)
from tests.unit.bff_teacher.state_fakes import state_reads
from tests.unit.set_switches import SetSwitches

NOTHING: frozenset[str] = frozenset()


def a_dashboard(
    *,
    results: FakeResults | None = None,
    classes: FakeClasses | None = None,
    students: FakeStudents | None = None,
    states: StateReads | None = None,
    titles: MemoryTitles | None = None,
    balances: FakeCredits | None = None,
    disabled: frozenset[str] = NOTHING,
) -> DashboardScreen:
    return DashboardScreen(
        results=results or FakeResults(),
        classes=classes or FakeClasses(),
        students=students or FakeStudents(),
        states=states or state_reads(disabled=disabled),
        titles=titles or MemoryTitles(),
        balances=balances or FakeCredits(),
        disabled=disabled,
    )


def a_class_list(
    *,
    results: FakeResults | None = None,
    classes: FakeClasses | None = None,
    students: FakeStudents | None = None,
    states: StateReads | None = None,
    disabled: frozenset[str] = NOTHING,
) -> ClassListScreen:
    return ClassListScreen(
        results=results or FakeResults(),
        classes=classes or FakeClasses(),
        students=students or FakeStudents(),
        states=states or state_reads(disabled=disabled),
        disabled=disabled,
    )


def a_batch_detail(
    *,
    batches: FakeBatches | None = None,
    classes: FakeClasses | None = None,
    students: FakeStudents | None = None,
    files: FakeFiles | None = None,
    states: StateReads | None = None,
    titles: MemoryTitles | None = None,
    disabled: frozenset[str] = NOTHING,
) -> BatchDetailScreen:
    return BatchDetailScreen(
        batches=batches or FakeBatches(),
        classes=classes or FakeClasses(),
        students=students or FakeStudents(),
        files=files or FakeFiles(),
        states=states or state_reads(disabled=disabled),
        titles=titles or MemoryTitles(),
        disabled=disabled,
    )


def some_associations(
    *,
    batches: FakeBatches | None = None,
    associations: FakeAssociations | None = None,
    classes: FakeClasses | None = None,
    students: FakeStudents | None = None,
    disabled: frozenset[str] = NOTHING,
) -> AssociationsScreen:
    return AssociationsScreen(
        batches=batches or FakeBatches(),
        associations=associations or FakeAssociations(),
        classes=classes or FakeClasses(),
        students=students or FakeStudents(),
        disabled=disabled,
    )


def an_essay_screen(
    *,
    batches: FakeBatches | None = None,
    students: FakeStudents | None = None,
    texts: FakeTexts | None = None,
    disabled: frozenset[str] = NOTHING,
) -> EssayScreen:
    return EssayScreen(
        batches=batches or FakeBatches(),
        students=students or FakeStudents(),
        texts=texts or FakeTexts(),
        disabled=disabled,
    )


def some_results(
    *,
    batches: FakeBatches | None = None,
    students: FakeStudents | None = None,
    states: StateReads | None = None,
    titles: MemoryTitles | None = None,
    disabled: frozenset[str] = NOTHING,
) -> BatchResultsScreen:
    return BatchResultsScreen(
        batches=batches or FakeBatches(),
        students=students or FakeStudents(),
        states=states or state_reads(),
        titles=titles or MemoryTitles(),
        disabled=disabled,
    )


def a_profile(
    *,
    profiles: FakeProfiles | None = None,
    maintenance: Maintenance | None = None,
    disabled: frozenset[str] = NOTHING,
) -> ProfileScreen:
    return ProfileScreen(
        profiles=profiles or FakeProfiles(),
        switches=SetSwitches(maintenance or Maintenance()),
        disabled=disabled,
    )


class WithParts(Protocol):
    @property
    def parts(self) -> Sequence[PartV1]: ...


def part_of(answer: WithParts, name: str) -> tuple[str, str | None]:
    """Status and code of a part, by its name."""
    (found,) = (part for part in answer.parts if part.name == name)
    return found.status, found.code


def names_of_parts(answer: WithParts) -> set[str]:
    return {part.name for part in answer.parts}
