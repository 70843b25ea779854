"""Responses of identity_admin and the config service."""

import json
from typing import Any

from bff_core.testing import NO_LENGTH, Reply

ADMIN = "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72"
PERSON = "5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
LEAK = "must-not-leak"
USER: dict[str, Any] = {
    "user_id": PERSON,
    "email": "maja.ek@skola.example",
    "first_name": "Maja",
    "last_name": "Ek",
    "display_name": None,
    "org_id": "Ekskolan",
    "email_verified": True,
    "registered_at": "2026-01-31T08:55:20.103311Z",
    "status": "pending",
    "version": 1,
    "requested_at": "2026-01-31T08:55:20.103311Z",
    "waiting_seconds": 86400,
    "decided_at": None,
    "decided_by": None,
    "decided_by_name": None,
    "reason": None,
    "password_hash": LEAK,
}
ACCOUNT_STATE: dict[str, Any] = {
    "user_id": PERSON,
    "status": "approved",
    "version": 2,
    "decided_at": "2026-01-31T12:00:00.000001Z",
    "decided_by": ADMIN,
    "decided_by_name": "Anna Admin",
    "reason": None,
}
DECISION: dict[str, Any] = {
    "sequence": 7,
    "user_id": PERSON,
    "action": "approve",
    "from_status": "pending",
    "to_status": "approved",
    "version": 2,
    "decided_at": "2026-01-31T12:00:00.000001Z",
    "decided_by": ADMIN,
    "decided_by_name": "Anna Admin",
    "reason": None,
    "correlation_id": "6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11",
}
INVITATION: dict[str, Any] = {
    "user_id": PERSON,
    "email": "maja.ek@skola.example",
    "first_name": "Maja",
    "last_name": "Ek",
    "org_id": "Ekskolan",
    "status": "approved",
    "version": 2,
    "invited_at": "2026-01-31T12:00:00.000001Z",
    "expires_at": "2026-02-07T12:00:00.000001Z",
    "token": LEAK,
}
USER_PAGE = {"users": [USER], "next_cursor": "next"}
CURRENT = {
    name: value for name, value in ACCOUNT_STATE.items() if name not in {"user_id", "reason"}
}
JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html; charset=utf-8"}


def reply(body: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), JSON | named)


def refusal(status: int, code: str, details: object = None, **headers: str) -> Reply:
    """A refusal in the error envelope."""
    error = {
        "code": code,
        "message": "A message",
        "correlation_id": "6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11",
        "service": LEAK,
        "timestamp": "2026-01-31T12:00:00.000000Z",
        "details": details or {},
    }
    return reply({"error": error}, status, **headers)


FAULTS = {
    "hangs": Reply(hang=True),
    "answers 500 in HTML": Reply(500, b"<h1>Internal Server Error</h1>", HTML),
    "answers 503 in the envelope": refusal(503, "SERVICE_UNAVAILABLE", {"reason": "store"}),
    "answers HTML with 200": Reply(200, b"<!doctype html>", HTML),
    "answers garbage": Reply(200, b"\x00\xff{not json"),
    "answers half": Reply(200, b'{"users": [', length=500),
    "answers another shape": Reply(200, b"[1, 2, 3]"),
    "answers nothing": Reply(200, b""),
    "redirects": Reply(308, b"", {"Location": "http://127.0.0.1:9/", **HTML}),
    "sends without end": Reply(200, b" " * 1024 * 1024, times=200, length=NO_LENGTH),
    "refuses our key": refusal(
        401, "AUTHENTICATION_ERROR", {"reason": "invalid_service_credentials"}
    ),
    "knows no such route": Reply(404, b"<h1>Not Found</h1>", HTML),
    "refuses in another shape": reply({"error": LEAK}, 409),
    "refuses with an odd code": refusal(409, "SOMETHING_NEW"),
    "speaks no HTTP": Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
}
