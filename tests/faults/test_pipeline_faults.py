"""A start through the screens: what is asked before it, what is sent, and what its answer proves."""

import json
from typing import Any

import pytest

from bff_core.testing import Reply
from tests.faults.conftest import Screens
from tests.faults.pipeline_answers import (
    CJ,
    DENIED,
    RETRIED,
    commands,
    is_startable,
    path_of,
)
from tests.faults.platform_answers import BATCH, TEACHER, phases, whole_batch
from tests.faults.review_answers import put_in_review


async def test_the_preflight_and_then_the_teacher_s_start(screens: Screens) -> None:
    is_startable(screens)

    status, body, _ = await screens.post(path_of(BATCH), CJ, Idempotency_Key="k-1")
    again = await screens.post(path_of(BATCH), CJ, Idempotency_Key="k-1")

    assert (status, body["outcome"], body["preview"]["credits_required"]) == (200, "accepted", 300)
    assert (again[1]["outcome"], again[2]["idempotent-replay"]) == ("accepted", "true")
    assert commands(screens) == [{"requested_pipeline": "cj_assessment"}]
    [sent] = screens.gateway.requests
    assert sent.headers["authorization"] == screens.authorization


@pytest.mark.parametrize(
    ("reply", "status", "outcome"),
    [
        (Reply(402, json.dumps(DENIED).encode()), 200, "denied"),
        (Reply(429, json.dumps(DENIED).encode()), 200, "denied"),
        (Reply(503, b'{"error":{"code":"KAFKA_PUBLISH_ERROR"}}'), 200, "outcome_unknown"),
        (Reply(500, b"{}"), 200, "outcome_unknown"),
        (Reply(raw=b""), 200, "outcome_unknown"),
        (Reply(202, b"<h1>ok</h1>", {"Content-Type": "text/html"}), 200, "outcome_unknown"),
        (Reply(503, b'{"error":"Preflight evaluation failed","details":"x"}'), 503, "not_sent"),
        (Reply(429, b'{"error":"Rate limit exceeded: 20 per 1 minute"}'), 502, "not_sent"),
        (Reply(404, b'{"error":"Batch not found"}'), 502, "not_sent"),
    ],
)
async def test_what_an_answer_proves_is_said(
    screens: Screens, reply: Reply, status: int, outcome: str
) -> None:
    is_startable(screens)
    screens.gateway.on(f"/v1/batches/{BATCH}/pipelines", reply)

    answer = await screens.post(path_of(BATCH), CJ, Idempotency_Key="k-1")

    said = answer[1].get("outcome") or answer[1]["error"]["details"]["outcome"]
    assert (answer[0], said) == (status, outcome)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, b'{"error":"Preflight evaluation failed","details":"BCS is down"}'),
        Reply(502, b"<h1>Bad Gateway</h1>", {"Content-Type": "text/html"}),
        Reply(raw=b""),
    ],
)
async def test_a_preflight_that_fails_is_no_go(screens: Screens, reply: Reply) -> None:
    is_startable(screens)
    screens.bos.on(f"/internal/v1/batches/{BATCH}/pipelines/cj_assessment/preflight", reply)

    preview = await screens.get(f"{path_of(BATCH)}/cj_assessment/preview")
    status, body, _ = await screens.post(path_of(BATCH), CJ, Idempotency_Key="k-1")

    assert (preview[0], preview[1]["allowed"], preview[1]["reason"]) == (200, False, "unknown")
    assert preview[1]["parts"][0]["status"] == "missing"
    assert status in {502, 503}
    assert (body["error"]["details"]["outcome"], commands(screens)) == ("not_sent", [])


