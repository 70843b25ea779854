"""Why the file service leaves a batch alone: always a 409, the reason only in `error_code`."""

from quart.typing import ResponseReturnValue

from devstack.emulators.files.locks import KnownBatch, RunningPhase
from devstack.emulators.replies import correlation_id, detailed


def not_modifiable(
    batch_id: str, user_id: str, known: KnownBatch | None
) -> ResponseReturnValue | None:
    if known is None:
        return _refused(
            "RESOURCE_NOT_FOUND",
            f"batch with ID '{batch_id}' not found",
            {"resource_type": "batch", "resource_id": batch_id},
        )
    if known.owner_id != user_id:
        # The platform tells everybody whose batch it is.
        details = {"batch_id": batch_id, "batch_owner": known.owner_id, "requested_user": user_id}
        return _refused("AUTHORIZATION_ERROR", "You don't own this batch", details)
    return None if known.lock is None else _locked(batch_id, known.lock)


def orchestrator_down() -> ResponseReturnValue:
    return _refused(
        "EXTERNAL_SERVICE_ERROR",
        "batch_orchestrator_service did not answer",
        {"external_service": "batch_orchestrator_service"},
    )


def _locked(batch_id: str, phase: RunningPhase) -> ResponseReturnValue:
    return _refused(
        "PROCESSING_ERROR",
        f"Batch {batch_id} is locked: {phase.reason}",
        {"batch_id": batch_id, "locked_by_phase": phase.name, "phase_status": phase.status},
    )


def _refused(code: str, message: str, details: dict[str, str]) -> ResponseReturnValue:
    return detailed(
        code,
        message,
        status=409,
        service="file_service",
        operation="can_modify_batch_files",
        details=dict(details),
        correlation_id=correlation_id(),
    )
