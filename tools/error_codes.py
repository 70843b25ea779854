"""The error codes of the services, read from their error classes and OpenAPI documents."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from itertools import chain
from typing import Any

from bff_core.errors import BffError, ClientError
from tools.markdown import table
from tools.openapi_export import SERVICES, snapshot_of

HEAD = ("Code", "Status", "Meaning", "Action of the client", "Sent by")
_OURS = ("bff_core.", "services.")

_SIGN_IN = "Let the person sign in again."
_LATER = "Offer to repeat it; read requests may be repeated after `Retry-After`."
_BY_HAND = "Offer to repeat it."
_NEW_MAIL = "Offer another mail."
ACTIONS: Mapping[str, str] = {
    "AUTHENTICATION_ERROR": "Renew the token once; then let the person sign in again.",
    "AUTHORIZATION_ERROR": "Do not repeat it: the person lacks the role, or does not own this.",
    "CIRCUIT_BREAKER_OPEN": _LATER,
    "CONFLICT": "Read again and let the person decide; `details.reason` says what has changed.",
    "CONNECTION_ERROR": _LATER,
    "CSRF": "Read the session again and repeat the request once with its `csrf`.",
    "EXTERNAL_SERVICE_ERROR": _BY_HAND,
    "IDENTITY_ACCESS_DENIED": "Tell the person; an admin can approve the account.",
    "IDENTITY_ACCOUNT_LOCKED": "Let the person wait.",
    "IDENTITY_APPROVAL_PENDING": "Tell the person to wait for an admin.",
    "IDENTITY_EMAIL_ALREADY_VERIFIED": "Let the person sign in.",
    "IDENTITY_EMAIL_NOT_VERIFIED": _NEW_MAIL,
    "IDENTITY_INVALID_CREDENTIALS": "Let the person correct them.",
    "IDENTITY_PASSWORD_RESET_NOT_REQUESTED": _NEW_MAIL,
    "IDENTITY_REFRESH_TOKEN_EXPIRED": _SIGN_IN,
    "IDENTITY_REFRESH_TOKEN_INVALID": _SIGN_IN,
    "IDENTITY_RESET_TOKEN_EXPIRED": _NEW_MAIL,
    "IDENTITY_RESET_TOKEN_INVALID": _NEW_MAIL,
    "IDENTITY_TOKEN_EXPIRED": _SIGN_IN,
    "IDENTITY_TOKEN_INVALID": _SIGN_IN,
    "IDENTITY_USER_ALREADY_EXISTS": "Let the person sign in or reset the password.",
    "IDENTITY_VERIFICATION_TOKEN_EXPIRED": _NEW_MAIL,
    "IDENTITY_VERIFICATION_TOKEN_INVALID": _NEW_MAIL,
    "INVALID_REQUEST": "Correct the client.",
    "METHOD_NOT_ALLOWED": "Correct the client.",
    "PAYLOAD_TOO_LARGE": "Send less.",
    "PRECONDITION_FAILED": "Read again: `details.current_etag` is the current version.",
    "PRECONDITION_REQUIRED": "Send the `ETag` of the read in `If-Match`.",
    "RATE_LIMIT": "Repeat it after `Retry-After`.",
    "RESOURCE_NOT_FOUND": "Show that there is nothing.",
    "SERVICE_UNAVAILABLE": _LATER,
    "TIMEOUT": _BY_HAND,
    "TOO_LARGE": "Show that there is no text.",
    "UNKNOWN_ERROR": "Report it with `correlation_id`.",
    "UNSUPPORTED_MEDIA_TYPE": "Correct the client.",
    "VALIDATION_ERROR": "Show `details.errors` at the fields that their `pointer` names.",
}
"""A code's page row; the meaning is the message of its error class."""


class UndescribedNameError(LookupError):
    """A public name has no description, or a description has no name."""


@dataclass(slots=True)
class ErrorCode:
    """A code; without statuses it stands in `parts` only."""

    code: str
    statuses: set[int] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    messages: list[str] = field(default_factory=list)


def all_codes() -> list[ErrorCode]:
    """Every code that a front end may read, by name.

    Raises:
        UndescribedNameError: A code has no action, or an action no code; names it.
    """
    found: dict[str, ErrorCode] = {}
    for service in SERVICES:
        # Its import defines the service's errors.
        import_module(f"services.{service}.app")
        for code, status in _sent_by(json.loads(snapshot_of(service).read_text("utf-8"))):
            entry = found.setdefault(code, ErrorCode(code))
            entry.statuses.add(status)
            entry.services.add(service)
    for kind in sorted(_raised_classes(), key=_kernel_first):
        entry = found.setdefault(kind.code, ErrorCode(kind.code))
        if issubclass(kind, ClientError):
            entry.statuses.add(kind.status)
        if kind.message not in entry.messages:
            entry.messages.append(kind.message)
    require_same("tools/error_codes.py", "ACTIONS", ACTIONS, found)
    return [found[code] for code in sorted(found)]


def require_same(
    file: str, name: str, described: Mapping[str, str], found: Mapping[str, object]
) -> None:
    """Raise UndescribedNameError unless both have the same names."""
    for missing in sorted(found.keys() - described.keys()):
        raise UndescribedNameError(f"{file}: {missing} is new; describe it in {name}")
    for unused in sorted(described.keys() - found.keys()):
        raise UndescribedNameError(f"{file}: there is no {unused}; remove it from {name}")


def code_table() -> str:
    return table(HEAD, map(_row, all_codes()))


def _row(entry: ErrorCode) -> tuple[str, ...]:
    statuses = ", ".join(map(str, sorted(entry.statuses))) or "in `parts` only"
    everywhere = len(entry.services) in {0, len(SERVICES)} and entry.statuses
    services = [one for one in ("gateway", *SERVICES[:-1]) if one in entry.services]
    sent_by = "every service" if everywhere else ", ".join(services) or "bff_teacher"
    meaning = ". ".join(entry.messages)
    return (f"`{entry.code}`", statuses, f"{meaning}.", ACTIONS[entry.code], sent_by)


def _sent_by(document: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Codes and statuses of a document, whose error responses are named by their codes."""
    operations = chain.from_iterable(methods.values() for methods in document["paths"].values())
    for status, response in chain.from_iterable(one["responses"].items() for one in operations):
        if "$ref" in response:
            for code in response["$ref"].rpartition("/")[2].split("."):
                yield code, int(status)


def _raised_classes() -> Iterator[type[BffError]]:
    """The error classes of the kernel and the services; a test's own are left out."""
    bases: list[type[BffError]] = [BffError]
    while bases:
        base = bases.pop()
        bases += base.__subclasses__()
        if base.__module__.startswith(_OURS) and "code" in vars(base):
            yield base


def _kernel_first(kind: type[BffError]) -> tuple[bool, str, str]:
    return (kind.__module__ != BffError.__module__, kind.code, kind.message)
