"""What an admin's screens say and do when something goes another way; nothing here is written."""

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

from devstack.seed.people import COLLEAGUE, SCHOOL_ADMIN
from tests.e2e.web_pages import WIDE, Screen

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

API = "**/bff/v1/admin"


def dialog(screen: Screen) -> Locator:
    return screen.page.locator("dialog[open]")


def altered(screen: Screen, call: str, **values: Any) -> None:
    """Answer this call with what the service says, but for these values."""

    def alter(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), **values})

    screen.page.route(f"{API}/{call}", alter)


def test_page_whose_rows_are_gone_does_not_say_that_nobody_waits(screen: Screen) -> None:
    page = screen.page
    page.route(
        f"{API}/users/pending?*cursor=*",
        lambda route: route.fulfill(json={"users": [], "next_cursor": None}),
    )
    screen.visit("/admin/accounts?cursor=AAAA")

    expect(page.locator("main")).to_contain_text("Den här sidan är tom.")
    expect(page.locator("main")).not_to_contain_text("Ingen väntar")
    page.get_by_role("button", name="Till första sidan").click()
    expect(page.locator("main li").first).to_contain_text("har väntat")
    expect(page).to_have_url(f"{screen.address}/admin/accounts")


@pytest.mark.parametrize("rubbish", ["status=odd", "verified=odd"])
def test_filter_that_does_not_exist_is_none(screen: Screen, rubbish: str) -> None:
    page = screen.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    screen.visit(f"/admin/accounts?{rubbish}")

    tabs = page.get_by_role("navigation", name="Kontonas läge")
    expect(tabs.locator("[aria-current=page]")).to_have_text("Väntande")
    (call,) = [url for url in asked if "/users/pending" in url]
    assert "verified" not in call


def test_back_link_returns_to_the_list_as_it_was(screen: Screen) -> None:
    page = screen.page
    screen.visit("/admin/accounts?status=approved&q=nils")
    page.get_by_role("link", name="Nils Berg").click()
    expect(page.get_by_test_id("status")).to_be_visible()
    page.get_by_role("link", name="Tillbaka").click()

    expect(page).to_have_url(f"{screen.address}/admin/accounts?status=approved&q=nils")
    screen.visit(f"/admin/accounts/{COLLEAGUE.user_id}")
    page.get_by_role("link", name="Tillbaka").click()
    expect(page).to_have_url(f"{screen.address}/admin/accounts")


def test_own_account_has_no_decisions(screen: Screen) -> None:
    page = screen.page
    screen.visit(f"/admin/accounts/{SCHOOL_ADMIN.user_id}")

    expect(page.get_by_test_id("own-account")).to_contain_text("ditt eget konto")
    expect(page.get_by_role("button", name="Inaktivera")).to_have_count(0)
    expect(page.get_by_role("button", name="Avsluta tillgången")).to_have_count(0)


def test_end_of_access_is_called_so_to_the_last_button(screen: Screen) -> None:
    page = screen.page
    screen.visit(f"/admin/accounts/{COLLEAGUE.user_id}")
    page.get_by_role("button", name="Avsluta tillgången").click()

    expect(dialog(screen).get_by_role("heading")).to_have_text("Avsluta tillgången")
    expect(dialog(screen).get_by_role("button", name="Avsluta tillgången")).to_be_visible()
    page.keyboard.press("Escape")


def test_account_is_read_again_where_the_answer_was_lost(screen: Screen) -> None:
    page = screen.page
    screen.visit(f"/admin/accounts/{COLLEAGUE.user_id}")
    page.route(f"{API}/users/*/deactivate", lambda route: route.abort("connectionreset"))
    page.get_by_role("button", name="Inaktivera").click()
    dialog(screen).locator("input").fill("Tjänstledig")
    dialog(screen).get_by_role("button", name="Inaktivera").click()
    expect(page.get_by_test_id("unknown-outcome")).to_be_visible()
    altered(screen, f"users/{COLLEAGUE.user_id}", status="deactivated")

    page.keyboard.press("Escape")

    expect(page.get_by_test_id("status")).to_have_text("Inaktiverat")


def test_refused_field_of_an_invitation_is_named(screen: Screen) -> None:
    page = screen.page
    screen.visit("/admin/accounts")
    page.get_by_role("button", name="Bjud in lärare").click()
    dialog(screen).get_by_label("E-post").fill("siv@skola.c")
    dialog(screen).get_by_label("Förnamn").fill("Siv")
    dialog(screen).get_by_label("Efternamn").fill("E" * 300)
    dialog(screen).get_by_role("button", name="Bjud in").click()

    email = dialog(screen).get_by_label("E-post")
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(dialog(screen)).to_contain_text("Skriv en e-postadress")
    expect(dialog(screen).get_by_label("Efternamn")).to_have_attribute("aria-invalid", "true")
    expect(dialog(screen).get_by_label("Förnamn")).not_to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Escape")


def test_reason_that_was_pasted_is_sent_as_one_line(screen: Screen) -> None:
    page = screen.page
    screen.visit(f"/admin/accounts/{COLLEAGUE.user_id}")
    page.route(f"{API}/users/*/deactivate", lambda route: route.abort())
    page.get_by_role("button", name="Inaktivera").click()
    dialog(screen).locator("input").fill("Rad\t7\N{RIGHT-TO-LEFT MARK} av listan")

    with page.expect_request("**/deactivate") as sent:
        dialog(screen).get_by_role("button", name="Inaktivera").click()

    assert json.loads(sent.value.post_data or "")["reason"] == "Rad 7 av listan"
    page.keyboard.press("Escape")


