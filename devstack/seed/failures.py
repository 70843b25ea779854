"""The error details that RAS keeps with an essay: a full dump, stack trace included."""

from datetime import datetime, timedelta

from devstack.seed.ids import fixed_id

_SPELLCHECK_STACK = (
    "Traceback (most recent call last):\n"
    '  File "/app/services/spellchecker_service/event_processor.py", line 212, in process\n'
    "    text = await content.fetch(storage_id)\n"
    '  File "/app/services/spellchecker_service/content_client.py", line 61, in fetch\n'
    "    raise_content_service_error(operation, message, correlation_id)\n"
    "ContentServiceError: text not readable\n"
)
_ASSESSMENT_STACK = (
    "Traceback (most recent call last):\n"
    '  File "/app/services/cj_assessment_service/batch_processor.py", line 148, in run\n'
    "    comparisons = await provider.compare(pairs)\n"
    "ProviderError: no valid comparison was returned\n"
)


def spellcheck_failure(batch_id: str, essay_id: str, at: datetime) -> dict[str, object]:
    return {
        "error_code": "SPELLCHECK_SERVICE_ERROR",
        "message": "{'error_code': 'CONTENT_SERVICE_ERROR', 'error_message': 'text not readable'}",
        "correlation_id": fixed_id(f"correlation/spellcheck/{essay_id}"),
        "timestamp": _zoned(at),
        "service": "result_aggregator_service",
        "operation": "process_spellcheck_result",
        "details": {"essay_id": essay_id, "batch_id": batch_id, "status": "spellcheck_failed"},
        "stack_trace": _SPELLCHECK_STACK,
        "trace_id": None,
        "span_id": None,
    }


def assessment_failure(batch_id: str, essay_id: str, at: datetime) -> dict[str, object]:
    return {
        "error_code": "CJ_ASSESSMENT_SERVICE_ERROR",
        "message": "The comparison did not finish",
        "correlation_id": fixed_id(f"correlation/cj/{essay_id}"),
        "timestamp": _zoned(at),
        "service": "result_aggregator_service",
        "operation": "process_assessment_result",
        "details": {"essay_id": essay_id, "batch_id": batch_id, "provider": "demo"},
        "stack_trace": _ASSESSMENT_STACK,
        "trace_id": None,
        "span_id": None,
    }


def _zoned(at: datetime) -> str:
    """An ErrorDetail inside an essay has a zone, unlike every other time that RAS sends."""
    return f"{(at + timedelta(microseconds=10_000)).isoformat()}Z"
