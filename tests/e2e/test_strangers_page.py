"""A front end made with the packed client lives through what happens to the services."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from devstack.emulators.ras.scenario import SCENARIO_PATH
from devstack.faults.client import send_order
from devstack.scenario import DemoScenario
from devstack.seed import PASSWORD, DemoUser, Situation, load_dataset
from devstack.seed.people import ADMIN, ANNA, PENDING
from tests.browser import TIMEOUT_MS
from tests.e2e.killable_stack import Environment, KillableStack, killable_stack
from tests.e2e.strangers_site import TOKEN_SECONDS, build, served, signing_key
from tests.ports import free_port

LINA = PENDING[1]
LANES = len(DemoScenario(load_dataset()).batches)
BATCHES = load_dataset().batches_of(ANNA.user_id)
GRADED = next(one for one in BATCHES if one.status == "completed_successfully" and one.class_id)
IN_REVIEW = next(one for one in BATCHES if one.situation is Situation.AWAITING_CONFIRMATION)
WAIT_SECONDS = 30.0
UNUSED = {"websocket", "entitlements", "config_service"}

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]


@pytest.fixture(scope="module")
def origin() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def parts(
    tmp_path_factory: pytest.TempPathFactory, package: Path, origin: str
) -> Iterator[tuple[KillableStack, Path]]:
    """The services, and the page built for them: both take their time, so at once."""
    folder = tmp_path_factory.mktemp("stranger")
    with killable_stack(folder / "home", without=UNUSED) as stack:
        verifier: Environment = {
            "JWT_SECRET_KEY": None,
            "JWT_ALGORITHM": "RS256",
            "JWT_JWKS_URL": f"{stack.url('identity')}/.well-known/jwks.json",
            "JWT_ACCESS_TOKEN_EXPIRES_SECONDS": str(TOKEN_SECONDS),
        }
        live = {"BFF_TEACHER_SERVICE_LIVE__REREADS": "1,2", "BFF_TEACHER_SERVICE_LIVE__POLL": "2"}
        stack.environ |= {
            "identity": signing_key(folder, "first"),
            "bff_teacher": {**verifier, **live},
            "bff_admin": verifier,
            "gateway": {**verifier, "API_GATEWAY_CORS_ORIGINS": origin},
        }
        with ThreadPoolExecutor(1) as pool:
            building = pool.submit(build, folder / "page", package, stack.url("gateway"))
            stack.start_all()
            stack.wait_until_ready()
            yield stack, building.result()


@pytest.fixture(scope="module")
def stack(parts: tuple[KillableStack, Path], origin: str) -> Iterator[KillableStack]:
    """The services, while the page is served at `origin`."""
    stack, built = parts
    with served(built, port=int(origin.rpartition(":")[2])):
        yield stack


Open = Callable[[], Page]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context() as context:
        context.set_default_timeout(TIMEOUT_MS)
        yield context


@pytest.fixture
def open_tab(stack: KillableStack, context: BrowserContext, origin: str) -> Iterator[Open]:
    """Opens tabs of the page; an exception that one of them does not catch fails the test."""
    del stack
    uncaught: list[str] = []

    def opened() -> Page:
        tab = context.new_page()
        tab.on("pageerror", lambda error: uncaught.append(str(error)))
        tab.goto(origin)
        return tab

    yield opened
    assert uncaught == []


@pytest.fixture
def anna(open_tab: Open) -> Page:
    """Her dashboard, live."""
    tab = open_tab()
    sign_in(tab, ANNA)
    expect(tab.get_by_test_id("batch").first).to_be_visible()
    return tab


def sign_in(tab: Page, person: DemoUser) -> None:
    tab.get_by_test_id("email").fill(person.email)
    tab.get_by_test_id("password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()


def see_a_change(stack: KillableStack, tab: Page) -> None:
    """Let the platform move batches until the page shows it."""
    batches = tab.get_by_test_id("batch")
    before = batches.all_inner_texts()
    deadline = time.monotonic() + WAIT_SECONDS
    while batches.all_inner_texts() in ([], before):
        assert time.monotonic() < deadline, "the page shows no change"
        url = f"{stack.url('ras')}{SCENARIO_PATH}"
        httpx.post(url, json={"steps": LANES}, timeout=10).raise_for_status()
        tab.wait_for_timeout(300)
    expect(tab.get_by_test_id("offline")).to_have_count(0)


def read_classes(tab: Page) -> None:
    """Read a screen by hand, and see that it came."""
    read_at = tab.get_by_test_id("read-at")
    before = read_at.inner_text()
    tab.get_by_test_id("read-classes").click()
    expect(read_at).not_to_have_text(before)
    expect(tab.get_by_test_id("classes-error")).to_be_empty()


def open_streams(stack: KillableStack) -> float:
    text = httpx.get(f"{stack.url('bff_teacher')}/metrics", timeout=10).text
    [value] = re.findall(r"^bff_teacher_live_streams_open (\S+)$", text, re.MULTILINE)
    return float(value)


def test_page_lives_on_when_its_tokens_expire(stack: KillableStack, anna: Page) -> None:
    calls: list[str] = []
    anna.on("request", lambda request: calls.append(httpx.URL(request.url).path))

    deadline = time.monotonic() + WAIT_SECONDS
    while calls.count("/v1/auth/refresh") < 2 or calls.count("/bff/v1/teacher/events") < 1:
        assert time.monotonic() < deadline, calls
        anna.wait_for_timeout(200)

    see_a_change(stack, anna)
    read_classes(anna)
    expect(anna.get_by_test_id("sign-in")).to_have_count(0)


def test_page_goes_on_after_a_restart_of_the_gateway(stack: KillableStack, anna: Page) -> None:
    stack.stop("gateway")
    expect(anna.get_by_test_id("offline")).to_be_visible()

    stack.start("gateway")
    stack.wait_until_ready("gateway")

    see_a_change(stack, anna)
    read_classes(anna)


def test_page_goes_on_after_a_bff_was_killed(stack: KillableStack, anna: Page) -> None:
    stack.stop("bff_teacher", signal.SIGKILL)
    expect(anna.get_by_test_id("offline")).to_be_visible()

    stack.start("bff_teacher")
    stack.wait_until_ready("bff_teacher")

    see_a_change(stack, anna)
    read_classes(anna)


def test_slow_class_service_costs_the_names_until_it_is_well(
    stack: KillableStack, anna: Page
) -> None:
    port = stack.running.ports["cms"]
    detail = anna.get_by_test_id("detail")
    send_order(port, "POST", '{"faults": ["latency=5s"], "seed": 0}')
    try:
        anna.locator(f'[data-batch="{GRADED.batch_id}"]').click()
        expect(detail.get_by_test_id("essay").first).to_contain_text(".")
        expect(detail.get_by_test_id("detail-failing").first).to_be_visible()
    finally:
        send_order(port, "DELETE")

    expect(detail.get_by_test_id("essay").first).to_contain_text(re.compile(r"\.\w+ \w+ \w+"))
    see_a_change(stack, anna)


def test_matches_of_a_batch_are_reviewed_and_confirmed(anna: Page) -> None:
    anna.locator(f'[data-batch="{IN_REVIEW.batch_id}"]').click()
    detail = anna.get_by_test_id("detail")
    expect(detail.get_by_test_id("title")).to_be_visible()

    detail.get_by_test_id("read-matches").click()
    expect(detail.get_by_test_id("matches")).to_have_text(re.compile(r"[1-9]\d* matches"))
    detail.get_by_test_id("confirm").click()

    expect(detail.get_by_test_id("outcome")).to_have_text(re.compile(r"confirmed [1-9]"))


def test_two_tabs_have_one_stream_and_either_may_close(
    stack: KillableStack, anna: Page, open_tab: Open
) -> None:
    second = open_tab()
    sign_in(second, ANNA)
    expect(second.get_by_test_id("batch").first).to_be_visible()

    see_a_change(stack, second)
    assert open_streams(stack) == 1
    anna.close()

    see_a_change(stack, second)


def test_admin_lets_a_person_in(open_tab: Open) -> None:
    lina, admin = open_tab(), open_tab()
    sign_in(lina, LINA)
    expect(lina.get_by_test_id("problem")).to_have_text("Wait for an admin")
    sign_in(admin, ADMIN)
    expect(admin.get_by_test_id("admin")).to_have_text(ADMIN.email)
    row = admin.locator(f'[data-email="{LINA.email}"]')
    while admin.get_by_test_id("more").count() and not row.count():
        admin.get_by_test_id("more").click()
        admin.wait_for_timeout(200)

    row.get_by_test_id("approve").click()
    expect(row).to_have_count(0)
    sign_in(lina, LINA)

    expect(lina.get_by_test_id("classes")).to_be_visible()


def test_new_signing_key_asks_for_the_password_once_and_all_goes_on(
    stack: KillableStack, anna: Page, tmp_path: Path
) -> None:
    stack.stop("identity")
    stack.environ["identity"] = signing_key(tmp_path, "second")
    stack.start("identity")
    stack.wait_until_ready("identity")

    expect(anna.get_by_test_id("signed-out")).to_have_text(re.compile("TOKEN|AUTHENTICATION"))
    sign_in(anna, ANNA)

    see_a_change(stack, anna)
