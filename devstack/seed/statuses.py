"""The two vocabularies of a batch's state: the words it is stored in and the words clients get."""

from enum import StrEnum


class BatchStatus(StrEnum):
    AWAITING_CONTENT_VALIDATION = "awaiting_content_validation"
    CONTENT_INGESTION_FAILED = "content_ingestion_failed"
    AWAITING_PIPELINE_CONFIGURATION = "awaiting_pipeline_configuration"
    READY_FOR_PIPELINE_EXECUTION = "ready_for_pipeline_execution"
    PROCESSING_PIPELINES = "processing_pipelines"
    AWAITING_STUDENT_VALIDATION = "awaiting_student_validation"
    STUDENT_VALIDATION_COMPLETED = "student_validation_completed"
    VALIDATION_TIMEOUT_PROCESSED = "validation_timeout_processed"
    COMPLETED_SUCCESSFULLY = "completed_successfully"
    COMPLETED_WITH_FAILURES = "completed_with_failures"
    FAILED_CRITICALLY = "failed_critically"
    CANCELLED = "cancelled"


_CLIENT_WORDS = {
    BatchStatus.AWAITING_CONTENT_VALIDATION: "pending_content",
    BatchStatus.AWAITING_PIPELINE_CONFIGURATION: "pending_content",
    BatchStatus.READY_FOR_PIPELINE_EXECUTION: "ready",
    BatchStatus.COMPLETED_SUCCESSFULLY: "completed_successfully",
    BatchStatus.COMPLETED_WITH_FAILURES: "completed_with_failures",
    BatchStatus.CONTENT_INGESTION_FAILED: "failed",
    BatchStatus.FAILED_CRITICALLY: "failed",
    BatchStatus.CANCELLED: "cancelled",
}


def client_word(status: BatchStatus) -> str:
    """What RAS answers for a stored status: everything it does not list is `processing`."""
    return _CLIENT_WORDS.get(status, "processing")
