"""The error envelope as every service of ours writes it."""

from typing import Any
from uuid import UUID


async def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The envelope's content, after checking its shape."""
    assert answer.status_code == status
    assert answer.content_type == "application/json"
    body = await answer.get_json()
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    assert list(error) == ["code", "message", "correlation_id", "service", "timestamp", "details"]
    assert error["code"] == code
    assert error["service"] == "example_service"
    assert error["timestamp"] == "2026-01-31T12:00:00.000000Z"
    assert str(UUID(error["correlation_id"])) == answer.headers["X-Correlation-ID"]
    assert answer.headers["Cache-Control"] == "no-store"
    return error
