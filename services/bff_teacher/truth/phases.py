"""Phases of a pipeline as a teacher sees them."""

from collections.abc import Mapping

from bff_core.clock import as_utc
from services.bff_teacher.contracts.bos import PHASES, PhaseState, PhaseStates, PhaseWord
from services.bff_teacher.truth.facts import Phase, PhaseStatus

STATUS_OF_WORD: Mapping[PhaseWord, PhaseStatus] = {
    "pending_dependencies": "waiting",
    "dispatch_initiated": "running",
    "in_progress": "running",
    "completed_successfully": "completed",
    "completed_with_partial_success": "completed",
    "failed": "failed",
    # BOS records nothing more of a phase that was retried, not even its end.
    "requested_by_user": "retried",
    "skipped_due_to_dependency_failure": "skipped",
    "skipped_by_user_config": "skipped",
    "cancelled": "cancelled",
}


def phases_of(states: PhaseStates) -> tuple[Phase, ...]:
    """The phases in the order in which they run, without those that no start asked for."""
    found = ((name, getattr(states, name)) for name in PHASES)
    return tuple(
        _phase(name, state)
        for name, state in found
        if state is not None and state.status != "skipped_by_user_config"
    )


def _phase(name: str, state: PhaseState) -> Phase:
    status = STATUS_OF_WORD[state.status]
    ended = status in {"completed", "failed"}
    return Phase(
        name,
        status,
        as_utc(state.started_at) if state.started_at else None,
        as_utc(state.completed_at) if ended and state.completed_at else None,
    )


def has_begun(phases: tuple[Phase, ...] | None) -> bool:
    """True if a phase is known to have begun."""
    return any(one.status not in {"waiting", "skipped"} for one in phases or ())


def running_phase(phases: tuple[Phase, ...]) -> Phase | None:
    """The last phase that runs, if any."""
    return next((one for one in reversed(phases) if one.status == "running"), None)


def last_started(phases: tuple[Phase, ...], requested: tuple[str, ...]) -> Phase | None:
    """The last of the requested phases that has begun, if any."""
    begun = (one for one in reversed(phases) if one.status in {"completed", "failed", "retried"})
    return next((one for one in begun if one.name in requested), None)


def has_more(phases: tuple[Phase, ...], requested: tuple[str, ...]) -> bool:
    """True if a requested phase still waits for its turn."""
    return any(one.status == "waiting" and one.name in requested for one in phases)
