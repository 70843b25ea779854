"""The built front end: its pages, and the paths that must not become pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from quart.typing import TestClientProtocol as Client

from bff_core.settings import SettingsError
from bff_core.testing import SECRET
from services.bff_teacher.app import PLATFORM_STATIC_DIR, create_app, read_front_end
from services.bff_teacher.config import Settings

PAGE = "<!doctype html><title>Lärare</title>"
SCRIPT = "assets/index-B3xk9_Qa.js"


ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
}


def settings(folder: Path | str) -> Settings:
    return Settings.load(ENVIRONMENT | {"BFF_TEACHER_SERVICE_STATIC_DIR": str(folder)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(PAGE, encoding="utf-8")
    (built / SCRIPT).write_text("console.log('å')", encoding="utf-8")
    (built / "favicon.ico").write_bytes(b"\0\1")
    (built / ".env").write_text("secret")
    return built


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[Client]:
    app = create_app(settings(folder))
    async with app.test_app():
        yield app.test_client()


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/app", "/app/dashboard", "/app/klass/7/", "/app/%C3%A5k", "/V"]
)
async def test_pages_are_the_index(client: Client, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 200
    assert await answer.get_data(as_text=True) == PAGE
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Correlation-ID"]


async def test_asset_with_a_hash_is_kept_forever(client: Client) -> None:
    answer = await client.get(f"/{SCRIPT}")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", f"/{SCRIPT}"])
async def test_file_with_a_known_etag_is_304(client: Client, path: str) -> None:
    first = await client.get(path)

    answer = await client.get(path, headers={"If-None-Match": f'"x", W/{first.headers["ETag"]}'})

    assert (answer.status_code, await answer.get_data()) == (304, b"")
    assert answer.headers["ETag"] == first.headers["ETag"]
    assert answer.headers["Cache-Control"] == first.headers["Cache-Control"]


@pytest.mark.parametrize("given", ['"other"', "nonsense", ""])
async def test_another_tag_gets_the_file(client: Client, given: str) -> None:
    assert (await client.get("/", headers={"If-None-Match": given})).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/",
        "/v1/teacher/nope",
        "/V1/teacher/dashboard",
        "/v1/nope",
        "/bff",
        "/bff/v1/teacher/nope",
        "/bff/v2/teacher/dashboard",
        "/%62ff/v1/teacher/nope",
        "/api/v1/teacher/dashboard",
        "/metrics/x",
        "/metrics/",
        "/ready/",
        "/healthz/x",
        "/openapi.json/",
        "/docs/nope",
        "/docs/nope/deeper",
    ],
)
async def test_wrong_address_of_an_api_is_404_in_the_envelope(client: Client, path: str) -> None:
    answer = await client.get(path, headers={"Accept": "text/html"})

    assert answer.status_code == 404
    assert (await answer.get_json())["error"]["code"] == "RESOURCE_NOT_FOUND"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone-B3xk9_Qa.js",
        "/gone.css",
        "/app/gone.png",
        "/.env",
        "/.git/config",
        "/assets/.env",
        "/app/.hidden",
        "/../dist/index.html",
        "/assets/../index.html",
        "/assets/%2e%2e/.env",
        "/..%2f..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..\\..\\etc\\passwd",
        "/..%5c..%5cetc%5cpasswd",
        "/assets%5cindex.html",
        "/index.html%00.js",
        "/app/%00",
        "/app/%0d%0aSet-Cookie:x",
        "/app//dashboard",
        "//etc/passwd",
        "/file:///etc/passwd",
        "/~root/.ssh/id_rsa",
        "/index.html::$DATA",
    ],
)
async def test_what_is_no_page_is_404_in_the_envelope(client: Client, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 404
    assert (await answer.get_json())["error"]["code"] == "RESOURCE_NOT_FOUND"
    assert answer.headers["Cache-Control"] == "no-store"


async def test_script_that_asks_for_json_gets_no_page(client: Client) -> None:
    answer = await client.get("/app/dashboard", headers={"Accept": "application/json"})

    assert answer.status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/app", "/index.html"])
async def test_pages_take_nothing(client: Client, method: str, path: str) -> None:
    answer = await client.open(path, method=method)  # type: ignore[call-arg]  # its protocol lacks a default

    assert answer.status_code == 404


async def test_known_path_keeps_its_methods(client: Client) -> None:
    answer = await client.get("/v1/teacher/batches/b/associations/confirm")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/v1/teacher/dashboard", "/bff/v1/teacher/dashboard"])
async def test_screens_still_ask_for_a_token(client: Client, path: str) -> None:
    assert (await client.get(path, headers={"Accept": "text/html"})).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/ready", "/metrics", "/openapi.json", "/docs"])
async def test_our_own_addresses_stay_ours(client: Client, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code == 200
    assert PAGE not in await answer.get_data(as_text=True)


async def test_health_lists_the_front_end_checks_by_the_platform_s_names(client: Client) -> None:
    health = await (await client.get("/healthz")).get_json()

    assert health["service"] == "bff_teacher"
    assert (
        health["checks"].items()
        >= {
            "static_dir_exists": True,
            "index_exists": True,
            "assets_dir_exists": True,
        }.items()
    )
    assert {"status", "message", "version", "dependencies"} <= set(health)


async def test_front_end_that_is_not_built_yet_stops_no_screen(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path))
    async with app.test_app():
        client = app.test_client()

        page, screen = await client.get("/app"), await client.get("/v1/teacher/me")

        assert (page.status_code, screen.status_code) == (503, 401)
        assert (await page.get_json())["error"]["details"] == {"reason": "front_end_not_built"}


async def test_without_a_folder_there_are_no_pages() -> None:
    app = create_app(settings(""))
    async with app.test_app():
        client = app.test_client()

        assert (await client.get("/")).status_code == 404
        assert "index_exists" not in (await (await client.get("/healthz")).get_json())["checks"]


def test_the_platform_s_folder_is_served_where_none_is_set(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    unset = Settings.load(ENVIRONMENT)

    pages = read_front_end(unset, tmp_path)

    assert Path("/app/static") == PLATFORM_STATIC_DIR
    assert pages is not None
    assert pages.index is not None
    assert read_front_end(unset, tmp_path / "absent") is None
    assert read_front_end(settings(""), tmp_path) is None


async def test_folder_that_is_not_there_keeps_the_service_from_starting(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="BFF_TEACHER_SERVICE_STATIC_DIR"):
        create_app(settings(tmp_path / "absent"))


async def test_logs_and_metrics_have_one_route_name_for_all_pages(client: Client) -> None:
    await client.get("/app/somebody-s-own-path")

    metrics = await (await client.get("/metrics")).get_data(as_text=True)

    assert 'route="front_end"' in metrics
    assert "somebody" not in metrics
