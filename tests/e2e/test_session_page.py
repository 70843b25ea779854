"""A page in a real browser signs in, reloads, opens tabs and signs out, and never holds a token."""

import functools
import http.server
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from devstack.seed import PASSWORD
from devstack.seed.people import ANNA
from tests.browser import TIMEOUT_MS
from tests.e2e.killable_stack import KillableStack, killable_stack
from tests.e2e.strangers_site import QuietHandler
from tests.node_tools import output_of
from tests.ports import free_port

UNUSED = {"websocket", "entitlements", "config_service", "bff_admin"}
TOKEN_SECONDS = 6
"""Lifetime of an access token: a test that waits for a renewal waits for half of it."""
EVENT_SOURCE = """
async (url) => {
  window.source = new EventSource(url, { withCredentials: true });
  const event = await new Promise((resolve, reject) => {
    window.source.addEventListener("snapshot", resolve, { once: true });
    window.source.onerror = () => window.source.readyState === 2 && reject(new Error("closed"));
  });
  return event.lastEventId;
}
"""

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]


@pytest.fixture(scope="module")
def origin() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, origin: str) -> Iterator[KillableStack]:
    with killable_stack(tmp_path_factory.mktemp("session") / "home", without=UNUSED) as stack:
        stack.environ["gateway"] = {"API_GATEWAY_CORS_ORIGINS": origin}
        stack.environ["identity"] = {
            "IDENTITY_SERVICE_JWT_ACCESS_TOKEN_EXPIRES_SECONDS": str(TOKEN_SECONDS),
            "DEVSTACK_IDENTITY_LOGIN_LIMIT": "100",
        }
        stack.start_all()
        stack.wait_until_ready()
        yield stack