@pytest.mark.parametrize("size", [(WIDE, 900), (390, 844), (320, 256)])
def test_focused_row_is_not_covered_by_the_bar_above_it(
    screen: Screen, size: tuple[int, int]
) -> None:
    page = screen.page

    def many(route: Route) -> None:
        answer = route.fetch()
        (one,) = answer.json()["users"][:1]
        users = [{**one, "user_id": f"{one['user_id'][:-2]}{n:02}"} for n in range(20)]
        route.fulfill(response=answer, json={"users": users, "next_cursor": None})

    page.route(f"{API}/users/pending*", many)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    screen.visit("/admin/accounts")
    expect(page.locator("main li")).to_have_count(20)

    for key in ("Tab", "Shift+Tab"):
        place = "first" if key == "Tab" else "last"
        getattr(page.locator("main li input"), place).focus()
        for _ in range(36):
            page.keyboard.press(key)
            assert page.evaluate(_IS_SEEN), page.evaluate("document.activeElement.outerHTML")


_IS_SEEN = """() => {
    const one = document.activeElement, box = one.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return one.contains(top);
}"""


def test_long_name_of_an_admin_stays_within_the_settings(screen: Screen) -> None:
    page = screen.page
    by = {"version": 3, "updated_by": COLLEAGUE.user_id, "updated_at": "2026-01-31T12:00:00Z"}

    def changed(route: Route) -> None:
        answer = route.fetch()
        listed = [{**one, **by} for one in answer.json()["namespaces"]]
        route.fulfill(response=answer, json={"namespaces": listed})

    page.route(f"{API}/settings", changed)
    altered(screen, "settings/uploads", **by)
    altered(screen, f"users/{COLLEAGUE.user_id}", display_name="Å" * 80)
    page.set_viewport_size({"width": 320, "height": 700})
    for path in ("settings", "settings/uploads"):
        screen.visit(f"/admin/{path}")
        expect(page.locator("main bdi").first).to_contain_text("ÅÅÅÅ")
        assert (path, screen.is_wider_than_window()) == (path, False)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("width", [320, 390])
def test_nothing_in_the_header_is_squeezed_or_covered(
    screen: Screen, width: int, language: str
) -> None:
    screen.look(theme="light", width=width, language=language)
    screen.visit("/admin/settings")
    try:
        boxes = screen.page.evaluate(_BOXES_OF_HEADER)
        assert all(left >= end for (left, _), (_, end) in zip(boxes[1:], boxes, strict=False))
        assert all(right - left >= 44 for left, right in boxes)
        assert screen.violations() == []
    finally:
        screen.look(theme="light", width=WIDE, language="sv")


_BOXES_OF_HEADER = """() => {
    const range = document.createRange();
    return [...document.querySelectorAll('header > button, header > a, header > p')]
        .filter(one => one.checkVisibility() && one.getBoundingClientRect().width > 1)
        .map(one => {
            range.selectNodeContents(one);
            const own = one.getBoundingClientRect(), inner = range.getBoundingClientRect();
            return [Math.round(own.left), Math.round(Math.max(own.right, inner.right))];
        });
}"""
"""Where each begins, and where it or its text ends."""


def test_forced_colours_leave_what_grounds_tell(screen: Screen) -> None:
    page = screen.page
    screen.visit("/admin/accounts")
    page.emulate_media(forced_colors="active")
    try:
        ground = "one => getComputedStyle(one).backgroundColor"
        canvas = page.locator("body").evaluate(ground)
        for current in page.locator("nav [aria-current=page]").all():
            assert current.evaluate(ground) != canvas
        approve = page.get_by_role("button", name="Godkänn")
        assert approve.evaluate("one => getComputedStyle(one).borderTopWidth") == "1px"
    finally:
        page.emulate_media(forced_colors="none")


def test_screen_is_read_again_when_the_person_is_back(screen: Screen) -> None:
    page = screen.page
    screen.visit("/admin/overview")
    page.context.clear_cookies()
    page.get_by_role("link", name="Inställningar").first.click()
    expect(dialog(screen)).to_contain_text("Du är utloggad")
    screen.fill_in(SCHOOL_ADMIN.email)

    expect(dialog(screen)).to_have_count(0)
    expect(page.get_by_role("link", name="Uppladdning")).to_be_visible()
    expect(page.get_by_test_id("error")).to_have_count(0)


def test_names_are_read_again_after_an_outage(screen: Screen) -> None:
    page = screen.page
    version = {"version": 3, "updated_by": COLLEAGUE.user_id, "updated_at": "2026-01-31T12:00:00Z"}

    def changed(route: Route) -> None:
        answer = route.fetch()
        listed = [{**one, **version} for one in answer.json()["namespaces"]]
        route.fulfill(response=answer, json={"namespaces": listed})

    page.route(f"{API}/settings", changed)
    failing = {"error": {"code": "TIMEOUT", "message": "", "details": {}, "correlation_id": "c"}}
    account = f"{API}/users/{COLLEAGUE.user_id}"
    page.route(account, lambda route: route.fulfill(status=504, json=failing))
    with page.expect_response(account):
        screen.visit("/admin/settings")
    expect(page.locator("main")).to_contain_text(COLLEAGUE.user_id[:8])
    page.unroute(account)
    page.get_by_role("link", name="Konton").first.click()
    expect(page.get_by_role("heading", name="Konton")).to_be_visible()

    page.get_by_role("link", name="Inställningar").first.click()

    expect(page.locator("main")).to_contain_text("Nils Berg")
