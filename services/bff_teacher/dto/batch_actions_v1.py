"""Actions that a teacher can take on a batch."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from pydantic.config import JsonDict

ActionNameV1 = Literal[
    "upload_files", "remove_files", "review_matches", "start", "retry", "export", "set_title"
]
ActionReasonV1 = Literal[
    "state_unknown",
    "processing",
    "retried",
    "locked",
    "cancelled",
    "files_complete",
    "files_missing",
    "no_files",
    "matching",
    "no_matches",
    "awaiting_review",
    "nothing_to_review",
    "already_confirmed",
    "already_done",
    "nothing_to_retry",
    "not_finished",
]


# A dataclass: its values are checked already.
@dataclass(slots=True)
class BatchActionV1:
    """One action, allowed or not; the write itself is refused for the same `reason`."""

    name: ActionNameV1
    allowed: bool
    reason: Annotated[
        ActionReasonV1 | None,
        Field(
            description="Null exactly when it is allowed. `state_unknown`: a source cannot be read"
            " now. `processing`: a phase runs. `retried`: a phase was started again, and no source"
            " says whether it still runs. `locked`: a phase has ended, and the platform takes no"
            " more files. `files_complete`: every expected file has arrived. `files_missing`: fewer"
            " were sent than the batch expects. `no_files`: none was sent from here. `matching`:"
            " essays are being matched with students. `awaiting_review`: matches wait for the"
            " teacher. `already_done`: the batch has ended; a failed phase can"
            " be retried."
        ),
    ]
    href: Annotated[
        str,
        Field(
            description="Path of the request; `{file_upload_id}` and `{phase}` are to be filled in."
        ),
    ]
    method: Literal["GET", "POST", "PUT", "DELETE"]


ActionsV1 = Annotated[
    list[BatchActionV1], Field(description="All actions, always in the same order.")
]

EXAMPLE_ACTIONS: JsonDict = {
    "actions": [
        {
            "name": "start",
            "allowed": False,
            "reason": "already_done",
            "href": "/bff/v1/teacher/batches/3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10/pipelines",
            "method": "POST",
        },
        {
            "name": "export",
            "allowed": True,
            "reason": None,
            "href": "/bff/v1/teacher/batches/3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10/results.csv",
            "method": "GET",
        },
    ]
}
