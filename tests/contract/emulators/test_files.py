"""The file service's wire facts: a lock seen by anybody, and one status for every refusal."""

import sqlite3
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from quart import Quart
from quart.datastructures import FileStorage

from devstack.seed import TRUTH_TABLE, Dataset, SeededBatch, Situation
from devstack.seed.people import ANNA, ERIK

UNKNOWN = "00000000-0000-0000-0000-000000000001"
AS_ANNA = {"X-User-ID": ANNA.user_id}
AS_ERIK = {"X-User-ID": ERIK.user_id}
UPLOAD = "/v1/files/batch"


def batch_in(dataset: Dataset, situation: Situation) -> SeededBatch:
    return next(one for one in dataset.batches_of(ANNA.user_id) if one.situation is situation)


def one_file() -> dict[str, FileStorage]:
    text = "En text som är lång nog. " * 10
    return {"files": FileStorage(stream=BytesIO(text.encode()), filename="Åsa_Öberg.txt")}


async def state_of(app: Quart, batch_id: str) -> dict[str, object]:
    answer = await app.test_client().get(f"{UPLOAD}/{batch_id}/state", headers=AS_ERIK)
    assert answer.status_code == 200
    body = await answer.get_json()
    assert body["batch_id"] == batch_id
    status: dict[str, object] = body["lock_status"]
    return status


async def test_batch_without_a_phase_is_open(files_app: Quart, dataset: Dataset) -> None:
    batch = batch_in(dataset, Situation.REGISTERED)

    assert await state_of(files_app, batch.batch_id) == {
        "locked": False,
        "reason": "Batch is open for modifications",
        "current_state": "READY_FOR_MODIFICATIONS",
    }


async def test_running_first_phase_locks_without_a_time(files_app: Quart, dataset: Dataset) -> None:
    batch = batch_in(dataset, Situation.SPELLCHECK_RUNNING)

    assert await state_of(files_app, batch.batch_id) == {
        "locked": True,
        "reason": "spellcheck processing has started",
        "locked_at": None,
        "current_phase": "spellcheck",
        "phase_status": "dispatch_initiated",
    }


async def test_later_phase_locks_with_a_zoned_time(
    files_app: Quart, dataset: Dataset, database: Path
) -> None:
    batch = batch_in(dataset, Situation.LATER_PHASE_FAILED)
    started = "2025-11-14T09:13:03"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM phases WHERE batch_id = ?", (batch.batch_id,))
        row = (batch.batch_id, "cj_assessment", "dispatch_initiated", started, None)
        connection.execute("INSERT INTO phases VALUES (?, ?, ?, ?, ?)", row)

    assert (await state_of(files_app, batch.batch_id))["locked_at"] == f"{started}+00:00"


@pytest.mark.parametrize(
    "situation", [Situation.FIRST_PHASE_FAILED, Situation.RETRIED, Situation.AWAITING_CONFIRMATION]
)
async def test_phase_that_failed_or_was_only_requested_does_not_lock(
    files_app: Quart, situation: Situation
) -> None:
    assert (await state_of(files_app, TRUTH_TABLE[situation].batch_id))["locked"] is False


@pytest.mark.parametrize(
    ("situation", "phase"),
    [
        (Situation.SPELLCHECK_RUNNING, "spellcheck"),
        (Situation.ASSESSMENT_STUCK, "spellcheck"),
        (Situation.DONE, "spellcheck"),
        (Situation.STARTED_AGAIN, "cj_assessment"),
    ],
)
async def test_first_locking_phase_is_named_whatever_runs(
    files_app: Quart, situation: Situation, phase: str
) -> None:
    state = await state_of(files_app, TRUTH_TABLE[situation].batch_id)

    assert (state["locked"], state["current_phase"]) == (True, phase)
    assert (state["locked_at"] is None) == (phase == "spellcheck")


async def test_unknown_batch_is_locked_with_200(files_app: Quart) -> None:
    assert await state_of(files_app, UNKNOWN) == {
        "locked": True,
        "reason": "Unable to verify batch state",
        "status_code": 404,
    }


async def test_orchestrator_down_is_locked_with_200(files_app: Quart) -> None:
    await files_app.test_client().put("/_devstack/switches/bos/down")

    assert await state_of(files_app, UNKNOWN) == {
        "locked": True,
        "reason": "Unable to verify batch state",
    }


