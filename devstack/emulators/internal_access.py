"""Service-to-service access: the two headers that the platform's internal routes ask for."""

from collections.abc import Collection
from hmac import compare_digest

from werkzeug.datastructures import Headers


def refusal(headers: Headers, key: str, allowed: Collection[str] | None) -> str | None:
    """Why a call is refused, or None. No key configured refuses all; `allowed` None lets any id in."""
    sent = headers.get("X-Internal-API-Key", "")
    service = headers.get("X-Service-ID", "")
    if not sent or not service:
        return "Missing authentication"
    if not key or not compare_digest(sent.encode(), key.encode()):
        return "Invalid credentials"
    if allowed is not None and service not in allowed:
        return "Invalid credentials"
    return None
