"""The screens as `./dev up` and `./dev web` serve them: built once, strict, and drawn in Chromium."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from bff_core.front_end import read_static_files
from devstack.screens.build import built_screens
from devstack.screens.gallery import MAX_BYTES, Screen
from devstack.screens.pictures import take_pictures
from devstack.seed import PASSWORD
from devstack.seed.people import ANNA
from tests import child_process
from tests.browser import open_page
from tests.e2e.demo_stack import DemoStack
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60

pytestmark = [pytest.mark.node, pytest.mark.own_stack]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_page() as opened:
        yield opened


def is_complaint(line: ConsoleMessage) -> bool:
    """False for the browser's own note of a refusal, such as 401 before somebody signs in."""
    return line.type == "error" and not line.text.startswith("Failed to load resource")


@contextmanager
def without_complaints(page: Page) -> Iterator[None]:
    """Fails on an error in the console, which a breach of the content security policy is, too."""
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if is_complaint(line) else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield
    assert said == []


def test_start_names_the_screens_first(screens: DemoStack) -> None:
    first = screens.command("info").stdout.strip().splitlines()[0]

    assert first == f"Open {screens.gateway}/"


def test_second_start_builds_nothing(screens: DemoStack, tmp_path: Path) -> None:
    lines: list[str] = []

    built = built_screens(tmp_path / "web.log", lines.append)

    assert built is not None
    assert lines == []
    assert httpx.get(f"{screens.gateway}/").content == (built / "index.html").read_bytes()


def test_every_asset_of_the_build_is_known_by_its_hash(screens: DemoStack, tmp_path: Path) -> None:
    built = built_screens(tmp_path / "web.log", lambda _: None)

    assert built is not None
    files = read_static_files(built).files
    assets = {name: file.immutable for name, file in files.items() if name.startswith("assets/")}
    assert len(assets) > 20
    assert [name for name, immutable in assets.items() if not immutable] == []


def test_scripts_are_compressed_and_kept_for_a_year(screens: DemoStack) -> None:
    index = httpx.get(f"{screens.gateway}/")
    entry = re.search(r'src="(/assets/[^"]+\.js)"', index.text)

    assert entry is not None
    script = httpx.get(f"{screens.gateway}{entry[1]}", headers={"Accept-Encoding": "br, gzip"})
    assert index.headers["cache-control"] == "no-cache"
    assert script.headers["content-encoding"] == "br"
    assert script.headers["cache-control"].endswith("max-age=31536000, immutable")


@pytest.mark.browser
def test_person_signs_in_on_the_served_page(screens: DemoStack, page: Page) -> None:
    with without_complaints(page):
        page.goto(f"{screens.gateway}/app/dashboard")
        page.locator("input[type=email]").fill(ANNA.email)
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("button[type=submit]").click()

        expect(page).to_have_url(f"{screens.gateway}/app/dashboard")
        expect(page.locator("h1")).to_be_visible()


@pytest.mark.browser
def test_address_of_no_screen_is_the_page_s_own_not_found(screens: DemoStack, page: Page) -> None:
    with without_complaints(page):
        page.goto(f"{screens.gateway}/no/such/screen")

        expect(page.locator("h1")).to_be_visible()
    assert page.locator("input[type=password]").count() == 0


@pytest.mark.browser
def test_picture_is_taken_of_a_signed_in_screen(screens: DemoStack, tmp_path: Path) -> None:
    row = Screen("overview", "Overview", "/app/dashboard", "main h1", "anna", narrow=True)

    # Playwright has one connection for each thread.
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(lambda: [*take_pictures(screens.gateway, [row], tmp_path)]).result()

    assert [path.name for path in taken] == ["overview.webp", "overview-narrow.webp"]
    for path in taken:
        assert path.read_bytes()[8:12] == b"WEBP"
        assert path.stat().st_size <= MAX_BYTES


def test_development_server_reloads_sources_and_passes_calls_on(screens: DemoStack) -> None:
    port = free_port()
    command = [sys.executable, "-m", "devstack", "web", "--port", str(port)]
    command += ["--home", str(screens.home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            words = server.stdout.readline() + server.stdout.readline()
            wait_until_served(port)
            source = httpx.get(f"http://127.0.0.1:{port}/src/main.ts", timeout=30)
            call = httpx.get(f"http://127.0.0.1:{port}/bff/v1/teacher/me", timeout=30)
        finally:
            child_process.end(server)

    assert words.startswith(f"Open http://127.0.0.1:{port}/ (calls go to {screens.gateway})")
    assert ANNA.email in words
    assert "/src/App.vue" in source.text
    assert (call.status_code, call.json()["error"]["service"]) == (401, "gateway")


def wait_until_served(port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            if "/@vite/client" in httpx.get(f"http://127.0.0.1:{port}/", timeout=5).text:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("Vite does not serve")
