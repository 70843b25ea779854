"""Workarounds for faults of the platform, each with a read that shows the fault."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tools.platform_canary.expectations import NO_STATE, ExpectedRequest

UNKNOWN_ID = "00000000-0000-0000-0000-000000000001"
Judge = Callable[[httpx.Response], bool | None]
"""True while the response shows the fault, False when it shows the fix, None when neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workaround:
    """`fault` is what the platform does, `files` hold the code that could go without it."""

    service: str
    fault: str
    files: tuple[str, ...]
    request: ExpectedRequest
    judge: Judge
    state: str = NO_STATE


def media_type(response: httpx.Response) -> str:
    content_type: str = response.headers.get("content-type", "")
    return content_type.partition(";")[0]


def statuses(*, fault: int, fixed: frozenset[int] = frozenset({200})) -> Judge:
    def judge(response: httpx.Response) -> bool | None:
        if response.status_code == fault:
            return True
        return False if response.status_code in fixed else None

    return judge


def body(shows_fault: Callable[[Any], bool | None]) -> Judge:
    """Judges the JSON of a 200; a body of another shape shows neither."""

    def judge(response: httpx.Response) -> bool | None:
        if response.status_code != 200:
            return None
        try:
            return shows_fault(json.loads(response.content))
        except (ValueError, KeyError, TypeError, IndexError):
            return None

    return judge


def no_route(response: httpx.Response) -> bool | None:
    """A router's page shows that there is no route; JSON comes from one."""
    if response.status_code == 404 and media_type(response) != "application/json":
        return True
    return False if response.status_code in {200, 404} else None


def _unmarked_associations(answer: Any) -> bool | None:
    rows = answer["associations"]
    return "validation_status" not in rows[0] if rows else None


def _ended_while_running(answer: Any) -> bool | None:
    """A phase that runs has an end already."""
    phases = [one for one in answer["pipeline_state"].values() if isinstance(one, dict)]
    running = [one for one in phases if one["status"] in {"dispatch_initiated", "in_progress"}]
    return any(one["completed_at"] is not None for one in running) if running else None


def _idle_while_running(answer: Any) -> bool:
    return answer["current_phase"] is None and answer["overall_status"] != "processing"


def _zero_for_nobody(response: httpx.Response) -> bool | None:
    if response.status_code == 404:
        return False
    return body(lambda answer: answer["user_balance"] == 0 or None)(response)


def _locked_without_phase(response: httpx.Response) -> bool | None:
    if response.status_code == 404:
        return False
    return body(lambda answer: "current_phase" not in answer["lock_status"])(response)


def _not_plain_text(response: httpx.Response) -> bool | None:
    return media_type(response) != "text/plain" if response.status_code == 200 else None


def _get(path: str, caller: str) -> ExpectedRequest:
    return ExpectedRequest(method="GET", path=path, caller=caller)