async def test_a_denial_is_200_in_preview_and_start(screens: Screens) -> None:
    is_startable(screens)
    path = f"/internal/v1/batches/{BATCH}/pipelines/cj_assessment/preflight"
    screens.bos.on(path, Reply(402, json.dumps(DENIED).encode()))

    preview = await screens.get(f"{path_of(BATCH)}/cj_assessment/preview")
    start = await screens.post(path_of(BATCH), CJ, Idempotency_Key="k-1")

    assert (preview[0], preview[1]["missing"]) == (200, 255)
    assert (start[0], start[1]["outcome"], start[1]["preview"]) == (200, "denied", preview[1])
    assert commands(screens) == []


@pytest.mark.parametrize("path", ["pipelines", "phases/spellcheck/retry"])
async def test_another_teacher_s_batch_reaches_no_write_route(screens: Screens, path: str) -> None:
    is_startable(screens)
    foreign = Reply(body=whole_batch(user_id="somebody-else"))
    screens.ras.on(f"/internal/v1/batches/{BATCH}/status", foreign)
    body = CJ if path == "pipelines" else {"reason": "Again"}

    status, _, _ = await screens.post(
        f"/v1/teacher/batches/{BATCH}/{path}", body, Idempotency_Key="k-1"
    )
    preview = await screens.get(f"{path_of(BATCH)}/cj_assessment/preview")

    assert (status, preview[0]) == (403, 403)
    assert screens.gateway.requests == []
    assert [one for one in screens.bos.requests if one.method == "POST"] == []


@pytest.mark.parametrize("path", ["pipelines", "phases/spellcheck/retry"])
async def test_without_a_key_of_its_own_no_start_passes(screens: Screens, path: str) -> None:
    is_startable(screens)
    body = CJ if path == "pipelines" else {"reason": "Again"}

    status, _, _ = await screens.post(f"/v1/teacher/batches/{BATCH}/{path}", body)

    assert (status, screens.gateway.requests) == (428, [])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/phase"),
        ({"phase": "ai_feedback"}, "/phase"),
        (CJ | {"retry": {}}, "/retry/reason"),
        (CJ | {"retry": {"reason": "x" * 501}}, "/retry/reason"),
        (CJ | {"retry": {"reason": "a\nb"}}, "/retry/reason"),
        (CJ | {"user_id": TEACHER}, "/user_id"),
    ],
)
async def test_what_is_no_start_is_refused(screens: Screens, body: Any, pointer: str) -> None:
    status, answer, _ = await screens.post(path_of(BATCH), body, Idempotency_Key="k-1")

    assert (status, answer["error"]["details"]["errors"][0]["pointer"]) == (400, pointer)
    assert screens.gateway.requests == []


async def test_matches_that_wait_are_reviewed_first(screens: Screens) -> None:
    is_startable(screens)
    put_in_review(screens)

    status, body, _ = await screens.post(path_of(BATCH), CJ, Idempotency_Key="k-1")

    assert (status, body["error"]["details"]["reason"]) == (409, "awaiting_review")
    assert commands(screens) == []


async def test_a_failed_phase_runs_again_at_the_orchestrator(screens: Screens) -> None:
    is_startable(screens)
    failed = {"spellcheck": "failed", "cj_assessment": "pending_dependencies"}
    state = Reply(body=phases(**failed))
    screens.bos.on(f"/internal/v1/batches/{BATCH}/pipeline-state", state)
    screens.bos.on(f"/v1/batches/{BATCH}/retry-phase", RETRIED)
    path = f"/v1/teacher/batches/{BATCH}/phases/spellcheck/retry"

    answers = [
        await screens.post(path, {"reason": "Again"}, Idempotency_Key=key)
        for key in ("k-1", "k-1", "k-2")
    ]

    outcomes = [body["outcome"] for _, body, _ in answers]
    assert outcomes == ["accepted", "accepted", "already_running"]
    [sent] = [one for one in screens.bos.requests if one.path.endswith("retry-phase")]
    assert json.loads(sent.body) == {
        "phase_name": "spellcheck",
        "user_id": TEACHER,
        "retry_reason": "Again",
    }