async def test_state_without_a_user_is_401(files_app: Quart) -> None:
    answer = await files_app.test_client().get(f"{UPLOAD}/{UNKNOWN}/state")

    expected = {"error": "User authentication required"}
    assert (answer.status_code, await answer.get_json()) == (401, expected)


async def test_upload_is_accepted_without_upload_ids(files_app: Quart, dataset: Dataset) -> None:
    batch = batch_in(dataset, Situation.REGISTERED)
    form = {"batch_id": batch.batch_id}

    client = files_app.test_client()
    answer = await client.post(UPLOAD, form=form, files=one_file(), headers=AS_ANNA)
    added = await client.post(f"{UPLOAD}/{batch.batch_id}/files", files=one_file(), headers=AS_ANNA)

    body = await answer.get_json()
    assert answer.status_code == added.status_code == 202
    assert set(body) == {"message", "batch_id", "correlation_id"}
    assert body["message"].startswith(f"1 files received for batch {batch.batch_id}")
    assert (await added.get_json())["added_files"] == 1


async def test_batch_id_is_missed_before_the_user(files_app: Quart) -> None:
    answer = await files_app.test_client().post(UPLOAD, form={"other": "x"})

    expected = {"error": "batch_id is required in form data."}
    assert (answer.status_code, await answer.get_json()) == (400, expected)


async def test_upload_without_files_is_400_once_the_batch_would_take_them(
    files_app: Quart, dataset: Dataset
) -> None:
    client, batch = files_app.test_client(), batch_in(dataset, Situation.REGISTERED)

    taken = await client.post(UPLOAD, form={"batch_id": batch.batch_id}, headers=AS_ANNA)
    unknown = await client.post(UPLOAD, form={"batch_id": UNKNOWN}, headers=AS_ANNA)

    expected = {"error": "No files provided in 'files' field."}
    assert (taken.status_code, await taken.get_json()) == (400, expected)
    assert unknown.status_code == 409


@pytest.mark.parametrize(
    ("situation", "headers", "code"),
    [
        (None, AS_ANNA, "RESOURCE_NOT_FOUND"),
        (Situation.REGISTERED, AS_ERIK, "AUTHORIZATION_ERROR"),
        (Situation.SPELLCHECK_RUNNING, AS_ANNA, "PROCESSING_ERROR"),
    ],
)
async def test_every_refusal_is_409(
    files_app: Quart,
    dataset: Dataset,
    situation: Situation | None,
    headers: dict[str, str],
    code: str,
) -> None:
    batch_id = batch_in(dataset, situation).batch_id if situation else UNKNOWN

    answer = await files_app.test_client().post(
        UPLOAD, form={"batch_id": batch_id}, files=one_file(), headers=headers
    )

    error = (await answer.get_json())["error"]
    assert (answer.status_code, error["error_code"]) == (409, code)
    assert error["stack_trace"]


async def test_orchestrator_down_is_409_too(files_app: Quart) -> None:
    client = files_app.test_client()
    await client.put("/_devstack/switches/bos/down")

    answer = await client.post(
        UPLOAD, form={"batch_id": UNKNOWN}, files=one_file(), headers=AS_ANNA
    )

    assert answer.status_code == 409
    assert (await answer.get_json())["error"]["error_code"] == "EXTERNAL_SERVICE_ERROR"


async def test_removal_of_any_file_id_is_accepted(files_app: Quart, dataset: Dataset) -> None:
    batch = batch_in(dataset, Situation.REGISTERED)
    path = f"{UPLOAD}/{batch.batch_id}/files/no-such-file"

    answer = await files_app.test_client().delete(path, headers=AS_ANNA)

    assert answer.status_code == 200
    assert set(await answer.get_json()) == {
        "message", "batch_id", "file_upload_id", "correlation_id",
    }  # fmt: skip


async def test_encoded_user_id_is_read_on_upload_but_not_on_removal(
    files_app: Quart, dataset: Dataset
) -> None:
    batch = batch_in(dataset, Situation.REGISTERED)
    encoded = {"X-User-ID": f"%{ord(ANNA.user_id[0]):x}{ANNA.user_id[1:]}"}
    headers = {**encoded, "X-Identity-Encoding": "url"}
    path = f"{UPLOAD}/{batch.batch_id}/files"

    added = await files_app.test_client().post(path, files=one_file(), headers=headers)
    removed = await files_app.test_client().delete(f"{path}/x", headers=headers)

    assert (added.status_code, removed.status_code) == (202, 409)
