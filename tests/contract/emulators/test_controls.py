"""The control routes of every emulator: request log and switches."""

import json
from typing import Any

import pytest
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, Scope
from quart import Quart

from devstack.emulators.control import MAX_REQUESTS, ControlMiddleware, EmulatorSwitches

LOG = "/_devstack/requests"


async def test_every_request_is_logged_also_those_without_a_route(cms_app: Quart) -> None:
    client = cms_app.test_client()
    await client.get(
        "/v1/classes/?limit=2", headers={"X-User-ID": "u1", "Authorization": "Bearer t"}
    )
    await client.post("/nope", headers={"X-Internal-API-Key": "secret"})

    logged = (await (await client.get(LOG)).get_json())["requests"]

    assert [(one["method"], one["path"], one["query"]) for one in logged] == [
        ("GET", "/v1/classes/", "limit=2"),
        ("POST", "/nope", ""),
    ]
    assert logged[0]["headers"]["x-user-id"] == "u1"
    assert logged[0]["headers"]["authorization"] == "present"
    assert "secret" not in json.dumps(logged)


async def test_log_can_be_emptied(cms_app: Quart) -> None:
    client = cms_app.test_client()
    await client.get("/v1/nope")
    await client.delete(LOG)

    assert await (await client.get(LOG)).get_json() == {"requests": []}


@pytest.mark.parametrize("path", ["class_info", "class_info/sideways", "nope/shipped"])
async def test_unknown_switch_position_is_404_and_turns_nothing(cms_app: Quart, path: str) -> None:
    answer = await cms_app.test_client().put(f"/_devstack/switches/{path}")

    assert (answer.status_code, await answer.get_json()) == (
        404,
        {"class_info": "fixed", "validation_status": "off"},
    )


async def test_log_is_bounded() -> None:
    controls = ControlMiddleware(_nothing, EmulatorSwitches({}))

    for _ in range(MAX_REQUESTS + 10):
        await _request(controls, "/v1/nope", "127.0.0.1")

    answer = await _request(controls, LOG, "127.0.0.1")
    assert len(json.loads(answer[1]["body"])["requests"]) == MAX_REQUESTS


async def test_another_machine_may_not_look() -> None:
    answer = await _request(ControlMiddleware(_nothing, EmulatorSwitches({})), LOG, "192.0.2.7")

    assert answer[0]["status"] == 403


async def test_a_fault_hides_the_service_but_not_the_log(cms_app: Quart) -> None:
    client = cms_app.test_client()
    await client.post("/_devstack/faults", json={"faults": ["error=503"]})

    answer = await client.get("/v1/classes/")

    assert answer.status_code == 503
    assert len((await (await client.get(LOG)).get_json())["requests"]) == 1


async def _nothing(_scope: Scope, _receive: ASGIReceiveCallable, _send: ASGISendCallable) -> None:
    pass


async def _request(controls: ControlMiddleware, path: str, host: str) -> list[Any]:
    sent: list[Any] = []

    async def send(message: ASGISendEvent) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [],
        "client": (host, 1),
    }  # fmt: skip
    await controls(scope, None, send)  # type: ignore[arg-type]  # nothing is received
    return sent
