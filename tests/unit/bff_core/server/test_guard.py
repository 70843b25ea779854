"""Who may pass: a verified token with the right role, and nobody by a bare header."""

from typing import Any

import pytest
from quart import Blueprint
from quart.typing import TestClientProtocol as Client
from werkzeug.datastructures import Headers as ManyHeaders

from bff_core.server import UndeclaredRouteError, access
from bff_core.testing import CORRELATION_ID, access_token, bearer, refresh_token

Headers = dict[str, str]


async def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, (await answer.get_json())["error"]["code"]


async def test_verified_user_is_the_context(
    client: Client, as_teacher: Headers, things: Any
) -> None:
    headers = as_teacher | {
        "X-User-ID": "teacher-1",
        "X-Correlation-ID": CORRELATION_ID,
        "traceparent": "00-a-b-01",
        "tracestate": "v=1",
    }

    answer = await client.get("/v1/things", headers=headers)

    assert (await answer.get_json())["user_id"] == "teacher-1"
    assert things.ctx.roles == {"teacher"}
    assert things.ctx.authorization == as_teacher["Authorization"]
    assert (things.ctx.traceparent, things.ctx.tracestate) == ("00-a-b-01", "v=1")
    assert things.ctx.correlation_id == CORRELATION_ID


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-User-ID": "teacher-1"},
        {"X-User-ID": "teacher-1", "X-Internal-API-Key": "key", "X-Service-ID": "bff"},
        {"Authorization": "Basic abc"},
        {"Authorization": bearer(access_token(exp=1))},
        {"Authorization": bearer(access_token(algorithm="none"))},
        {"Authorization": bearer(refresh_token())},
        {"Authorization": bearer(access_token(padding="x" * 9000))},
        {"Authorization": bearer(access_token()), "X-User-ID": "teacher-2"},
        {"Authorization": bearer(access_token()), "X-User-ID": ""},
        {"Authorization": bearer(access_token()), "X-User-ID": "teacher-1, teacher-1"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/things", "/bff/v1/things", "/v1/things/x"])
async def test_without_a_token_of_theirs_nobody_passes(
    client: Client, things: Any, headers: Headers, path: str
) -> None:
    answer = await client.get(path, headers=headers)

    assert await code_of(answer) == (401, "AUTHENTICATION_ERROR")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert things.ctx is None


@pytest.mark.parametrize("name", ["X-User-ID", "x-user-id", "Authorization"])
async def test_repeated_identity_is_a_bad_request(
    client: Client, as_teacher: Headers, name: str
) -> None:
    headers = ManyHeaders(as_teacher)
    headers.add("X-User-ID", "teacher-1")
    headers.add(name, headers[name])

    answer = await client.get("/v1/things", headers=headers)

    assert await code_of(answer) == (400, "INVALID_REQUEST")


async def test_missing_role_is_forbidden(client: Client, as_teacher: Headers, things: Any) -> None:
    answer = await client.get("/v1/things/x", headers=as_teacher)

    assert await code_of(answer) == (403, "AUTHORIZATION_ERROR")
    assert things.ctx is None


async def test_right_role_passes(client: Client, as_admin: Headers) -> None:
    answer = await client.get("/v1/things/x", headers=as_admin)

    assert answer.status_code == 200


async def test_token_without_roles_is_forbidden(client: Client) -> None:
    headers = {"Authorization": bearer(access_token(without=["roles"]))}

    assert await code_of(await client.get("/v1/things", headers=headers)) == (
        403,
        "AUTHORIZATION_ERROR",
    )


async def test_caller_is_refused_before_its_input_is_read(client: Client) -> None:
    answer = await client.post("/v1/things?limit=x", data=b"{", headers={})

    assert await code_of(answer) == (401, "AUTHENTICATION_ERROR")


async def test_head_is_guarded_as_get_is(client: Client, as_teacher: Headers) -> None:
    refused = await client.head("/v1/things")
    let_in = await client.head("/v1/things", headers=as_teacher)

    assert (refused.status_code, let_in.status_code) == (401, 200)


async def test_public_route_asks_nobody(client: Client) -> None:
    answer = await client.get("/v1/open", headers={"Authorization": "Basic odd"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        (None, 2.95),
        ("60000", 2.95),
        ("99999999999999999999999", 2.95),
        ("1000", 0.95),
        ("100", 0.09),
        ("1", 0.0009),
        ("0", 0.0),
        ("-5", 2.95),
        ("1.5", 2.95),
        ("soon", 2.95),
        ("", 2.95),
        ("\u00b2", 2.95),
    ],
)
async def test_caller_may_ask_for_less_time_never_for_more(
    client: Client,
    as_teacher: Headers,
    things: Any,
    asked: str | None,
    seconds: float,
) -> None:
    headers = as_teacher | ({} if asked is None else {"X-Request-Timeout-Ms": asked})

    await client.get("/v1/things", headers=headers)

    assert things.ctx.deadline.left() == pytest.approx(seconds)


@pytest.mark.parametrize("rule", [None, "unheard-of", ""])
def test_route_without_a_known_rule_does_not_start(make_app: Any, rule: str | None) -> None:
    blueprint = Blueprint("odd", __name__)

    async def view() -> str:
        return ""

    blueprint.get("/v1/odd")(view if rule is None else access(rule)(view))

    with pytest.raises(UndeclaredRouteError, match="/v1/odd"):
        make_app(blueprint)
