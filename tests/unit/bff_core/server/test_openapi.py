"""The OpenAPI document is complete, valid and ours alone."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from bff_core.server import PUBLIC, rule_of
from tools.openapi_rules import findings_in, resolved

Document = dict[str, Any]
GUARDED = {"400", "401", "403", "500", "502", "503", "504"}


@pytest.fixture
async def document(client: Client) -> Document:
    answer = await client.get("/openapi.json")
    document: Document = await answer.get_json()
    return document


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_document_is_valid_openapi_3_1(document: Document) -> None:
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []


def test_document_holds_what_every_document_of_ours_must(document: Document) -> None:
    lacking = [finding for finding in findings_in(document) if "shows no example" not in finding]

    assert lacking == []


def test_every_reference_leads_somewhere(document: Document) -> None:
    found = set(references(document))

    assert found
    assert all(resolved(document, {"$ref": reference}) for reference in found)
    assert "$defs" not in str(document)


def test_every_route_is_documented(app: Quart, document: Document) -> None:
    documented = {(path, method.upper()) for path, method, _ in operations(document)}

    hidden = {"/metrics", "/openapi.json", "/docs", "/docs/{name}"}
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert documented == {
        (path, method)
        for path, method in routes
        if path not in hidden and not path.startswith("/bff/")
    }
    assert [server["url"] for server in document["servers"]] == ["/", "/bff"]


def test_every_operation_has_summary_id_and_answer(document: Document) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(ids) == len(set(ids))
    for _, _, operation in operations(document):
        assert operation["summary"]
        good = [answer for status, answer in operation["responses"].items() if status < "300"]
        assert len(good) == 1
        assert good[0]["description"]
        schema = good[0]["content"]["application/json"]["schema"]
        assert schema["$ref"].removeprefix("#/components/schemas/").endswith("V1")


def test_every_answer_carries_its_id(document: Document) -> None:
    for _, _, operation in operations(document):
        for answer in operation["responses"].values():
            assert "X-Correlation-ID" in resolved(document, answer)["headers"]


def test_every_failure_is_the_envelope(document: Document) -> None:
    for _, _, operation in operations(document):
        for status, named in operation["responses"].items():
            if status >= "400":
                answer = resolved(document, named)
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorEnvelope"}
                assert ("Retry-After" in answer["headers"]) == (status in {"429", "503"})


def test_guarded_routes_tell_their_rule_and_refusals(app: Quart, document: Document) -> None:
    for path, _, operation in operations(document):
        if "/things" in path:
            assert set(operation["responses"]) >= GUARDED
            assert operation["security"] == [{"bearer": []}]
            assert operation["x-access-rule"] in {"teacher", "admin"}
        else:
            assert operation["security"] == []
    assert rule_of(app.view_functions["things.free"]) == PUBLIC
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_body_is_required_and_its_refusals_are_told(document: Document) -> None:
    operation = document["paths"]["/v1/things"]["post"]

    body = operation["requestBody"]
    assert body["required"] is True
    schema = body["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/ThingsRequestV1"}
    assert {"413", "415"} <= set(operation["responses"])
    assert {"413", "415"} & set(document["paths"]["/v1/things"]["get"]["responses"]) == set()


def test_parameters_are_told_with_their_bounds(document: Document) -> None:
    parameters = document["paths"]["/v1/things"]["get"]["parameters"]

    by_name = {parameter["name"]: parameter for parameter in parameters}
    assert set(by_name) == {"limit", "offset", "kind"}
    assert by_name["limit"]["schema"]["maximum"] == 100


def test_every_placeholder_is_a_parameter(document: Document) -> None:
    for path, _, operation in operations(document):
        placed = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert placed == set(re.findall(r"{(\w+)}", path))


def test_not_being_ready_is_told(document: Document) -> None:
    assert set(document["paths"]["/ready"]["get"]["responses"]) == {"200", "500", "503"}


async def test_page_loads_nothing_from_elsewhere(client: Client) -> None:
    page = await (await client.get("/docs")).get_data(as_text=True)

    assert "//" not in page
    for link in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        asset = await client.get(link)
        assert asset.status_code == 200
        assert asset.content_type.startswith("text/")


async def test_page_is_off_in_production(make_app: Any) -> None:
    app = make_app(ENVIRONMENT="production")

    async with app.test_app() as running:
        client = running.test_client()
        page, asset = await client.get("/docs"), await client.get("/docs/swagger-ui.css")
        document = await client.get("/openapi.json")

    assert (page.status_code, asset.status_code, document.status_code) == (404, 404, 200)
