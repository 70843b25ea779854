"""The batches of the demo, newest first: owner, class, situation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from devstack.seed.classes import COURSE_CODES
from devstack.seed.identifiers import BASE_DATE, fixed_id
from devstack.seed.people import ANNA, ERIK, SARA, DemoUser
from devstack.seed.situations import Situation


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """`class_key` None is a guest batch; `variant` selects a special case of the situation.

    `lacking` files of the expected number were not uploaded.
    """

    key: str
    owner: DemoUser
    class_key: str | None
    course: str
    situation: Situation
    size: int
    variant: str = ""
    has_prompt: bool = True
    lacking: int = 0

    @property
    def batch_id(self) -> str:
        return fixed_id(f"batch/{self.key}")


_OWNERS = {"a": ANNA, "e": ERIK, "s": SARA}


def _planned(
    key: str,
    place: str,
    situation: Situation,
    size: int = 25,
    variant: str = "",
    *,
    prompt: bool | None = None,
    lacking: int = 0,
) -> PlannedBatch:
    """A batch of the class, or of guests where `place` is a course; these have no prompt."""
    class_key = place if place in COURSE_CODES else None
    owner, course = _OWNERS[key[0]], COURSE_CODES.get(place, place)
    has_prompt = class_key is not None if prompt is None else prompt
    return PlannedBatch(
        key, owner, class_key, course, situation, size, variant, has_prompt, lacking
    )


_NA, _SA, _EK = "anna-na23b", "anna-sa24a", "anna-ek22"
_TE, _N7, _ES = "erik-te24", "erik-na22", "erik-es23"
_HU, _SC = "sara-hu24", "sara-sa23c"

# Of the last 23 hours: CMS's timer has confirmed no suggestion of theirs.
_RECENT = (
    _planned("a01", _NA, Situation.REGISTERED, lacking=25),
    _planned("e01", _TE, Situation.UPLOADING, 27, lacking=15),
    _planned("a02", _NA, Situation.AWAITING_CONFIRMATION, 26),
    _planned("s01", _HU, Situation.UPLOADING, 28, lacking=7),
    _planned("a05", _NA, Situation.SPELLCHECK_RUNNING, 26),
    # Created at the same time as the one before it: RAS's order has no tie-breaker.
    _planned("a06", "SV1", Situation.READY, 24, "same-time", prompt=True),
    _planned("e04", _TE, Situation.SPELLCHECK_RUNNING, 27),
    _planned("a07", _SA, Situation.ASSESSMENT_RUNNING, 25),
    _planned("s03", _HU, Situation.ASSESSMENT_RUNNING, 28),
    _planned("e05", _N7, Situation.ASSESSMENT_RUNNING_WITH_FAILURES, 24),
    _planned("e02", _N7, Situation.AWAITING_CONFIRMATION, 24),
    _planned("s10", _SC, Situation.MATCHING),
    _planned("a03", _SA, Situation.AWAITING_CONFIRMATION, prompt=False),
    _planned("s02", _SC, Situation.AWAITING_CONFIRMATION, 25),
    _planned("e03", _ES, Situation.AWAITING_CONFIRMATION),
    _planned("e06", "SV2", Situation.READY, 25),
    _planned("a08", _NA, Situation.CONFIRMED, 26),
    _planned("a04", _EK, Situation.AWAITING_CONFIRMATION, 25, "unknown"),
    _planned("s11", _HU, Situation.AWAITING_CONFIRMATION, 27),
    _planned("e14", _TE, Situation.AWAITING_CONFIRMATION, 26),
)
_EARLIER = (
    _planned("a09", _EK, Situation.TIMED_OUT),
    _planned("s04", _SC, Situation.TIMED_OUT_AFTER_CONFIRMATION),
    _planned("a10", _NA, Situation.UPLOAD_FAILED, 26, lacking=1),
    _planned("e15", "ENG7", Situation.DENIED, 30, prompt=True),
    _planned("s05", _HU, Situation.UPLOAD_FAILED, 28, lacking=8),
    _planned("a11", _SA, Situation.UNMATCHED),
    _planned("a12", _SA, Situation.ASSESSMENT_STUCK, 25),
    _planned("e07", "ENG7", Situation.LATER_PHASE_FAILED, 22),
    _planned("a13", _NA, Situation.PARTLY_FAILED, 26),
    _planned("a18", _NA, Situation.DONE, 26),
    _planned("e08", _N7, Situation.DONE, 24, "nan"),
    _planned("s06", _HU, Situation.ENDED_WITH_FAILED_PHASE, 28),
    _planned("a14", _EK, Situation.DONE),
    _planned("e09", _TE, Situation.UNMATCHED, 27),
    _planned("a15", _SA, Situation.RETRIED),
    _planned("e10", "SV2", Situation.DONE, 120),
    _planned("s07", _SC, Situation.DONE, 1),
    _planned("a16", _EK, Situation.LATER_PHASE_FAILED),
    _planned("e11", _ES, Situation.PARTLY_FAILED, 25),
    _planned("s12", _SC, Situation.STARTED_AGAIN),
    _planned("a17", _SA, Situation.PARTLY_FAILED, 25),
    _planned("e12", _TE, Situation.FIRST_PHASE_FAILED, 27),
    _planned("s08", "ENG5", Situation.DONE, 18),
    _planned("s13", _HU, Situation.PARTLY_FAILED, 26),
    _planned("e13", _N7, Situation.DONE, 24, prompt=False),
    _planned("s15", _HU, Situation.SECOND_PIPELINE, 26),
    _planned("s14", _SC, Situation.LATER_PHASE_FAILED, 24),
    _planned("s09", _SC, Situation.DONE),
)
PLAN = (*_RECENT, *_EARLIER)

# The batches that the scenario moves. They have ended in the seed, so that every result of theirs
# exists. They are of all teachers, of classes and of guests, without failures, with some, and one
# that fails as a whole.
MOVING_KEYS = ("a14", "e11", "s08", "a17", "e07")
# The newest one is so old; the distances of recent and of earlier ones.
_NEWEST = timedelta(minutes=64)
_RECENT_SPACING, _SPACING = timedelta(minutes=63), timedelta(days=1, hours=14, minutes=23)


def creation_times() -> list[datetime]:
    """The registration of each planned batch; all distances are whole minutes."""
    times: list[datetime] = []
    for index, planned in enumerate(PLAN):
        earlier = max(index - len(_RECENT) + 1, 0)
        age = _NEWEST + (index - earlier) * _RECENT_SPACING + earlier * _SPACING
        fresh = (BASE_DATE - age).replace(microsecond=(index * 103_311) % 1_000_000)
        times.append(times[-1] if planned.variant == "same-time" else fresh)
    return times


@dataclass(frozen=True, slots=True)
class TruthRow:
    """The batch that shows a situation; the scenario does not move it."""

    batch_id: str
    owner: DemoUser


BOS_ONLY_BATCH_ID = fixed_id("batch/known-to-bos-only")
TRUTH_TABLE: Mapping[Situation, TruthRow] = {
    Situation.NOT_IN_RESULTS: TruthRow(BOS_ONLY_BATCH_ID, ANNA),
    # The first one of a situation remains.
    **{
        planned.situation: TruthRow(planned.batch_id, planned.owner)
        for planned in reversed(PLAN)
        if planned.key not in MOVING_KEYS
    },
}
