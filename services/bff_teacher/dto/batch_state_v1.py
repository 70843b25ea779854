"""State of a batch, as dashboard, detail and stream show it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from pydantic.config import JsonDict

from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1

StatusV1 = Annotated[
    BatchStatusV1 | None,
    Field(
        description="`not_started`: no phase has begun; files may be missing, matching may run, or"
        " all is ready: no source says which. `awaiting_review`: matches wait for the teacher."
        " `ready`: matches are confirmed; nothing starts by itself. `retried`: a phase was started"
        " again, and no source says whether it still runs. Null while no source that can be read"
        " says it."
    ),
]
StatusSourceV1 = Annotated[
    Literal["ras", "bos", "files", "cms", "ledger", "events"] | None,
    Field(
        description="Source of `status`: results aggregator, orchestrator, file service, class"
        " management, the record of confirmations, or the platform's events."
    ),
]
WaitsForV1 = Annotated[
    Literal["files", "matching", "no_matches"] | None,
    Field(
        description="The thing that a batch waits for which is `not_started`, where events tell it."
        " `files`: fewer essays have arrived than it expects. `matching`: essays are being matched"
        " with students. `no_matches`: no essay was matched, and the platform waits for ever. Null"
        " when it waits for nothing, and when that is unknown."
    ),
]
PlacedFilesV1 = Annotated[
    int | None,
    Field(ge=0, description="Files that fill a place, while the batch is known to wait for files."),
]
RejectedFilesV1 = Annotated[
    int | None,
    Field(
        ge=0,
        description="Files that the platform refused, while the batch is known to wait for files:"
        " it waits for others in their place.",
    ),
]
ProcessingPhaseV1 = Annotated[str | None, Field(description="The phase that runs, if any.")]
ProgressV1 = Annotated[
    int | None,
    Field(
        ge=0,
        le=100,
        description="Share of essays that the spellcheck or the whole batch has ended; null in"
        " other phases, which count nothing. 100 only when `is_final`.",
    ),
]
IsFinalV1 = Annotated[bool, Field(description="All processing has ended.")]
DeviationsV1 = Annotated[
    int | None, Field(description="Matches that wait for the teacher: `attention.pending`.")
]
DeadlineV1 = Annotated[
    datetime | None,
    Field(
        description="Earliest time of the automatic confirmation: `attention.auto_confirm_from`."
    ),
]


# Dataclasses: their values are checked already.
@dataclass(slots=True)
class BatchPhaseV1:
    """A phase that was asked for. The platform does not record when the first one began."""

    name: str
    status: Literal["waiting", "running", "completed", "failed", "retried", "skipped", "cancelled"]
    started_at: datetime | None
    completed_at: datetime | None


@dataclass(slots=True)
class AttentionV1:
    """Matches of essays with students that need the teacher, or no longer do."""

    kind: Literal["student_matching"]
    pending: Annotated[
        int | None,
        Field(
            description="Matches to decide; 0 once they are confirmed, null when the automatic"
            " confirmation may have been there."
        ),
    ]
    uncertain: Annotated[
        int | None, Field(description="Always null: class management does not give its confidence.")
    ]
    unmatched: Annotated[int, Field(description="Essays without a suggested student.")]
    auto_confirm_from: Annotated[
        datetime | None,
        Field(description="From then on, class management confirms what is left by itself."),
    ]
    auto_confirm_by: Annotated[datetime | None, Field(description="By then it has.")]
    confirmed_at: Annotated[
        datetime | None, Field(description="When the teacher confirmed the matches.")
    ]


# A dataclass, as above.
@dataclass(slots=True)
class StartDenialV1:
    """A start that the platform refused after it had accepted it."""

    pipeline: str
    reason: Annotated[
        Literal["insufficient_credits", "rate_limit", "unknown"],
        Field(description="`unknown` stands for every word that is not known here."),
    ]
    at: datetime


StartDenialOrNoneV1 = Annotated[
    StartDenialV1 | None,
    Field(
        description="Refusal of the latest start, which only an event tells; null once another one"
        " was requested."
    ),
]
PhasesV1 = Annotated[
    list[BatchPhaseV1] | None,
    Field(
        description="Null while the part `phases` is missing, and in lists for finished batches."
    ),
]
AttentionOrNoneV1 = Annotated[
    AttentionV1 | None,
    Field(
        description="Null when nothing needs the teacher, and while the part `phases` or"
        " `validation` is missing."
    ),
]

EXAMPLE_STATE: JsonDict = {
    "status": "completed_with_failures",
    "status_source": "ras",
    "processing_phase": None,
    "phases": None,
    "attention": None,
    "deviation_count": None,
    "auto_confirm_deadline": None,
    "waits_for": None,
    "placed_files": None,
    "rejected_files": None,
    "start_denied": None,
}
