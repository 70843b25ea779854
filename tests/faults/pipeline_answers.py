"""Answers of the stubs for a batch that can be started, and what reached them."""

import json
from typing import Any

from bff_core.testing import Reply
from tests.faults.conftest import Screens
from tests.faults.platform_answers import BATCH, phases
from tests.faults.review_answers import HasStubs, put_before_files
from tests.faults.stub_platform import StubPlatform

CJ = {"phase": "cj_assessment"}
AGAIN = {"retry": {"reason": "Tre uppsatser föll bort"}}
PREFLIGHT = {
    "allowed": True,
    "batch_id": BATCH,
    "requested_pipeline": "cj_assessment",
    "resolved_pipeline": ["spellcheck", "cj_assessment"],
    "required_credits": 300,
    "available_credits": 847,
    "resource_breakdown": {"cj_comparison": 300, "ai_feedback_generation": 0},
    "correlation_id": "c",
}
DENIED = PREFLIGHT | {
    "allowed": False,
    "available_credits": 45,
    "denial_reason": "insufficient_credits",
}
ACCEPTED = Reply(202, b'{"status":"accepted","message":"m","batch_id":"b","correlation_id":"c"}')
RETRIED = Reply(200, b'{"status":"retry_initiated","batch_id":"b","phase":"p","message":"m"}')
RUNNING = {"spellcheck": "dispatch_initiated", "cj_assessment": "pending_dependencies"}


def path_of(batch: str) -> str:
    return f"/v1/teacher/batches/{batch}/pipelines"


def commands(behind: StubPlatform | Screens, batch: str = BATCH) -> list[Any]:
    """Bodies of the starts that reached the platform's gateway."""
    path = f"/v1/batches/{batch}/pipelines"
    return [json.loads(one.body) for one in behind.gateway.requests if one.path == path]


def is_startable(behind: StubPlatform | Screens, batch: str = BATCH) -> None:
    put_before_files(behind, batch)
    price = Reply(body=json.dumps(PREFLIGHT).encode())
    behind.bos.on(f"/internal/v1/batches/{batch}/pipelines/cj_assessment/preflight", price)
    behind.gateway.on(f"/v1/batches/{batch}/pipelines", ACCEPTED)


def runs(behind: HasStubs, batch: str = BATCH) -> None:
    path = f"/internal/v1/batches/{batch}/pipeline-state"
    behind.bos.on(path, Reply(body=phases(batch, **RUNNING)))
