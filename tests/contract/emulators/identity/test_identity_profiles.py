"""Profiles are read and written without any token."""

import pytest
from quart.typing import TestClientProtocol as QuartClient

from tests.contract.emulators.identity.people import SomePerson


def path(user_id: str) -> str:
    return f"/v1/users/{user_id}/profile"


async def test_profile_needs_no_token(client: QuartClient, anna: SomePerson) -> None:
    answer = await client.get(path(anna.user_id))

    assert answer.status_code == 200
    assert await answer.get_json() == {
        "display_name": "Anna Lindqvist",
        "locale": "sv-SE",
        "person_name": {
            "first_name": "Anna",
            "last_name": "Lindqvist",
            "legal_full_name": "Anna Lindqvist",
        },
    }


async def test_unknown_profile_is_400_with_a_not_found_code(client: QuartClient) -> None:
    unknown = "00000000-0000-0000-0000-000000000001"

    answer = await client.get(path(unknown))

    error = (await answer.get_json())["error"]
    assert answer.status_code == 400
    assert error["error_code"] == "RESOURCE_NOT_FOUND"
    assert error["message"] == f"UserProfile with ID '{unknown}' not found"
    assert error["details"] == {"resource_id": unknown, "resource_type": "UserProfile"}
    assert error["operation"] == "get_user_profile"


@pytest.mark.parametrize(
    ("method", "operation"), [("GET", "get_user_profile"), ("PUT", "update_user_profile")]
)
async def test_malformed_id_is_400(client: QuartClient, method: str, operation: str) -> None:
    body = {"first_name": "A", "last_name": "B"} if method == "PUT" else None

    answer = await client.open(path("nope"), method=method, json=body)

    error = (await answer.get_json())["error"]
    assert answer.status_code == 400
    assert error["error_code"] == "VALIDATION_ERROR"
    assert error["message"] == "Invalid user_id format"
    assert error["details"] == {"field": "user_id"}
    assert error["operation"] == operation


async def test_put_replaces_the_whole_profile(client: QuartClient, anna: SomePerson) -> None:
    given = {"first_name": " Anna ", "last_name": "Berg", "display_name": "Anna B."}

    written = await client.put(path(anna.user_id), json=given)
    read = await client.get(path(anna.user_id))

    found = await written.get_json()
    assert written.status_code == 200
    assert found["person_name"]["legal_full_name"] == "Anna Berg"
    assert (found["display_name"], found["locale"]) == ("Anna B.", None)
    assert await read.get_json() == found


@pytest.mark.parametrize("body", [{}, {"first_name": "  ", "last_name": "Berg"}])
async def test_put_of_an_incomplete_name_is_400_in_bare_text(
    client: QuartClient, anna: SomePerson, body: dict[str, str]
) -> None:
    answer = await client.put(path(anna.user_id), json=body)

    assert answer.status_code == 400
    assert "first_name" in (await answer.get_json())["error"]


@pytest.mark.parametrize(("body", "status"), [(b"{nope", 400), (b"null", 500)])
async def test_put_of_no_object_is_the_frameworks_own_page(
    client: QuartClient, anna: SomePerson, body: bytes, status: int
) -> None:
    headers = {"Content-Type": "application/json"}

    answer = await client.put(path(anna.user_id), data=body, headers=headers)

    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_put_for_nobody_is_400(client: QuartClient) -> None:
    given = {"first_name": "A", "last_name": "B"}

    answer = await client.put(path("00000000-0000-0000-0000-000000000001"), json=given)

    assert answer.status_code == 400
