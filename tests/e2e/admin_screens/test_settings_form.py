"""The form of the settings when a save goes another way, in a real browser; nothing is written."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from devstack.seed.people import COLLEAGUE, SCHOOL_ADMIN
from tests.e2e.web_pages import Screen

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

NAMESPACE = "**/bff/v1/admin/settings/notifications"
REMINDER = "reminder_after_hours"


@pytest.fixture
def page(screen: Screen) -> Iterator[Page]:
    yield screen.page
    screen.page.unroute_all(behavior="ignoreErrors")
    # A page that is left keeps what was typed.
    screen.page.goto(f"{screen.address}/admin/overview")


@pytest.fixture
def form(screen: Screen, page: Page) -> Locator:
    """The form with a change that is ready to be reviewed."""
    screen.visit("/admin/settings/notifications")
    page.get_by_role("textbox", name="Påminnelse").fill("24")
    page.get_by_label("Skäl").fill("Påminn tidigare")
    return page.locator("main form")


def saved_since(page: Page, values: dict[str, Any], by: str) -> None:
    """The service is at version 7 from here on: what it reads, and what it refuses."""

    def read(route: Route) -> None:
        if route.request.method != "GET":
            route.fallback()
            return
        answer = route.fetch(headers={**route.request.headers, "If-None-Match": ""})
        current = answer.json()
        now = {
            **current,
            "values": current["values"] | values,
            "version": 7,
            "etag": '"seven"',
            "updated_by": by,
            "updated_at": "2026-01-31T12:00:00Z",
        }
        route.fulfill(response=answer, json=now)

    def refuse(route: Route) -> None:
        if route.request.headers.get("if-match") == '"seven"':
            route.fulfill(status=503, json=_error("SERVICE_UNAVAILABLE"))
        else:
            route.fulfill(status=412, json=_error("PRECONDITION_FAILED"))

    page.route(NAMESPACE, read)
    page.route(f"{NAMESPACE}?*", refuse)


def _error(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "", "details": {}, "correlation_id": "case-18"}}


def test_version_follows_when_changes_are_discarded_for_another(form: Locator, page: Page) -> None:
    saved_since(page, {REMINDER: 12}, COLLEAGUE.user_id)
    form.get_by_role("button", name="Granska ändringarna").click()
    page.get_by_test_id("merge").get_by_role("button", name="Kasta mina ändringar").click()

    expect(page.get_by_role("textbox", name="Påminnelse")).to_have_value("12")
    expect(page.get_by_test_id("version")).to_contain_text("Version 7")
    expect(page.get_by_test_id("version")).to_contain_text("Nils Berg")
    expect(form.locator("[aria-invalid=true]")).to_have_count(0)


def test_version_follows_when_changes_are_merged(form: Locator, page: Page) -> None:
    saved_since(page, {"default_language": "en"}, COLLEAGUE.user_id)
    form.get_by_role("button", name="Granska ändringarna").click()
    page.get_by_test_id("merge").get_by_role("button", name="Fortsätt med valen").click()

    expect(page.get_by_test_id("version")).to_contain_text("Version 7")
    expect(page.get_by_test_id("changes")).to_have_text("1 ändring")
    page.get_by_role("button", name="Ångra alla").click()


def test_own_save_whose_answer_was_lost_is_told_when_the_dialog_closes(
    form: Locator, page: Page
) -> None:
    form.get_by_role("button", name="Granska ändringarna").click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("Påminnelse")
    page.route(f"{NAMESPACE}*", lambda route: route.abort("connectionreset"))
    dialog.get_by_role("button", name="Spara").click()
    expect(page.get_by_test_id("unknown-outcome")).to_be_visible()
    page.unroute_all(behavior="ignoreErrors")
    saved_since(page, {REMINDER: 24}, SCHOOL_ADMIN.user_id)
    # A dialog whose write is under way stays.
    expect(dialog.get_by_role("button", name="Spara")).not_to_have_attribute(
        "aria-disabled", "true"
    )

    page.keyboard.press("Escape")

    expect(dialog).to_have_count(0)
    expect(page.get_by_test_id("saved")).to_contain_text("Sparat som version 7.")
    expect(page.get_by_test_id("version")).to_contain_text("Version 7")
    expect(page.get_by_test_id("changes")).to_have_text("0 ändringar")
    expect(form.locator("[aria-invalid=true]")).to_have_count(0)


def test_same_save_of_both_is_no_conflict(form: Locator, page: Page) -> None:
    saved_since(page, {REMINDER: 24}, COLLEAGUE.user_id)
    form.get_by_role("button", name="Granska ändringarna").click()

    expect(page.get_by_test_id("saved")).to_contain_text("Sparat som version 7.")
    expect(page.get_by_test_id("version")).to_contain_text("Nils Berg")
    expect(page.get_by_test_id("merge")).to_have_count(0)


def test_history_is_read_again_where_the_answer_to_a_roll_back_was_lost(
    screen: Screen, page: Page
) -> None:
    saved_since(page, {REMINDER: 12}, COLLEAGUE.user_id)
    screen.visit("/admin/settings/notifications/history")
    page.get_by_test_id("version-0").get_by_role("button").click()
    page.get_by_label("Skäl").fill("Tillbaka")
    page.route("**/notifications/rollback?*", answer_as_version_8)
    page.get_by_role("button", name="Granska återställningen").click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("De blir version 8.")
    page.unroute("**/notifications/rollback?*")
    page.route("**/notifications/rollback*", lambda route: route.abort("connectionreset"))
    dialog.get_by_role("button", name="Återställ").click()
    expect(page.get_by_test_id("unknown-outcome")).to_be_visible()

    with page.expect_request("**/settings/notifications"):
        page.keyboard.press("Escape")

    expect(dialog).to_have_count(0)


def answer_as_version_8(route: Route) -> None:
    made = {
        "namespace": "notifications",
        "version": 8,
        "values": {REMINDER: 48},
        "etag": '"eight"',
        "updated_by": None,
        "updated_at": None,
        "dry_run": True,
        "diff": [],
    }
    route.fulfill(json=made)


def test_list_that_is_not_right_gets_the_focus(screen: Screen, page: Page) -> None:
    screen.visit("/admin/settings/uploads")
    kinds = page.locator("[data-setting='/allowed_extensions']")
    for _ in range(3):
        kinds.get_by_role("button", name="Ta bort").first.click()
    page.get_by_label("Skäl").fill("Inga filer")
    page.get_by_role("button", name="Granska ändringarna").click()

    expect(kinds.get_by_test_id("problem")).to_have_text("Minst 1 värde.")
    expect(kinds.get_by_role("button", name="Lägg till")).to_be_focused()
    page.get_by_role("button", name="Ångra alla").click()
