"""Every failure leaves in the one envelope, whoever noticed it."""

import re
from typing import Any
from uuid import UUID

import pytest
from quart.typing import TestClientProtocol as Client

from tests.envelope_kit import refused

JSON = {"Content-Type": "application/json"}
Headers = dict[str, str]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1/nothing",
        "/v1//things",
        "/v1/things/",
        "/v1/things/a/b",
        "/v1/things/a%2Fb",
        "/docs/absent.js",
        "/docs/..%2Fx",
        "/static/x",
        "/%ff%00",
        "/v1/open/..",
    ],
)
async def test_unknown_path_is_not_found(client: Client, path: str) -> None:
    error = await refused(await client.get(path), 404, "RESOURCE_NOT_FOUND")

    assert error["details"] == {}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/things", "GET, HEAD, POST"), ("/v1/open", "GET, HEAD"), ("/healthz", "GET, HEAD")],
)
@pytest.mark.parametrize("method", ["DELETE", "PUT", "OPTIONS", "TRACE", "ODD"])
async def test_wrong_method_tells_which_are_right(
    client: Client, path: str, allowed: str, method: str
) -> None:
    answer = await client.open(path, method=method)  # type: ignore[call-arg]  # the protocol lacks a default of Quart's

    await refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == allowed


async def test_body_that_is_too_large_is_refused(client: Client, as_teacher: Headers) -> None:
    answer = await client.post("/v1/things", data=b"x" * 65_537, headers=as_teacher | JSON)

    await refused(answer, 413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/xml", "multipart/form-data; x", ";"]
)
async def test_body_of_another_kind_is_refused(
    client: Client, as_teacher: Headers, kind: str
) -> None:
    headers = as_teacher | ({"Content-Type": kind} if kind else {})

    answer = await client.post("/v1/things", data=b"{}", headers=headers)

    await refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"secret-77",
        b"null",
        b"[]",
        b"7",
        b'"secret-77"',
        b"\xff\xfe",
        b'{"title": "\xff"}',
        b'{"title": "\\ud800"}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"title": ' + b"9" * 60_000 + b"}",
        b'{"title": 1e999}',
        b'{"title": NaN}',
    ],
    ids=range(15),
)
async def test_body_that_is_no_such_object_is_pointed_at(
    client: Client, as_teacher: Headers, body: bytes
) -> None:
    answer = await client.post("/v1/things", data=body, headers=as_teacher | JSON)

    error = await refused(answer, 400, "VALIDATION_ERROR")
    assert error["details"]["errors"]
    assert "77" not in f"{error['message']}{error['details']}"


AMBIGUOUS = {
    "a name twice": b'{"title": "a", "title": "b"}',
    "a name twice inside": b'{"title": "a", "rows": [{"count": 1, "count": 2}]}',
    "a name twice, once escaped": b'{"title": "a", "t\\u0069tle": "b"}',
    "more names than any valid body": b'{"title": "a", "rows": [%s]}'
    % b",".join(b'{"a%d": 0}' % number for number in range(5001)),
}


