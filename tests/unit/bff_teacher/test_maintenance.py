"""While operators say read-only, writes are refused and reads go on."""

from dishka import Provider, Scope, make_async_container
from pydantic import BaseModel
from quart import Blueprint, Quart

from bff_core.app import Blueprints, build_app
from bff_core.context import TEACHER
from bff_core.observability import Metrics
from bff_core.server import access, returns
from bff_core.settings import ServiceSettings
from bff_core.testing import SECRET, FakeClock, access_token, bearer
from services.bff_teacher.api.maintenance import enforce_maintenance
from services.bff_teacher.ports.maintenance import Maintenance, Switches
from tests.unit.set_switches import SetSwitches

BANNER = {"sv": "Vi är snart tillbaka", "en": "We will soon be back"}
AS_TEACHER = {"Authorization": bearer(access_token())}


class Done(BaseModel):
    """Done."""

    done: bool = True


def app_with(maintenance: Maintenance) -> Quart:
    blueprint = Blueprint("some", __name__)

    @blueprint.route("/thing", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    @access("teacher")
    @returns(Done)
    async def thing() -> Done:
        """A thing."""
        return Done()

    provider = Provider(scope=Scope.APP)
    provider.provide(lambda: SetSwitches(maintenance), provides=Switches)
    container = make_async_container(provider)
    app = build_app(
        ServiceSettings(port=1, environment="testing", jwt_secret_key=SECRET),
        container,
        service="some_service",
        title="Some",
        metrics=Metrics("some"),
        blueprints=[Blueprints(blueprint)],
        access={"teacher": frozenset({TEACHER})},
        clock=FakeClock(),
    )
    enforce_maintenance(app, container)
    return app


async def test_writes_are_refused_with_the_banner() -> None:
    client = app_with(Maintenance(read_only=True, banner=BANNER)).test_client()

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await client.open("/thing", method=method, headers=AS_TEACHER)  # type: ignore[call-arg]  # the protocol lacks a default of Quart's
        error = (await answer.get_json())["error"]

        assert answer.status_code == 503
        assert (error["code"], error["message"]) == ("SERVICE_UNAVAILABLE", BANNER["sv"])
        assert error["details"] == {"reason": "maintenance", "banner": BANNER}
        assert answer.headers["Retry-After"] == "30"


async def test_banner_is_in_the_language_that_was_asked_for() -> None:
    client = app_with(Maintenance(read_only=True, banner=BANNER)).test_client()

    answer = await client.post("/thing", headers=AS_TEACHER | {"Accept-Language": "en-GB,en"})

    assert (await answer.get_json())["error"]["message"] == BANNER["en"]
    assert answer.headers["Content-Language"] == "en"


async def test_empty_banner_leaves_a_text_of_ours() -> None:
    client = app_with(Maintenance(read_only=True, banner={"sv": "", "en": " "})).test_client()

    answer = await client.post("/thing", headers=AS_TEACHER)

    assert (await answer.get_json())["error"]["message"].strip()
    assert "Content-Language" not in answer.headers


async def test_reads_go_on() -> None:
    client = app_with(Maintenance(read_only=True, banner=BANNER)).test_client()

    answer = await client.get("/thing", headers=AS_TEACHER)

    assert answer.status_code == 200


async def test_banner_alone_refuses_nothing() -> None:
    client = app_with(Maintenance(read_only=False, banner=BANNER)).test_client()

    answer = await client.post("/thing", headers=AS_TEACHER)

    assert answer.status_code == 200


async def test_stranger_learns_nothing_of_maintenance() -> None:
    client = app_with(Maintenance(read_only=True, banner=BANNER)).test_client()

    answer = await client.post("/thing")

    assert answer.status_code == 401
