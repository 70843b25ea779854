"""Results as comma-separated values that a spreadsheet opens and never executes."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from bff_core.inputs import CONTROLS
from services.bff_teacher.dto.essay_result_v1 import GradeV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.dto.results_v1 import ResultRowV1

BYTE_ORDER_MARK = "\ufeff"
"""Without it, spreadsheets take UTF-8 for the encoding of their country."""
SEPARATORS: Mapping[LanguageV1, str] = {LanguageV1.ENGLISH: ",", LanguageV1.SWEDISH: ";"}
"""Spreadsheets expect semicolons between columns in languages with decimal commas."""
DECIMALS: Mapping[LanguageV1, str] = {LanguageV1.ENGLISH: ".", LanguageV1.SWEDISH: ","}
HEADINGS: Mapping[LanguageV1, Sequence[str]] = {
    LanguageV1.ENGLISH: (
        "Rank",
        "Last name",
        "First name",
        "Match",
        "File",
        "Score",
        "Spelling corrections",
        "Remarks",
        "Essay",
    ),
    LanguageV1.SWEDISH: (
        "Placering",
        "Efternamn",
        "Förnamn",
        "Koppling",
        "Fil",
        "Poäng",
        "Rättade stavfel",
        "Anmärkningar",
        "Text",
    ),
}
GRADE_HEADINGS: Mapping[LanguageV1, Sequence[str]] = {
    LanguageV1.ENGLISH: ("Grade", "Confidence of the grade"),
    LanguageV1.SWEDISH: ("Betyg", "Betygets säkerhet"),
}
"""Columns at the end, which a file has when a grade of the batch is known."""
SUGGESTED: Mapping[LanguageV1, str] = {
    LanguageV1.ENGLISH: "suggested",
    LanguageV1.SWEDISH: "föreslagen",
}
_CONTROL = re.compile(f"[{CONTROLS}]+")
_FORMULA_STARTS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")


def csv_of(rows: Iterable[ResultRowV1], language: LanguageV1) -> bytes:
    """The file: UTF-8 with its mark, a heading, and a line an essay."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=SEPARATORS[language], lineterminator="\r\n")
    all_rows = list(rows)
    graded = any(row.grade for row in all_rows)
    writer.writerow((*HEADINGS[language], *(GRADE_HEADINGS[language] if graded else ())))
    writer.writerows(
        (*_cells(row, language), *(_grade(row.grade, language) if graded else ()))
        for row in all_rows
    )
    return (BYTE_ORDER_MARK + text.getvalue()).encode()


def harmless(text: str | None) -> str:
    """The text on one line; one that a spreadsheet would calculate begins with an apostrophe."""
    line = _CONTROL.sub(" ", text or "").strip()
    return f"'{line}" if line.startswith(_FORMULA_STARTS) else line


def _grade(grade: GradeV1 | None, language: LanguageV1) -> Sequence[str]:
    if grade is None:
        return "", ""
    confidence = "" if grade.confidence is None else f"{grade.confidence:.2f}"
    return grade.letter, confidence.replace(".", DECIMALS[language])


def _cells(row: ResultRowV1, language: LanguageV1) -> Sequence[str | int | None]:
    student = row.student
    score = "" if row.score is None else f"{row.score:.4f}".replace(".", DECIMALS[language])
    return (
        row.rank,
        harmless(student.last_name) if student else None,
        harmless(student.first_name) if student else None,
        SUGGESTED[language] if student else None,
        harmless(row.filename),
        score,
        row.spellcheck_correction_count,
        " ".join(failure.message for failure in row.failures),
        row.essay_id,
    )
