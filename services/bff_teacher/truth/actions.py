"""Actions that a teacher can take on a batch in its state, and why not; pure functions.

Screens show them and writes refuse by them, so that a button and its refusal cannot disagree.
"""

from typing import Literal

from services.bff_teacher.dto.batch_actions_v1 import ActionNameV1, ActionReasonV1
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1 as Status
from services.bff_teacher.truth.facts import BatchTruth
from services.bff_teacher.truth.sources import has_begun

Refusal = ActionReasonV1 | None

_ENDED = frozenset({Status.COMPLETED_SUCCESSFULLY, Status.COMPLETED_WITH_FAILURES, Status.FAILED})
_RETRIABLE = frozenset({Status.COMPLETED_WITH_FAILURES, Status.FAILED, Status.RETRIED})


def refusal_of(name: ActionNameV1, truth: BatchTruth) -> Refusal:
    """Why the action cannot be taken now; None when it can."""
    return refusals_of(truth)[name]


def refusals_of(truth: BatchTruth) -> dict[ActionNameV1, Refusal]:
    """Every action in the order in which it is shown, and why it cannot be taken now."""
    at_work = _refuse_at_work(truth)
    files = at_work or _change_files(truth)
    return {
        "upload_files": files or _upload_files(truth),
        "remove_files": files or _remove_files(truth),
        "review_matches": _review(truth),
        "start": at_work or _start(truth),
        "retry": at_work or (None if truth.status in _RETRIABLE else "nothing_to_retry"),
        "export": None if truth.is_final else "not_finished",
        "set_title": None,
    }


def _refuse_at_work(truth: BatchTruth) -> Refusal:
    """The states in which nothing of a batch may be changed."""
    if truth.status is None:
        return "state_unknown"
    if truth.status is Status.PROCESSING:
        return "processing"
    return "cancelled" if truth.status is Status.CANCELLED else None


def _change_files(truth: BatchTruth) -> Refusal:
    """Files count until the matching begins, which needs all of them.

    The file service takes some later, too; they would change nothing.
    """
    phases = truth.phases
    if any(one.status == "completed" for one in phases or ()):
        return "locked"
    if phases is None and truth.status in _ENDED:
        return "locked"
    is_complete = has_begun(phases) or truth.status is not Status.NOT_STARTED or _matching(truth)
    return "files_complete" if is_complete else None


def _upload_files(truth: BatchTruth) -> Refusal:
    """More files than the batch expects find no place in it."""
    record = truth.record
    is_full = record is not None and record.is_ours and record.sure_files >= record.expected
    return "files_complete" if is_full else None


def _remove_files(truth: BatchTruth) -> Refusal:
    return "no_files" if truth.record is not None and not truth.record.files else None


def _review(truth: BatchTruth) -> Refusal:
    if truth.status is Status.PROCESSING:
        return "processing"
    if not truth.attention_known:
        return "state_unknown"
    if truth.attention is None:
        return "nothing_to_review"
    if truth.attention.confirmed_at is not None:
        return "already_confirmed"
    return "nothing_to_review" if truth.attention.pending == 0 else None


def _start(truth: BatchTruth) -> Refusal:
    """Allowed also while files may be missing, unless our own record tells that they are.

    No source tells a batch that waits for files or for matching from one that is ready.
    """
    if truth.status in _ENDED:
        return "already_done"
    if truth.status is Status.RETRIED:
        return "retried"
    if truth.status is Status.AWAITING_REVIEW:
        return "awaiting_review"
    return _lack(truth) if truth.status is Status.NOT_STARTED else None


def _matching(truth: BatchTruth) -> Literal["matching", "no_matches"] | None:
    """The state of the matching that a batch with all its files waits for; None for any other."""
    return None if truth.waits_for == "files" else truth.waits_for


def _lack(truth: BatchTruth) -> Refusal:
    """Why a batch cannot be ready: by events, or by the record of one that was created here.

    That files are missing is no reason by events, as one of them may have been lost.
    """
    if (matching := _matching(truth)) is not None:
        return matching
    record = truth.record
    if record is None or not record.is_ours:
        return None
    if record.files < record.expected:
        return "files_missing"
    return "matching" if record.class_id is not None else None
