"""The content service's wire facts: no access rule, the stored type, 32 hex characters."""

import pytest
from quart import Quart

from devstack.seed import Dataset

PATH = "/v1/content"
LIMIT = 16 * 1024 * 1024


async def test_every_seeded_text_is_served_with_its_type(
    content_app: Quart, dataset: Dataset
) -> None:
    client = content_app.test_client()

    for text in dataset.texts[:12]:
        answer = await client.get(f"{PATH}/{text.storage_id}")
        assert answer.content_type == text.content_type
        assert (await answer.get_data(as_text=False)).decode() == text.body


async def test_essay_texts_come_as_octets(content_app: Quart, dataset: Dataset) -> None:
    essay = dataset.batches[1].essays[0]

    answer = await content_app.test_client().get(f"{PATH}/{essay.original_text_storage_id}")

    assert answer.content_type == "application/octet-stream"


@pytest.mark.parametrize("content_type", ["text/html", "text/plain; charset=utf-8"])
async def test_what_is_stored_comes_back_with_the_type_it_came_with(
    content_app: Quart, content_type: str
) -> None:
    client = content_app.test_client()

    stored = await client.post(PATH, data=b"<b>hej</b>", headers={"Content-Type": content_type})
    body = await stored.get_json()
    answer = await client.get(f"{PATH}/{body['storage_id']}")
    head = await client.head(f"{PATH}/{body['storage_id']}")

    assert stored.status_code == 201
    assert set(body) == {"storage_id", "correlation_id"}
    assert len(body["storage_id"]) == 32
    assert answer.content_type == content_type
    assert (head.status_code, head.headers["Content-Length"]) == (200, "10")


@pytest.mark.parametrize("content_id", ["nope", "9f2c4e6a-8b0d-1f3a-5c7e-9b1d3f5a7c9e"])
async def test_id_of_another_form_is_400(content_app: Quart, content_id: str) -> None:
    answer = await content_app.test_client().get(f"{PATH}/{content_id}")

    error = (await answer.get_json())["error"]
    assert (answer.status_code, error["error_code"]) == (400, "VALIDATION_ERROR")
    assert error["details"] == {"field": "content_id", "value": content_id}


async def test_right_id_in_upper_case_is_404(content_app: Quart, dataset: Dataset) -> None:
    known = dataset.texts[-1].storage_id.upper()

    answer = await content_app.test_client().get(f"{PATH}/{known}")

    error = (await answer.get_json())["error"]
    assert (answer.status_code, error["error_code"]) == (404, "RESOURCE_NOT_FOUND")


async def test_empty_body_is_400(content_app: Quart) -> None:
    answer = await content_app.test_client().post(PATH)

    error = (await answer.get_json())["error"]
    assert (answer.status_code, error["details"]) == (400, {"field": "request_body"})


async def test_too_much_is_500(content_app: Quart) -> None:
    answer = await content_app.test_client().post(PATH, data=b"x" * (LIMIT + 1))

    error = (await answer.get_json())["error"]
    assert answer.status_code == 500
    assert set(error) == {"error_code", "message", "correlation_id"}


async def test_content_type_beyond_the_column_is_500(content_app: Quart) -> None:
    headers = {"Content-Type": f"text/{'x' * 100}"}

    answer = await content_app.test_client().post(PATH, data=b"x", headers=headers)

    assert answer.status_code == 500
    assert (await answer.get_json())["error"]["error_code"] == "UNKNOWN_ERROR"


async def test_health_asks_no_database(content_app: Quart) -> None:
    answer = await content_app.test_client().get("/healthz")

    body = await answer.get_json()
    assert body["checks"] == {"service_responsive": True, "database_backed_storage": True}
    assert body["correlation_id"]