@pytest.fixture(scope="module")
def address(
    stack: KillableStack,
    origin: str,
    package: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The example page of the TypeScript package, which calls the gateway of the stack."""
    output_of(package, "npm", "run", "build")
    output_of(package, "npx", "--no-install", "tsc", "-p", "tsconfig.test.json")
    site = tmp_path_factory.mktemp("site")
    shutil.copytree(package / "dist", site / "bff-client")
    shutil.copy(package / "examples/session/index.html", site)
    shutil.copy(package / "build/examples/session/page.js", site)
    shutil.copy(package / "node_modules/openapi-fetch/dist/index.mjs", site / "openapi-fetch.mjs")
    handler = functools.partial(QuietHandler, directory=str(site))
    port = int(origin.rpartition(":")[2])
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{origin}/?api={stack.url('gateway')}"
        server.shutdown()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        context.set_default_timeout(TIMEOUT_MS)
        yield context


Open = Callable[[], Page]


@pytest.fixture
def open_tab(address: str, context: BrowserContext) -> Iterator[Open]:
    """Opens tabs of the page; an exception that one of them does not catch fails the test."""
    uncaught: list[str] = []

    def opened() -> Page:
        tab = context.new_page()
        tab.on("pageerror", lambda error: uncaught.append(str(error)))
        tab.goto(address)
        return tab

    yield opened
    assert uncaught == []


def sign_in(tab: Page) -> None:
    tab.get_by_label("E-mail").fill(ANNA.email)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect_signed_in(tab)


def expect_signed_in(tab: Page) -> None:
    expect(tab.locator("#person")).to_have_text("Anna Lindqvist")
    expect(tab.locator("#batches li").first).to_be_visible()


def expect_signed_out(tab: Page) -> None:
    expect(tab.locator("#sign-in")).to_be_visible()
    expect(tab.locator("#screen")).to_be_hidden()
    expect(tab.locator("#batches li")).to_have_count(0)


def renewals(stack: KillableStack) -> float:
    metrics = httpx.get(f"{stack.url('gateway')}/metrics", timeout=10).text
    line = 'gateway_session_renewals_total{outcome="renewed"} '
    return sum(float(one.removeprefix(line)) for one in metrics.splitlines() if line in one)


def heap_strings(tab: Page) -> list[str]:
    """Every string in the memory of the page's scripts."""
    session = tab.context.new_cdp_session(tab)
    chunks: list[str] = []
    session.on("HeapProfiler.addHeapSnapshotChunk", lambda part: chunks.append(part["chunk"]))
    session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    session.detach()
    strings: list[str] = json.loads("".join(chunks))["strings"]
    return strings


def test_a_reload_stays_signed_in(open_tab: Open) -> None:
    tab = open_tab()
    sign_in(tab)

    tab.reload()

    expect_signed_in(tab)


def test_the_page_holds_no_token(
    open_tab: Open, context: BrowserContext, stack: KillableStack
) -> None:
    bodies: list[str] = []

    def keep(request: Request) -> None:
        response = request.response()
        assert response is not None
        is_stream = "event-stream" in response.headers.get("content-type", "")
        if response.url.startswith(stack.url("gateway")) and not is_stream:
            bodies.append(response.text())

    tab = open_tab()
    sign_in(tab)
    tab.on("requestfinished", keep)
    before = renewals(stack)
    while renewals(stack) == before:
        tab.reload()
        expect_signed_in(tab)

    [cookie] = context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("session", True, "Lax")
    sealed = cookie["value"]
    assert tab.evaluate("document.cookie") == ""
    stored = "JSON.stringify([{...localStorage}, {...sessionStorage}])"
    assert tab.evaluate(stored) == "[{},{}]"
    assert tab.evaluate("indexedDB.databases().then((found) => found.length)") == 0
    held = [tab.content(), *bodies, *heap_strings(tab)]
    assert any("Anna Lindqvist" in text for text in heap_strings(tab)), "the snapshot is the page's"
    assert bodies
    for text in held:
        assert "eyJhbGciOi" not in text
        assert sealed[:40] not in text


def test_a_sign_out_in_one_tab_is_learned_by_the_other(
    open_tab: Open, context: BrowserContext
) -> None:
    first, second = open_tab(), open_tab()
    sign_in(first)
    expect_signed_in(second)

    first.get_by_role("button", name="Sign out").click()

    expect_signed_out(first)
    expect_signed_out(second)
    assert context.cookies() == []


def test_a_tab_that_hears_of_no_other_learns_it_from_its_stream(open_tab: Open) -> None:
    first, second = open_tab(), open_tab()
    sign_in(first)
    expect_signed_in(second)
    second.evaluate("BroadcastChannel.prototype.postMessage = () => {}")

    # Signed out by a script of its own, which tells no tab.
    second.evaluate(
        """async () => {
          const api = new URLSearchParams(location.search).get("api");
          const own = await (await fetch(`${api}/v1/session`, { credentials: "include" })).json();
          const headers = { "X-CSRF": own.csrf };
          await fetch(`${api}/v1/session`, { method: "DELETE", headers, credentials: "include" });
        }"""
    )

    expect_signed_out(first)


def test_a_browsers_own_event_source_follows_and_ends_with_the_session(
    open_tab: Open, stack: KillableStack
) -> None:
    tab = open_tab()
    sign_in(tab)
    url = f"{stack.url('gateway')}/bff/v1/teacher/events"

    last_id = tab.evaluate(EVENT_SOURCE, url)
    tab.evaluate("window.source.close()")
    tab.evaluate(
        """(url) => {
          window.events = [];
          window.source = new EventSource(url, { withCredentials: true });
          for (const name of ["snapshot", "resync"]) {
            window.source.addEventListener(name, () => window.events.push(name));
          }
        }""",
        f"{url}?last_event_id={last_id}",
    )
    tab.wait_for_function("window.source.readyState === EventSource.OPEN")
    tab.get_by_role("button", name="Sign out").click()

    tab.wait_for_function("window.source.readyState === EventSource.CLOSED")
    assert tab.evaluate("window.events") == []


def test_a_wrong_password_is_told_and_leaves_no_cookie(
    open_tab: Open, context: BrowserContext
) -> None:
    tab = open_tab()
    tab.get_by_label("E-mail").fill(ANNA.email)
    tab.get_by_label("Password").fill("wrong")
    tab.get_by_role("button", name="Sign in").click()

    expect(tab.get_by_role("alert")).to_have_text("The e-mail address or the password is wrong")
    assert context.cookies() == []
