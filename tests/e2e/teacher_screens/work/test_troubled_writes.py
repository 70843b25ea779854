"""Writes that are refused, cut off or undone, in a real browser against real processes."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import FilePayload, expect

from devstack.seed import TRUTH_TABLE, Situation
from devstack.seed.people import ANNA
from tests.e2e.admin_work import admin_elsewhere, save
from tests.e2e.demo_stack import DemoStack
from tests.e2e.devstack_harness import eventually
from tests.e2e.teacher_work import batches_in_review
from tests.e2e.web_pages import NARROW, Screen

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

BEGINS_AT = "/app/dashboard"

DONE = TRUTH_TABLE[Situation.PARTLY_FAILED].batch_id
READY = TRUTH_TABLE[Situation.READY].batch_id
TEXT = "En text om en resa som tog lång tid. " * 40
NOTICE = "Tillbaka klockan 12 <b>"


@contextmanager
def answers_cut(stack: DemoStack, service: str, path: str) -> Iterator[None]:
    """The service does what it is asked, and its answer does not arrive."""
    stack.fault(service, "cut", f"path={path}")
    try:
        yield
    finally:
        stack.fault("clear", service)


@pytest.fixture
def read_only(stack: DemoStack) -> Iterator[None]:
    with admin_elsewhere(stack) as admin:
        save(admin, "maintenance", {"read_only": True, "banner": {"sv": NOTICE, "en": ""}})
        yield
        save(admin, "maintenance", {"read_only": False})


@pytest.mark.usefixtures("read_only")
def test_read_only_platform_is_said_before_and_after_a_write(screen: Screen) -> None:
    page = screen.page
    banner = page.get_by_test_id("maintenance")
    screen.look(theme="dark", width=NARROW, language="sv")
    screen.visit(f"/app/batch/{DONE}")
    expect(banner).to_contain_text("du kan läsa, men inte ändra något")
    expect(banner).to_contain_text(NOTICE)
    assert screen.violations() == []
    assert not screen.is_wider_than_window()
    page.get_by_role("button", name="Byt namn").click()
    title = page.get_by_label("Namn på bunten")
    expect(page.get_by_role("button", name="Spara")).to_be_enabled()
    title.fill("Under underhållet")

    page.get_by_role("button", name="Spara").click()

    refusal = page.get_by_role("alert").filter(has_text="du kan läsa, men inte ändra något")
    expect(refusal).to_contain_text(NOTICE)
    expect(title).to_have_value("Under underhållet")


def test_announcement_is_shown_while_writes_go_on(screen: Screen, stack: DemoStack) -> None:
    with admin_elsewhere(stack) as admin:
        save(admin, "maintenance", {"show_banner": True, "banner": {"sv": NOTICE, "en": ""}})
        try:
            # The BFF hears of it a moment later, and the screen reads it a minute after that.
            eventually(lambda: stack.get(ANNA, "/me").json()["maintenance"]["show_banner"])
            screen.visit("/app/dashboard")

            expect(screen.page.get_by_test_id("maintenance")).to_have_text(NOTICE)
        finally:
            save(admin, "maintenance", {"show_banner": False})
    eventually(lambda: not stack.get(ANNA, "/me").json()["maintenance"]["show_banner"])


def test_end_of_maintenance_takes_its_notice_away(screen: Screen, stack: DemoStack) -> None:
    screen.visit("/app/dashboard")

    expect(screen.page.get_by_test_id("maintenance")).to_have_count(0)


def test_start_without_an_answer_says_that_it_may_have_begun(
    screen: Screen, stack: DemoStack
) -> None:
    page = screen.page
    screen.visit(f"/app/batch/{READY}")
    page.get_by_role("button", name="Starta bedömning").click()
    dialog = page.get_by_role("dialog", name="Starta bedömning")
    expect(dialog.get_by_test_id("preview")).to_contain_text("Krediter som krävs")

    with answers_cut(stack, "platform_gateway", "/v1/batches"):
        dialog.get_by_role("button", name="Starta").click()
        expect(dialog.get_by_role("alert")).to_contain_text("kan ha startat bedömningen")
    assert screen.violations() == []
    expect(dialog.get_by_role("button", name="Starta ändå")).to_be_enabled()


def test_confirmation_without_an_answer_is_offered_again_and_then_made(
    screen: Screen, other: httpx.Client, stack: DemoStack
) -> None:
    page = screen.page
    batch_id = batches_in_review(other)[-1]
    screen.visit(f"/app/batch/{batch_id}/deviations")
    page.get_by_role("button", name="Bekräfta alla kopplingar").click()
    confirm = page.locator("dialog[open]").get_by_role("button", name="Bekräfta alla kopplingar")

    with answers_cut(stack, "cms", f"/v1/batches/{batch_id}/student-associations/confirm"):
        confirm.click()
        conflict = page.locator("[data-conflict=outcome_unknown]")
        expect(conflict).to_contain_text("kan ha bekräftat bunten")
        assert screen.violations() == []
    conflict.get_by_role("button", name="Bekräfta ändå").click()

    expect(page.get_by_test_id("confirmed")).to_contain_text("kopplingar är bekräftade.")


def test_file_is_removed_after_a_question(screen: Screen) -> None:
    page = screen.page
    names = ("Olle <i>Ö.txt", "Pia.txt")
    screen.visit("/app/ny")
    page.get_by_text("Gästläge").click()
    page.get_by_label("Kurs").select_option("ENG5")
    page.locator("input[type=file]").set_input_files([text_file(name) for name in names])
    page.get_by_role("button", name="Ladda upp").click()
    page.get_by_test_id("upload-outcome").get_by_role("link", name="Till bunten").click()
    row = page.locator(f"[data-file='{names[0]}']")
    expect(row).to_contain_text("Mottagen")

    row.get_by_role("button", name=f"Ta bort {names[0]}").click()
    dialog = page.get_by_role("dialog", name="Ta bort filen")
    expect(dialog).to_contain_text(names[0])
    assert screen.violations() == []
    dialog.get_by_role("button", name="Ta bort").click()

    expect(dialog).to_have_count(0)
    expect(row).to_contain_text("Borttagen")
    expect(row.get_by_role("button")).to_have_count(0)
    expect(page.get_by_text("1 av 2 läsbara texter")).to_be_visible()
    expect(page.locator(f"[data-file='{names[1]}']")).to_contain_text("Mottagen")


def text_file(name: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": TEXT.encode()}
