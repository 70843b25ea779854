"""Results on the screen and in a file have the same rows; a file executes nothing."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff_core.errors import Conflict, DownstreamFailed, DownstreamTimeout, NotAuthorized, NotFound
from services.bff_teacher.api.csv_files import disposition
from services.bff_teacher.contracts.cms import PLACEHOLDER_NAME
from services.bff_teacher.dto.results_v1 import TeacherBatchResultsV1
from services.bff_teacher.ports import BatchTitle
from services.bff_teacher.screens.batch_results import BatchResultsScreen, ResultsFile, file_name
from services.bff_teacher.screens.rows.csv_text import harmless
from tests.unit.bff_teacher.fakes import START, FakeStudents, MemoryTitles, a_context, batch_id
from tests.unit.bff_teacher.screen_builders import some_results
from tests.unit.bff_teacher.screen_fakes import (
    FakeBatches,
    a_match,
    a_whole_batch,
    an_essay,
    essay_id,
    student_id,
)

ESSAYS = [
    an_essay(1, cj_score=-0.25, spellcheck_correction_count=7),
    an_essay(2, cj_score=1.5, filename="=cmd|' /C calc'!A0;.docx"),
    an_essay(3, spellcheck_status="failed"),
]
FINISHED = a_whole_batch(1, ESSAYS, processing_completed_at=START, assignment_id="sv1-krönika")
NAMES = FakeStudents(
    names=[
        a_match(1, 1, "Åsa", "Öberg"),
        a_match(2, 2, "@SUM(1+1)", "-Lund"),
        a_match(3, 3, *PLACEHOLDER_NAME),
    ]
)
SWEDISH = replace(a_context(), accept_language="sv-SE")


def screen_of(
    batch: object = FINISHED, students: FakeStudents = NAMES, *disabled: str
) -> BatchResultsScreen:
    return some_results(
        batches=FakeBatches([batch]),  # type: ignore[list-item]
        students=students,
        titles=MemoryTitles({batch_id(1): BatchTitle("Krönikor: 9A/9B", 1)}),
        disabled=frozenset(disabled),
    )


async def shown(screen: BatchResultsScreen) -> TeacherBatchResultsV1:
    return (await screen.load(SWEDISH, batch_id(1))).body


async def saved(screen: BatchResultsScreen, accept_language: str = "sv") -> ResultsFile:
    ctx = replace(a_context(), accept_language=accept_language)
    return await screen.export(ctx, batch_id(1))


def cells(file: ResultsFile, separator: str) -> list[list[str]]:
    text = file.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


async def test_results_stand_by_rank_with_their_statistics() -> None:
    answer = await shown(screen_of())

    assert [(row.rank, row.score, row.essay_id) for row in answer.rows] == [
        (1, 1.5, essay_id(2)),
        (2, -0.25, essay_id(1)),
        (None, None, essay_id(3)),
    ]
    assert answer.results is not None
    assert (answer.results.count, answer.results.mean) == (2, 0.625)
    assert answer.rows[1].student is not None
    assert answer.rows[1].student.student_id == student_id(1)
    assert answer.rows[2].student is None
    assert answer.title == "Krönikor: 9A/9B"


async def test_a_file_for_swedish_spreadsheets() -> None:
    file = await saved(screen_of())

    assert file.content.startswith(b"\xef\xbb\xbfPlacering;Efternamn;")
    assert file.content.endswith(b"\r\n")
    rows = cells(file, ";")
    assert [row[5] for row in rows] == ["Poäng", "1,5000", "-0,2500", ""]
    assert rows[2][:4] == ["2", "Öberg", "Åsa", "föreslagen"]
    assert rows[3][:4] == ["", "", "", ""]
    assert rows[3][7].startswith("Stavningen")


async def test_a_file_for_english_spreadsheets() -> None:
    rows = cells(await saved(screen_of(), "en"), ",")

    assert rows[0][:2] == ["Rank", "Last name"]
    assert rows[1][5] == "1.5000"


async def test_the_file_has_the_rows_of_the_screen() -> None:
    answer = await shown(screen_of())
    rows = cells(await saved(screen_of()), ";")[1:]

    assert [row[8] for row in rows] == [str(row.essay_id) for row in answer.rows]
    assert [row[6] for row in rows] == ["", "7", ""]


async def test_no_cell_is_a_formula() -> None:
    rows = cells(await saved(screen_of()), ";")

    assert rows[1][1:3] == ["'-Lund", "'@SUM(1+1)"]
    assert rows[1][4] == "'=cmd|' /C calc'!A0;.docx"


@given(st.text())
def test_any_text_is_one_harmless_line(text: str) -> None:
    cell = harmless(text)

    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert len(cell.splitlines()) <= 1


async def test_without_names_there_is_a_screen_and_no_file() -> None:
    screen = screen_of(FINISHED, FakeStudents(down=DownstreamTimeout("cms")))

    answer = await shown(screen)
    with pytest.raises(DownstreamTimeout) as raised:
        await saved(screen)

    assert [part.name for part in answer.parts if part.status == "missing"] == ["student_names"]
    assert raised.value.details == {"service": "cms", "part": "student_names"}


async def test_names_that_are_disabled_are_left_out_of_the_file() -> None:
    down = FakeStudents(down=DownstreamFailed("cms"))

    rows = cells(await saved(screen_of(FINISHED, down, "student_names")), ";")

    assert {tuple(row[1:4]) for row in rows[1:]} == {("", "", "")}


async def test_a_batch_that_is_not_finished_has_rows_and_no_file() -> None:
    screen = screen_of(a_whole_batch(1, ESSAYS))

    answer = await shown(screen)
    with pytest.raises(Conflict) as raised:
        await saved(screen)

    assert (answer.is_final, answer.results, len(answer.rows)) == (False, None, 3)
    assert raised.value.details == {"reason": "not_finished"}


async def test_results_of_another_teacher_are_refused() -> None:
    screen = screen_of(a_whole_batch(1, user_id="erik-1", processing_completed_at=START))

    for read in (shown, saved):
        with pytest.raises(NotAuthorized):
            await read(screen)
    with pytest.raises(NotFound):
        await screen.export(SWEDISH, batch_id(2))


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Krönikor: 9A/9B", "Krönikor 9A 9B 00000000.csv"),
        ("../../etc/passwd", "etc passwd 00000000.csv"),
        ('a"; filename=evil.exe', "a ; filename=evil exe 00000000.csv"),
        ("  ", "results 00000000.csv"),
        ("x" * 200, f"{'x' * 80} 00000000.csv"),
    ],
)
def test_the_name_of_a_file_is_safe_everywhere(title: str, name: str) -> None:
    file = ResultsFile(b"", file_name("00000000", title), "00000000", "sv")  # type: ignore[arg-type]

    assert file.name == name
    header = disposition(file)
    assert header.isascii()
    assert header.startswith("attachment; filename=\"results-00000000.csv\"; filename*=UTF-8''")
    assert header.count('"') == 2
