"""The forty batches of the demo, newest first: owner, class, status."""

from dataclasses import dataclass

from devstack.seed.classes import COURSE_CODES
from devstack.seed.model import BatchStatus as S
from devstack.seed.people import ANNA, ERIK, SARA, DemoUser


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """`class_key` None is a guest batch; `variant` selects a special case of the status."""

    key: str
    owner: DemoUser
    class_key: str | None
    course: str
    status: S
    size: int
    variant: str = ""
    has_prompt: bool = True


_OWNERS = {"a": ANNA, "e": ERIK, "s": SARA}


def _regular(
    key: str, class_key: str, status: S, size: int = 25, variant: str = "", *, prompt: bool = True
) -> PlannedBatch:
    owner, course = _OWNERS[key[0]], COURSE_CODES[class_key]
    return PlannedBatch(key, owner, class_key, course, status, size, variant, prompt)


def _guest(key: str, course: str, status: S, size: int, variant: str = "") -> PlannedBatch:
    return PlannedBatch(key, _OWNERS[key[0]], None, course, status, size, variant, has_prompt=False)


_NA, _SA, _EK = "anna-na23b", "anna-sa24a", "anna-ek22"
_TE, _N7, _ES = "erik-te24", "erik-na22", "erik-es23"
_HU, _SC = "sara-hu24", "sara-sa23c"

PLAN: tuple[PlannedBatch, ...] = (
    _regular("a01", _NA, S.AWAITING_CONTENT_VALIDATION, variant="empty"),
    _regular("e01", _TE, S.AWAITING_CONTENT_VALIDATION, variant="arriving"),
    _regular("a02", _NA, S.AWAITING_STUDENT_VALIDATION, 26, "listed"),
    _regular("s01", _HU, S.AWAITING_CONTENT_VALIDATION, 28),
    _regular("a03", _SA, S.AWAITING_STUDENT_VALIDATION, prompt=False),
    _regular("e02", _N7, S.AWAITING_STUDENT_VALIDATION, 24, "listed"),
    _regular("a04", _EK, S.AWAITING_STUDENT_VALIDATION, 25, "unknown"),
    _regular("e03", _ES, S.AWAITING_STUDENT_VALIDATION),
    _regular("s02", _SC, S.AWAITING_STUDENT_VALIDATION, 25, "listed"),
    _regular("a05", _NA, S.PROCESSING_PIPELINES, 26, "spellcheck"),
    # Created at the same time as the one before it: RAS's order has no tie-breaker.
    _guest("a06", "SV1", S.AWAITING_PIPELINE_CONFIGURATION, 24, "same-time"),
    _regular("e04", _TE, S.PROCESSING_PIPELINES, 27, "spellcheck"),
    _regular("s03", _HU, S.PROCESSING_PIPELINES, 28, "assessing"),
    _regular("a07", _SA, S.PROCESSING_PIPELINES, 25, "assessing"),
    _regular("e05", _N7, S.PROCESSING_PIPELINES, 24, "assessing"),
    _regular("a08", _SA, S.READY_FOR_PIPELINE_EXECUTION),
    _regular("e06", _ES, S.READY_FOR_PIPELINE_EXECUTION, prompt=False),
    _regular("a09", _NA, S.STUDENT_VALIDATION_COMPLETED, 26),
    _regular("s04", _SC, S.STUDENT_VALIDATION_COMPLETED),
    _regular("a10", _EK, S.VALIDATION_TIMEOUT_PROCESSED),
    _regular("a11", _NA, S.CONTENT_INGESTION_FAILED, 26),
    _regular("s05", _HU, S.AWAITING_PIPELINE_CONFIGURATION, 28),
    _regular("a12", _SA, S.COMPLETED_SUCCESSFULLY, 25, "first-phase"),
    _guest("e07", "ENG7", S.FAILED_CRITICALLY, 22),
    _regular("a13", _NA, S.COMPLETED_WITH_FAILURES, 26),
    _regular("e08", _N7, S.COMPLETED_SUCCESSFULLY, 24, "nan"),
    _regular("s06", _HU, S.COMPLETED_WITH_FAILURES, 28, "estimated"),
    _regular("a14", _EK, S.COMPLETED_SUCCESSFULLY),
    _regular("e09", _TE, S.CANCELLED, 27),
    _regular("a15", _SA, S.CANCELLED),
    _guest("e10", "SV2", S.COMPLETED_SUCCESSFULLY, 120),
    _regular("s07", _SC, S.COMPLETED_SUCCESSFULLY, 1),
    _regular("a16", _EK, S.FAILED_CRITICALLY),
    _regular("e11", _ES, S.COMPLETED_SUCCESSFULLY, 25, "overwritten"),
    _regular("a17", _SA, S.COMPLETED_SUCCESSFULLY, 25, "overwritten"),
    _regular("e12", _TE, S.COMPLETED_WITH_FAILURES, 27),
    _guest("s08", "ENG5", S.COMPLETED_SUCCESSFULLY, 18),
    _regular("e13", _N7, S.COMPLETED_SUCCESSFULLY, 24, prompt=False),
    _regular("a18", _NA, S.COMPLETED_SUCCESSFULLY, 26),
    _regular("s09", _SC, S.COMPLETED_SUCCESSFULLY),
)