_CMS_BATCHES = "/internal/v1/batches"
WORKAROUNDS = (
    Workaround(
        service="cms",
        fault="class-info is out of order",
        files=("services/bff_teacher/config.py", "docs/platform.md"),
        request=_get(f"{_CMS_BATCHES}/class-info?batch_ids={UNKNOWN_ID}", "service"),
        judge=statuses(fault=500),
    ),
    Workaround(
        service="cms",
        fault="the class list without its slash is a redirect",
        files=("services/bff_teacher/clients/cms.py",),
        request=_get("/v1/classes?limit=1", "stranger"),
        judge=statuses(fault=308),
    ),
    Workaround(
        service="cms",
        fault="the class list has no total",
        files=("services/bff_teacher/screens/rows/classes.py",),
        request=_get("/v1/classes/?limit=1", "stranger"),
        judge=body(lambda answer: "total" not in answer["pagination"]),
    ),
    Workaround(
        service="cms",
        fault="a teacher reads the class of another",
        files=("services/bff_teacher/screens/rows/classes.py",),
        request=_get("/v1/classes/{class}", "stranger"),
        judge=statuses(fault=200, fixed=frozenset({403, 404})),
        state="a teacher has classes",
    ),
    Workaround(
        service="cms",
        fault="matches do not say whether they are decided",
        files=("services/bff_teacher/confirmations/ledger.py",),
        request=_get("/v1/batches/{batch}/student-associations", "user"),
        judge=body(_unmarked_associations),
        state="a batch has matches",
    ),
    Workaround(
        service="cms",
        fault="review states of several batches have no route",
        files=("services/class_validation", "services/bff_teacher/clients/cms.py"),
        request=_get(f"{_CMS_BATCHES}/validation-status?batch_ids={UNKNOWN_ID}", "service"),
        judge=no_route,
    ),
    Workaround(
        service="ras",
        fault="the filter takes other words than the answer gives",
        files=("services/bff_teacher/contracts/ras.py",),
        request=_get(f"/internal/v1/batches/user/{UNKNOWN_ID}?status=pending_content", "service"),
        judge=statuses(fault=500),
    ),
    Workaround(
        service="ras",
        fault="a batch that is not there yet is a bad request",
        files=("services/bff_teacher/clients/ras.py",),
        request=_get("/internal/v1/batches/{batch}/status", "service"),
        judge=statuses(fault=400, fixed=frozenset({200, 404})),
        state="a batch is new",
    ),
    Workaround(
        service="ras",
        fault="one essay has no route",
        files=("services/essay_results", "services/bff_teacher/clients/ras.py"),
        request=_get(f"/internal/v1/batches/{UNKNOWN_ID}/essays/{UNKNOWN_ID}", "service"),
        judge=no_route,
    ),
    Workaround(
        service="ras",
        fault="times have no offset",
        files=("shared/bff_core/clock.py",),
        request=_get("/internal/v1/batches/{batch}/status", "service"),
        judge=body(lambda answer: answer["created_at"][19:].strip(".0123456789") == ""),
        state="a batch has essays",
    ),
    Workaround(
        service="ras",
        fault="a batch at work neither has a phase nor says that it is processed",
        files=("services/bff_teacher/truth/batch.py",),
        request=_get("/internal/v1/batches/{batch}/status", "service"),
        judge=body(_idle_while_running),
        state="a batch is at work",
    ),
    Workaround(
        service="bos",
        fault="a phase that runs has an end, and the first one no start",
        files=("services/bff_teacher/truth/sources.py",),
        request=_get("/internal/v1/batches/{batch}/pipeline-state", "nobody"),
        judge=body(_ended_while_running),
        state="a batch is at work",
    ),
    Workaround(
        service="files",
        fault="an unknown batch is locked without a phase",
        files=("services/bff_teacher/contracts/files.py",),
        request=_get(f"/v1/files/batch/{UNKNOWN_ID}/state", "stranger"),
        judge=_locked_without_phase,
    ),
    Workaround(
        service="content",
        fault="a text has the media type with which it was stored",
        files=("services/bff_teacher/clients/content.py",),
        request=_get("/v1/content/{text}", "nobody"),
        judge=_not_plain_text,
        state="a text is stored",
    ),
    Workaround(
        service="identity",
        fault="an unknown account is a bad request",
        files=("services/bff_teacher/clients/identity.py",),
        request=_get(f"/v1/users/{UNKNOWN_ID}/profile", "nobody"),
        judge=statuses(fault=400, fixed=frozenset({404})),
    ),
    Workaround(
        service="entitlements",
        fault="an account that nobody knows has a balance of zero",
        files=("services/bff_admin/clients/entitlements.py",),
        request=_get(f"/v1/entitlements/balance/{UNKNOWN_ID}", "nobody"),
        judge=_zero_for_nobody,
    ),
    Workaround(
        service="entitlements",
        fault="an unknown path is an internal error",
        files=("services/bff_admin/clients/entitlements.py",),
        request=_get("/v1/entitlements/no-such-route", "nobody"),
        judge=statuses(fault=500, fixed=frozenset({404})),
    ),
)
