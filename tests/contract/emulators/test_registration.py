"""Registration at the platform's gateway: believed, never the same twice, seen by RAS later."""

from typing import Any

import pytest
from quart import Quart

from devstack.seed.people import ANNA
from tests.contract.emulators.conftest import KEY, Happen, token

REGISTER = "/v1/batches/register"
BODY = {"expected_essay_count": 3, "course_code": "ENG6"}


async def register(app: Quart, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
    answer = await app.test_client().post(REGISTER, json=body, headers=headers)
    return answer.status_code, await answer.get_json()


async def test_each_registration_is_another_batch(gateway_app: Quart) -> None:
    answers = [await register(gateway_app, BODY, token()) for _ in range(2)]

    assert [status for status, _ in answers] == [202, 202]
    assert {body["status"] for _, body in answers} == {"registered"}
    assert len({body["batch_id"] for _, body in answers}) == 2


async def test_ras_lists_the_batch_only_later(
    gateway_app: Quart, ras_app: Quart, internal: dict[str, str], happen: Happen
) -> None:
    prompt = {"references": {"student_prompt_text": {"storage_id": "a" * 32, "path": ""}}}
    _, body = await register(gateway_app, BODY | {"student_prompt_ref": prompt}, token())
    path = f"/internal/v1/batches/{body['batch_id']}/status"

    before = await ras_app.test_client().get(path, headers=internal)
    await happen()
    after = await ras_app.test_client().get(path, headers=internal)

    assert (before.status_code, await before.get_json()) == (400, {"error": "Invalid batch ID"})
    shown = await after.get_json()
    assert (shown["user_id"], shown["essay_count"], shown["essays"]) == (ANNA.user_id, 3, [])
    assert (shown["overall_status"], shown["student_prompt_ref"]) == ("pending_content", prompt)


@pytest.mark.parametrize(
    "body",
    [{}, BODY | {"expected_essay_count": 0}, BODY | {"course_code": "FR1"}, [], "text"],
)
async def test_what_is_no_registration_is_422(gateway_app: Quart, body: Any) -> None:
    status, answer = await register(gateway_app, body, token())

    assert (status, answer["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert answer["error"]["service"] == "api-gateway-service"


@pytest.mark.parametrize("headers", [{}, token(secret=KEY * 2), {"Authorization": "Bearer x"}])
async def test_without_a_valid_token_it_is_401(gateway_app: Quart, headers: dict[str, str]) -> None:
    assert (await register(gateway_app, BODY, headers))[0] == 401


async def test_without_the_orchestrator_it_is_500_with_the_type_of_the_error(
    gateway_app: Quart,
) -> None:
    await gateway_app.test_client().put("/_devstack/switches/bos/down")

    status, answer = await register(gateway_app, BODY, token())

    assert (status, answer["error"]["details"]) == (500, {"error_type": "ConnectError"})


@pytest.mark.parametrize("refused", [{"expected_essay_count": 2**31}, {"class_id": "a\0b"}])
async def test_what_postgresql_cannot_store_is_500(
    gateway_app: Quart, refused: dict[str, Any]
) -> None:
    status, answer = await register(gateway_app, BODY | refused, token())

    assert (status, answer) == (500, {"error": "Failed to register batch."})