@pytest.mark.parametrize("body", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_body_that_parsers_read_differently_or_dearly_is_refused_as_a_whole(
    client: Client, as_teacher: Headers, body: bytes
) -> None:
    answer = await client.post("/v1/things", data=body, headers=as_teacher | JSON)

    error = await refused(answer, 400, "VALIDATION_ERROR")
    assert [flaw["pointer"] for flaw in error["details"]["errors"]] == [""]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_number_that_is_not_finite_is_pointed_at(
    client: Client, as_teacher: Headers, number: str
) -> None:
    body = f'{{"title": "a", "rows": [{{"count": {number}}}]}}'

    answer = await client.post("/v1/things", data=body, headers=as_teacher | JSON)

    error = await refused(answer, 400, "VALIDATION_ERROR")
    assert [flaw["pointer"] for flaw in error["details"]["errors"]] == ["/rows/0/count"]


async def test_compressed_body_is_refused_and_told_what_is_read(
    client: Client, as_teacher: Headers
) -> None:
    encoded = JSON | {"Content-Encoding": "gzip"}

    answer = await client.post("/v1/things", data=b"\x1f\x8b", headers=as_teacher | encoded)

    await refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert answer.headers["Accept-Encoding"] == "identity"


async def test_every_flaw_of_a_body_is_pointed_at_without_its_value(
    client: Client, as_teacher: Headers
) -> None:
    body = {
        "title": "secret-77-and-more",
        "rows": [{"thing_id": "secret-77"}, {"thing_id": "z", "count": -77}, 77],
        "content": {"tag": "secret-77"},
        "a/b~c": "secret-77",
    }

    answer = await client.post("/v1/things", json=body, headers=as_teacher)

    error = await refused(answer, 400, "VALIDATION_ERROR")
    pointers = [flaw["pointer"] for flaw in error["details"]["errors"]]
    assert pointers == [
        "/title",
        "/rows/0/thing_id",
        "/rows/1/thing_id",
        "/rows/1/count",
        "/rows/2",
        "/content",
        "/a~1b~0c",
    ]
    assert "77" not in f"{error['message']}{error['details']}"
    assert "`z`" not in str(error)


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("limit=0", ["/limit"]),
        ("limit=101", ["/limit"]),
        ("limit=x77", ["/limit"]),
        ("limit=-1", ["/limit"]),
        ("limit=", ["/limit"]),
        ("limit=1.5", ["/limit"]),
        ("limit=" + "7" * 6000, ["/limit"]),
        ("limit=%00", ["/limit"]),
        ("limit=%ff", ["/limit"]),
        ("limit=NaN", ["/limit"]),
        ("offset=-1", ["/offset"]),
        ("kind=huge77", ["/kind"]),
        ("limit=1&limit=1", ["/limit"]),
        ("colour=red77", ["/colour"]),
        ("a/b~c=1", ["/a~1b~0c"]),
        ("=1", ["/"]),
        ("limit=5_0", ["/limit"]),
        ("limit=%2B5", ["/limit"]),
        ("limit=%205", ["/limit"]),
        ("limit=%D9%A5", ["/limit"]),
        ("colour=1&colour=2&limit=0&offset=x&kind=1", ["/colour", "/limit", "/offset", "/kind"]),
    ],
    ids=range(21),
)
async def test_every_flaw_of_a_query_is_pointed_at_without_its_value(
    client: Client, as_teacher: Headers, query: str, pointers: list[str]
) -> None:
    answer = await client.get(f"/v1/things?{query}", headers=as_teacher)

    error = await refused(answer, 400, "VALIDATION_ERROR")
    told = [flaw["pointer"] for flaw in error["details"]["errors"]]
    assert sorted(set(told)) == sorted(pointers)
    assert "77" not in f"{error['message']}{error['details']}"


async def test_many_flaws_of_a_query_are_counted_and_fifty_listed(
    client: Client, as_teacher: Headers
) -> None:
    query = "&".join(f"n{number}=1" for number in range(1500))

    answer = await client.get(f"/v1/things?{query}", headers=as_teacher)

    error = await refused(answer, 400, "VALIDATION_ERROR")
    assert (len(error["details"]["errors"]), error["details"]["error_count"]) == (50, 1500)


async def test_good_query_is_read(client: Client, as_teacher: Headers) -> None:
    answer = await client.get("/v1/things?limit=7&kind=big&offset=2", headers=as_teacher)

    assert (await answer.get_json())["limit"] == 7


async def test_good_body_is_read(client: Client, as_teacher: Headers) -> None:
    body = {"title": "x", "rows": [{"thing_id": str(UUID(int=1))}]}

    answer = await client.post("/v1/things", json=body, headers=as_teacher)

    assert (answer.status_code, (await answer.get_json())["limit"]) == (201, 1)


async def test_body_that_never_comes_is_refused(
    client: Client, app: Any, as_teacher: Headers
) -> None:
    app.config["BODY_TIMEOUT"] = 0.001
    headers = as_teacher | JSON | {"Content-Length": "10"}

    async with client.request("/v1/things", method="POST", headers=headers) as connection:
        await connection.send(b"{")
    answer = await connection.as_response()

    await refused(answer, 400, "INVALID_REQUEST")


async def test_no_answer_is_html(client: Client, as_teacher: Headers) -> None:
    for path, headers in (("/v1/open", {}), ("/nothing", {}), ("/v1/things", as_teacher)):
        body = await (await client.get(path, headers=headers)).get_data(as_text=False)
        assert not re.search(rb"<\w+", body)
