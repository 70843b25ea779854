"""A teacher's screens while something fails, in a real browser against real processes.

With `FULL_NUMBERS=1` each service fails in every way; otherwise in two of them.
"""

import os
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from devstack.seed import TRUTH_TABLE, Situation
from devstack.seed.people import ANNA, ERIK
from tests.e2e.demo_stack import DemoStack
from tests.e2e.teacher_work import (
    batches_in_review,
    confirm_elsewhere,
)
from tests.e2e.web_pages import NARROW, Screen, opened

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

BEGINS_AT = "/app/dashboard"

DONE = TRUTH_TABLE[Situation.PARTLY_FAILED].batch_id
WITH_TEXTS = (
    DONE,
    TRUTH_TABLE[Situation.DONE].batch_id,
    TRUTH_TABLE[Situation.LATER_PHASE_FAILED].batch_id,
)
RUNNING = TRUTH_TABLE[Situation.SPELLCHECK_RUNNING].batch_id
REVIEW = TRUTH_TABLE[Situation.AWAITING_CONFIRMATION].batch_id
SCREENS = ("/app/dashboard", f"/app/batch/{RUNNING}", f"/app/batch/{REVIEW}/deviations")
SERVICES = ("ras", "cms", "files", "bos", "content", "entitlements", "identity")
KINDS = ("hang", "down", "cut", "garbage", "html", "latency=2s", "error=503")
WAYS = [(service, "error=500") for service in SERVICES] + (
    [(service, kind) for service in SERVICES for kind in KINDS]
    if os.environ.get("FULL_NUMBERS") == "1"
    else list(zip(SERVICES, KINDS, strict=True))
)
TEXT_OF_FAULT = {"html": "<h1>It works</h1>", "garbage": '{"batches": [NaN'}
NAMED = "[data-part], [data-test=error]"
STATUSES = "rows => Object.fromEntries(rows.map(one => [one.dataset.batch, one.dataset.status]))"


@pytest.fixture
def faults(stack: DemoStack) -> Iterator[DemoStack]:
    yield stack
    stack.fault("clear")


@pytest.fixture(scope="module")
def places(other: httpx.Client) -> list[str]:
    """Pages of essays, each for one fault, and of a class, as they are called while all is well."""
    pages = [
        f"/app/batch/{batch_id}/essays/{one['essay_id']}"
        for batch_id in WITH_TEXTS
        for one in other.get(f"/batches/{batch_id}").json()["essays"]
    ]
    classes = other.get("/classes").json()["classes"]
    assert len(pages) >= len(WAYS)
    return [*pages, f"/app/klasser/{classes[0]['class_id']}"]


def shown_statuses(screen: Screen) -> dict[str, str]:
    rows = screen.page.locator("[data-test=ledger] > li")
    found: dict[str, str] = rows.evaluate_all(STATUSES)
    return found


NOT_BEGUN = {"status": "not_started", "status_source": "events", "waits_for": None}
DENIAL = {"pipeline": "nlp", "reason": "insufficient_credits", "at": "2026-01-31T09:00:00Z"}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            {"waits_for": "files", "placed_files": 1, "rejected_files": 2},
            "Bunten väntar på filer. 1 text av 25 har kommit. 2 filer kunde inte läsas",
        ),
        ({"waits_for": "matching"}, "Texterna kopplas till elever."),
        ({"waits_for": "no_matches"}, "Ingen text kunde kopplas till en elev"),
        ({"start_denied": DENIAL}, "Otillräckliga krediter."),
    ],
)
def test_batch_says_what_only_events_tell(
    screen: Screen, other: httpx.Client, told: dict[str, object], words: str
) -> None:
    page, batch_id = screen.page, TRUTH_TABLE[Situation.READY].batch_id
    batch = other.get(f"/batches/{batch_id}").json() | NOT_BEGUN | {"total_essays": 25} | told
    page.route("**/events?*", lambda route: route.abort())
    page.route(f"**/batches/{batch_id}", lambda route: route.fulfill(json=batch))
    screen.look(theme="dark", width=NARROW, language="sv")

    screen.visit(f"/app/batch/{batch_id}")

    expect(page.locator("[data-waits-for], [data-test=start-denied]")).to_contain_text(words)
    assert screen.violations() == []
    assert not screen.is_wider_than_window()
    page.unroute_all()


