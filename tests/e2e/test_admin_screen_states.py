"""The states of the admin's screens as they are drawn, in a real browser; everything here reads."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Route, expect

from devstack.seed.people import ADMIN, ANNA, PENDING
from tests.e2e.demo_stack import DemoStack
from tests.e2e.web_pages import NARROW, WIDE, Screen, opened

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

API = "**/bff/v1/admin"


@pytest.fixture(scope="module")
def signed_in(browser: Browser, screens: DemoStack) -> Iterator[Screen]:
    """One session for all tests: Identity allows five sign-ins a minute."""
    with opened(browser, screens.gateway) as screen:
        screen.sign_in(ADMIN.email, "/admin/overview")
        yield screen


@pytest.fixture
def screen(signed_in: Screen) -> Iterator[Screen]:
    yield signed_in
    signed_in.page.unroute_all()
    assert signed_in.complaints == []


def test_name_is_shown_as_text(screen: Screen) -> None:
    name = "<img src=x onerror=alert(1)> \N{RIGHT-TO-LEFT OVERRIDE}😀" + "å" * 60
    page = screen.page

    def rename(route: Route) -> None:
        answer = route.fetch()
        users = [{**one, "display_name": name} for one in answer.json()["users"]]
        route.fulfill(response=answer, json={**answer.json(), "users": users})

    page.route(f"{API}/users/pending*", rename)
    screen.look(theme="light", width=NARROW, language="sv")
    screen.visit("/admin/accounts")

    expect(page.locator("main li").first).to_contain_text("<img src=x")
    assert page.locator("main img").count() == 0
    assert not screen.is_wider_than_window()
    screen.look(theme="light", width=WIDE, language="sv")


NOT_MOUNTED = {"adjustable": False, "operations": None}
UNKNOWN = {"adjustable": None, "operations": None, "available": None}
MISSING = [{"name": "credits", "status": "missing", "code": "TIMEOUT", "age_seconds": None}]
STALE = [{"name": "pending", "status": "stale", "code": None, "age_seconds": 90}]


@pytest.mark.parametrize(
    ("path", "call", "altered", "words"),
    [
        (f"accounts/{ANNA.user_id}/credits", "credits/*", NOT_MOUNTED, "erbjuder det inte i drift"),
        (
            f"accounts/{ANNA.user_id}/credits",
            "credits/*",
            {**UNKNOWN, "parts": MISSING},
            "Krediterna kunde inte läsas: tjänsten svarade inte i tid.",
        ),
        (
            f"accounts/{ANNA.user_id}/credits",
            "credits/*",
            {},
            "Läraren ser det inte, och det visas inte under Logg.",
        ),
        ("overview", "overview", {"parts": STALE}, "Väntande konton: visas som för 1 min sedan"),
        ("audit", "audit*", {"complete_until": "2026-01-31T12:00:00Z"}, "kan ändringar saknas"),
        ("accounts", "users/pending*", {"users": []}, "Ingen väntar på godkännande."),
        ("settings", "settings", {"namespaces": []}, "Det finns inga inställningar."),
        ("settings", "settings", {"namespaces": "odd"}, "Oväntat dataformat från servern."),
    ],
)
def test_state_is_drawn_in_words(
    screen: Screen, path: str, call: str, altered: dict[str, Any], words: str
) -> None:
    def alter(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), **altered})

    screen.page.route(f"{API}/{call}", alter)
    screen.visit(f"/admin/{path}")

    expect(screen.page.locator("main")).to_contain_text(words)
    assert screen.violations() == []


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "AUTHORIZATION_ERROR", "Du har inte behörighet."),
        (429, "RATE_LIMIT", "För många försök."),
        (503, "CIRCUIT_BREAKER_OPEN", "Serverfel."),
    ],
)
def test_refusal_is_drawn_in_words(screen: Screen, status: int, code: str, words: str) -> None:
    error = {"code": code, "message": "raw text", "details": {}, "correlation_id": "case-17"}
    screen.page.route(
        f"{API}/users/pending*", lambda route: route.fulfill(status=status, json={"error": error})
    )
    screen.visit("/admin/accounts")

    alert = screen.page.get_by_test_id("error")
    expect(alert).to_contain_text(words)
    expect(alert).to_contain_text("case-17")
    assert "raw text" not in screen.page.locator("main").inner_text()


def test_screens_keep_their_picture_offline(screen: Screen) -> None:
    page = screen.page
    screen.visit("/admin/overview")
    page.context.set_offline(True)
    try:
        page.get_by_role("button", name="Uppdatera").click()

        expect(page.get_by_test_id("not-updated")).to_contain_text("Kunde inte ansluta")
        expect(page.get_by_test_id("service-identity")).to_be_visible()
    finally:
        page.context.set_offline(False)
    page.get_by_role("button", name="Försök igen").click()
    expect(page.get_by_test_id("not-updated")).to_have_count(0)


def test_notice_of_a_lost_connection_covers_nothing_of_a_narrow_page(screen: Screen) -> None:
    page = screen.page
    screen.look(theme="light", width=320, language="sv")
    screen.visit("/admin/overview")
    page.context.set_offline(True)
    try:
        notice = page.get_by_test_id("connection")
        expect(notice).to_be_visible()
        box, heading = notice.bounding_box(), page.locator("h1").first.bounding_box()
    finally:
        page.context.set_offline(False)

    assert box
    assert heading
    assert box["y"] + box["height"] <= heading["y"]


LOOKS = [("light", WIDE, "sv"), ("dark", NARROW, "en")]
SCREENS = [
    "overview",
    "accounts",
    "accounts?status=approved",
    f"accounts/{PENDING[0].user_id}",
    f"accounts/{ANNA.user_id}/credits",
    "settings",
    "settings/assessment",
    "settings/maintenance",
    "settings/notifications",
    "settings/uploads",
    "settings/uploads/history",
    "audit",
    "accounts/00000000-0000-4000-8000-000000000000",
]


@pytest.mark.parametrize(("theme", "width", "language"), LOOKS)
def test_axe_finds_nothing_and_nothing_overflows(
    screen: Screen, theme: str, width: int, language: str
) -> None:
    screen.look(theme=theme, width=width, language=language)
    for name in SCREENS:
        screen.page.goto(f"{screen.address}/admin/{name}")
        expect(screen.page.get_by_test_id("loading")).to_have_count(0)
        expect(screen.page.locator("main").locator("h1, h2").first).to_be_visible()

        assert (name, screen.violations()) == (name, [])
        assert (name, screen.is_wider_than_window()) == (name, False)
    screen.look(theme="light", width=WIDE, language="sv")


def test_teacher_gets_no_admin_screen(browser: Browser, screens: DemoStack) -> None:
    with opened(browser, screens.gateway) as screen:
        screen.page.goto(f"{screens.gateway}/admin/accounts")
        screen.fill_in(ANNA.email)

        expect(screen.page.get_by_role("heading")).to_have_text("Du har inte behörighet")
        assert urlsplit(screen.page.url).path == "/forbidden"
