"""What every service's OpenAPI document holds, whichever service it is."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from quart import Quart

from bff_core.server import PUBLIC, document_of, rule_of
from bff_core.testing import SECRET
from services.bff_admin.app import create_app as admin_app
from services.bff_admin.config import Settings as AdminSettings
from services.bff_teacher.app import create_app as teacher_app
from services.bff_teacher.config import Settings as TeacherSettings
from services.config_service.app import create_app as config_app
from services.config_service.config import Settings as ConfigSettings
from services.gateway.app import create_app as gateway_app
from services.gateway.config import Settings as GatewaySettings

ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
}
UNDOCUMENTED = {"/metrics", "/openapi.json", "/docs", "/docs/<name>"}


def teacher() -> Quart:
    return teacher_app(TeacherSettings.load(ENVIRONMENT))


def gateway() -> Quart:
    return gateway_app(GatewaySettings.load(ENVIRONMENT))


def config() -> Quart:
    return config_app(ConfigSettings.load(ENVIRONMENT | {"CONFIG_SERVICE_AUDIT_KEY": "a-key"}))


def admin() -> Quart:
    return admin_app(AdminSettings.load(ENVIRONMENT))


APPS = {"bff_teacher": teacher, "bff_admin": admin, "config_service": config, "gateway": gateway}


@pytest.fixture(params=list(APPS.values()), ids=list(APPS))
async def app(request: pytest.FixtureRequest) -> Quart:
    made: Quart = request.param()
    return made


def operations(app: Quart) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document_of(app)["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


async def test_every_route_declares_who_may_call_it(app: Quart) -> None:
    for route in app.url_map.iter_rules():
        assert rule_of(app.view_functions[route.endpoint]), route.rule


async def test_every_route_is_documented(app: Quart) -> None:
    routes = {route.rule for route in app.url_map.iter_rules()} - UNDOCUMENTED

    paths = set(document_of(app)["paths"])

    own = [path for path in paths if not path.startswith("/bff/")]
    assert len(own) == len([route for route in routes if not route.startswith("/bff/")])


async def test_every_operation_says_what_it_does_and_how_it_fails(app: Quart) -> None:
    for name, operation in operations(app):
        assert operation["summary"], name
        assert operation["operationId"], name
        assert "500" in operation["responses"], name
        if operation.get("x-access-rule", PUBLIC) != PUBLIC:
            assert {"401", "403"} <= set(operation["responses"]), name


async def test_operation_ids_are_unique(app: Quart) -> None:
    ids = [operation["operationId"] for _, operation in operations(app)]

    assert len(ids) == len(set(ids))


async def test_every_example_is_valid(app: Quart) -> None:
    document = document_of(app)
    shown = 0
    for name, schema in document["components"]["schemas"].items():
        for example in schema.get("examples", []):
            whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
            Draft202012Validator(whole).validate(example)
            shown += 1

    assert shown or app.name == "gateway"


@pytest.mark.parametrize("made", [teacher, admin], ids=["bff_teacher", "bff_admin"])
async def test_every_answer_of_a_screen_has_an_example(made: Callable[[], Quart]) -> None:
    document = document_of(made())
    for path, methods in document["paths"].items():
        if "/teacher/" not in path and "/admin/" not in path:
            continue
        for operation in methods.values():
            success = next(one for one in operation["responses"] if one.startswith("2"))
            content = operation["responses"][success]["content"]
            (media_type,) = content
            if media_type != "application/json":
                assert content[media_type]["schema"]["examples"], path
                continue
            answer = content["application/json"]["schema"]
            named = answer["$ref"].rsplit("/", 1)[1] if "$ref" in answer else None
            schema = document["components"]["schemas"][named] if named else answer
            assert schema["examples"], path
