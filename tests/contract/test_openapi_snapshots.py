"""The snapshots under `openapi/` are what the services say of themselves."""

import re

import pytest

from tools.openapi_export import SERVICES, app_of, document_from, main, snapshot_of, written
from tools.openapi_rules import UNDOCUMENTED


@pytest.mark.parametrize("service", SERVICES)
async def test_snapshot_is_what_the_code_says(service: str) -> None:
    assert snapshot_of(service).read_text() == written(document_from(app_of(service)))


@pytest.mark.parametrize("service", SERVICES)
async def test_every_route_is_in_the_document_by_its_own_path(service: str) -> None:
    app = app_of(service)

    document = document_from(app)

    routes = {re.sub(r"<(?:[^<>]*:)?(\w+)>", r"{\1}", one.rule) for one in app.url_map.iter_rules()}
    served = {
        f"{server['url'].rstrip('/')}{path}"
        for server in document["servers"]
        for path in document["paths"]
        if not is_screen_of_gateway(service, path)
    }
    own = {path for path in routes - set(UNDOCUMENTED) if not path.startswith("/bff/{")}
    assert own <= served
    assert {path for path in served if not path.startswith("/bff/")} <= own


def is_screen_of_gateway(service: str, path: str) -> bool:
    """The gateway forwards it by its prefix and has no route of its own for it."""
    return service == "gateway" and path.startswith("/bff/")


def test_unknown_service_is_told_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nobody"]) == 2

    assert "bff_teacher, bff_admin" in capsys.readouterr().err


@pytest.mark.parametrize("service", SERVICES)
async def test_page_asks_nobody_else(service: str) -> None:
    client = app_of(service).test_client()

    page = await (await client.get("/docs")).get_data(as_text=True)

    assert re.findall(r"https?:|//", page) == []
    assert "validatorUrl: null" in page
    for asset in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        assert (await client.get(asset)).status_code == 200