def test_session_that_ends_takes_no_typed_text(screen: Screen) -> None:
    page = screen.page
    screen.visit(f"/app/batch/{DONE}")
    page.get_by_role("button", name="Byt namn").click()
    title = page.get_by_label("Namn på bunten")
    expect(page.get_by_role("button", name="Spara")).to_be_enabled()
    title.fill("Halvskriven titel")
    page.context.clear_cookies()

    # On a busy machine the page has learned it by itself, and its dialog lies over the button.
    page.get_by_role("button", name="Spara").evaluate("button => button.click()")
    ended = page.get_by_role("dialog", name="Du är utloggad")
    expect(ended).to_be_visible()
    for _ in range(3):
        # The browser lets a page refuse the first one only.
        page.keyboard.press("Escape")
        expect(ended).to_be_visible()
        expect(page.locator("dialog:modal")).to_have_count(2)
    assert screen.violations() == []
    screen.fill_in(ANNA.email)
    expect(ended).to_have_count(0)

    expect(title).to_have_value("Halvskriven titel")
    expect(title).to_be_focused()
    page.get_by_role("button", name="Spara").click()
    expect(page.locator("h1")).to_contain_text("Halvskriven titel")


def test_signing_out_in_one_tab_shows_in_the_other(screen: Screen) -> None:
    screen.visit("/app/klasser")
    second = Screen(screen.page.context.new_page(), screen.address)
    second.visit("/app/arkiv")

    second.page.get_by_role("button", name="Logga ut").click()

    expect(second.page).to_have_url(f"{screen.address}/login")
    expect(screen.page.locator("dialog[open]")).to_contain_text("Du är utloggad")
    screen.fill_in(ANNA.email)
    expect(screen.page.locator("dialog[open]")).to_have_count(0)
    # The other tab was at the sign-in page: it goes on by itself.
    expect(second.page).to_have_url(f"{screen.address}/app/dashboard")
    second.page.close()
    assert second.complaints == []


def test_page_of_another_role_is_refused(screen: Screen) -> None:
    screen.page.goto(f"{screen.address}/admin/overview")

    expect(screen.page.locator("h1")).to_have_text("Du har inte behörighet")
    assert screen.violations() == []


def test_batch_of_another_teacher_is_refused_in_words(screen: Screen) -> None:
    theirs = TRUTH_TABLE[Situation.DENIED]
    assert theirs.owner == ERIK

    screen.visit(f"/app/batch/{theirs.batch_id}")

    expect(screen.page.get_by_test_id("error")).to_contain_text("Du har inte behörighet.")
    expect(screen.page.get_by_role("button", name="Försök igen")).to_have_count(0)


def test_wrong_password_and_waiting_account_are_told(browser: Browser, stack: DemoStack) -> None:
    with opened(browser, stack.gateway) as stranger:
        stranger.page.goto(f"{stranger.address}/login")
        stranger.page.get_by_role("button", name="Logga in").click()
        expect(stranger.page.get_by_text("Fyll i detta fält.")).to_have_count(2)
        assert stranger.violations() == []
        stranger.fill_in("johan.sjoberg@demo.huleedu.se")
        expect(stranger.page.get_by_role("alert")).to_contain_text("väntar på godkännande")
        stranger.page.locator("input[type=password]").fill("wrong-Password-1")
        stranger.page.get_by_role("button", name="Logga in").click()

        expect(stranger.page.get_by_role("alert")).to_contain_text("Fel e-post eller lösenord.")


def test_offline_page_keeps_its_picture_and_says_so(screen: Screen) -> None:
    page = screen.page
    screen.visit("/app/dashboard")
    rows = shown_statuses(screen)

    page.context.set_offline(True)
    expect(page.get_by_test_id("connection")).to_contain_text("Ingen anslutning")
    page.get_by_role("button", name="Klara").click()
    expect(page.get_by_test_id("error")).to_contain_text("Kunde inte ansluta till servern.")
    assert shown_statuses(screen) == rows
    assert screen.violations() == []
    page.context.set_offline(False)

    expect(page.get_by_test_id("connection")).to_have_count(0)
    page.get_by_role("button", name="Försök igen").click()
    expect(page.get_by_test_id("error")).to_have_count(0)


