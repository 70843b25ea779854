"""Each row of the truth table, as the four services show it over HTTP at the same time."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from quart import Quart

from devstack.emulators import bos, cms, files, ras
from devstack.emulators.ras.cache import StatusCache
from devstack.emulators.server import EmulatorSettings
from devstack.seed import TRUTH_TABLE, Situation

WAITS, RUNS, DONE = "pending_dependencies", "dispatch_initiated", "completed_successfully"


class Row(NamedTuple):
    """RAS's status, and whether it has an end; two phases; CMS has rows; the phase that locks."""

    status: str | None = "pending_content"
    ended: bool = False
    spellcheck: str = "pending_dependencies"
    cj_assessment: str = "skipped_by_user_config"
    has_suggestions: bool = False
    locked_by: str | None = None


OPEN = Row()
SUGGESTED = Row(has_suggestions=True)
CHECKING = SUGGESTED._replace(spellcheck=RUNS, cj_assessment=WAITS, locked_by="spellcheck")
ASSESSING = CHECKING._replace(status=DONE, spellcheck=DONE, cj_assessment=RUNS)
ENDED = ASSESSING._replace(cj_assessment=DONE, ended=True)
FAILED = CHECKING._replace(status="failed", spellcheck="failed", locked_by=None)
ROWS = {
    Situation.NOT_IN_RESULTS: OPEN._replace(status=None),
    Situation.REGISTERED: OPEN,
    Situation.UPLOADING: OPEN,
    Situation.UPLOAD_FAILED: OPEN,
    Situation.MATCHING: OPEN,
    Situation.UNMATCHED: OPEN,
    Situation.READY: OPEN,
    Situation.DENIED: OPEN,
    Situation.AWAITING_CONFIRMATION: SUGGESTED,
    Situation.CONFIRMED: SUGGESTED,
    Situation.TIMED_OUT: SUGGESTED,
    Situation.TIMED_OUT_AFTER_CONFIRMATION: SUGGESTED,
    Situation.SPELLCHECK_RUNNING: CHECKING,
    Situation.ASSESSMENT_RUNNING: ASSESSING,
    Situation.ASSESSMENT_RUNNING_WITH_FAILURES: ASSESSING._replace(
        status="completed_with_failures"
    ),
    Situation.ASSESSMENT_STUCK: ASSESSING,
    Situation.STARTED_AGAIN: ASSESSING._replace(spellcheck="failed", locked_by="cj_assessment"),
    Situation.DONE: ENDED,
    Situation.PARTLY_FAILED: ENDED,
    Situation.SECOND_PIPELINE: ENDED,
    Situation.ENDED_WITH_FAILED_PHASE: ENDED._replace(
        status="completed_with_failures", spellcheck="failed", locked_by="cj_assessment"
    ),
    Situation.FIRST_PHASE_FAILED: FAILED,
    Situation.RETRIED: FAILED._replace(spellcheck="requested_by_user"),
    Situation.LATER_PHASE_FAILED: ASSESSING._replace(status="failed", cj_assessment="failed"),
}


@pytest.fixture(scope="module")
def apps(seeded: Path) -> dict[str, Quart]:
    settings = EmulatorSettings(database=seeded)
    cached = StatusCache(None, 5)
    return {
        "ras": ras.create_app(
            ras.RasEmulatorSettings(database=seeded, internal_api_key="k"), cached
        ),
        "bos": bos.create_app(settings),
        "cms": cms.create_app(settings),
        "files": files.create_app(settings),
    }


async def ask(app: Quart, path: str) -> Any:
    headers = {
        "X-User-ID": "u",
        "X-Internal-API-Key": "k",
        "X-Service-ID": "bff-teacher-service",
    }
    return await (await app.test_client().get(path, headers=headers)).get_json()


async def shown(apps: dict[str, Quart], batch_id: str) -> Row:
    results = await ask(apps["ras"], f"/internal/v1/batches/{batch_id}/status")
    pipeline = await ask(apps["bos"], f"/internal/v1/batches/{batch_id}/pipeline-state")
    matches = await ask(apps["cms"], f"/v1/batches/{batch_id}/student-associations")
    lock = (await ask(apps["files"], f"/v1/files/batch/{batch_id}/state"))["lock_status"]
    state = pipeline["pipeline_state"]
    return Row(
        results.get("overall_status"),
        results.get("processing_completed_at") is not None,
        state["spellcheck"]["status"],
        state["cj_assessment"]["status"],
        bool(matches["associations"]),
        lock.get("current_phase"),
    )


@pytest.mark.parametrize("situation", TRUTH_TABLE)
async def test_situation_is_the_same_in_every_service(
    apps: dict[str, Quart], situation: Situation
) -> None:
    assert await shown(apps, TRUTH_TABLE[situation].batch_id) == ROWS[situation]


async def test_second_pipeline_runs_beside_the_first_one_s_end(apps: dict[str, Quart]) -> None:
    batch_id = TRUTH_TABLE[Situation.SECOND_PIPELINE].batch_id

    body = await ask(apps["bos"], f"/internal/v1/batches/{batch_id}/pipeline-state")

    state = body["pipeline_state"]
    assert (state["requested_pipelines"], state["nlp"]["status"]) == (["nlp"], RUNS)
    assert state["nlp"]["started_at"] is None


async def test_only_the_essays_show_that_some_failed(apps: dict[str, Quart]) -> None:
    batch_id = TRUTH_TABLE[Situation.PARTLY_FAILED].batch_id

    body = await ask(apps["ras"], f"/internal/v1/batches/{batch_id}/status")

    failed = [one for one in body["essays"] if one["spellcheck_status"] == "failed"]
    assert (body["completed_essay_count"], body["failed_essay_count"]) == (body["essay_count"], 0)
    assert len(failed) == 3
    assert {one["cj_assessment_status"] for one in failed} == {None}