@pytest.mark.parametrize("process", ["bff_teacher", "redis"])
def test_page_goes_on_without_a_lie_after_a_restart(
    stack: DemoStack, screen: Screen, other: httpx.Client, process: str
) -> None:
    screen.visit("/app/dashboard")
    expect(screen.page.get_by_test_id("connection")).to_have_count(0)
    changed = batches_in_review(other)[-1]

    assert stack.command("restart", process).returncode == 0
    confirm_elsewhere(other, changed)
    row = screen.page.locator(f"[data-test=ledger] [data-batch='{changed}']")
    expect(row).to_have_attribute("data-status", "ready")
    expect(screen.page.get_by_test_id("connection")).to_have_count(0)
    kept = shown_statuses(screen)
    screen.visit("/app/dashboard")

    assert shown_statuses(screen) == kept


def test_gateway_that_does_not_answer_has_a_page_that_tries_again(screen: Screen) -> None:
    page = screen.page
    page.route("**/v1/session", lambda route: route.abort())
    page.goto(f"{screen.address}/app/klasser")
    expect(page.get_by_test_id("error")).to_contain_text("Kunde inte ansluta till servern.")
    assert screen.violations() == []

    page.unroute("**/v1/session")
    page.get_by_role("button", name="Försök igen").click()

    expect(page).to_have_url(f"{screen.address}/app/klasser")
    expect(page.locator("h1")).to_have_text("Klasser")


@pytest.mark.parametrize(("service", "kind"), WAYS)
def test_failing_service_leaves_no_page_blank_and_is_named(
    faults: DemoStack, screen: Screen, places: list[str], service: str, kind: str
) -> None:
    *essays, of_class = places
    # Not one that another fault has shown: its text may be kept.
    essay = essays[WAYS.index((service, kind))]
    faults.fault(service, kind)

    named = 0
    for path in (*SCREENS, essay, of_class, "/app/arkiv"):
        screen.visit(path)
        assert len(screen.page.locator("main").inner_text()) > 20, path
        named += screen.page.locator(NAMED).count()
    screen.look(theme="dark", width=NARROW, language="sv")
    screen.visit(essay)

    assert screen.violations() == []
    assert not screen.is_wider_than_window()
    if service in {"identity", "entitlements"} or kind.startswith("latency"):
        # The name in the header is all that Identity gives to the screens, and a slow answer is one.
        return
    # A text may be anything: no reader can tell a page of another server from a pupil's work.
    text = screen.page.get_by_test_id("essay-text")
    if service == "content" and kind in TEXT_OF_FAULT and text.count():
        assert TEXT_OF_FAULT[kind] in text.inner_text()
        return
    assert named > 0 or is_named_later(screen)


def is_named_later(screen: Screen) -> bool:
    """True if a failing part is named once what was read before the failure has aged."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        for path in SCREENS:
            screen.visit(path)
            if screen.page.locator(NAMED).count():
                return True
    return False


def test_long_list_holds_the_rows_in_sight_and_reaches_the_last(
    screen: Screen, other: httpx.Client
) -> None:
    page = screen.page
    batch = other.get(f"/batches/{DONE}").json()
    first = batch["essays"][0]
    batch["essays"] = [
        {**first, "essay_id": f"00000000-0000-4000-8000-{number:012}", "filename": f"{number}.txt"}
        | {"student": None, "rank": number, "cj_score": -number / 100}
        for number in range(1, 501)
    ]
    page.route("**/events?*", lambda route: route.abort())
    page.route(f"**/batches/{DONE}", lambda route: route.fulfill(json=batch))
    screen.visit(f"/app/batch/{DONE}?tab=texts")
    rows = page.locator("[role=tabpanel] li")
    expect(rows.first).to_contain_text("1.txt")
    assert rows.count() < 60

    page.locator("main").evaluate("main => main.scrollTo(0, main.scrollHeight)")
    expect(page.get_by_text("500.txt")).to_be_in_viewport()
    assert rows.count() < 60
    assert rows.last.get_attribute("aria-posinset") == "500"
    assert screen.violations() == []
    page.unroute_all()
