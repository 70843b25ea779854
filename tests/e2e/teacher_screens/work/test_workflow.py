"""A batch from its files to its start, on the screens, in a real browser against real processes."""

import time

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from devstack.seed import TRUTH_TABLE, Situation
from tests.e2e.web_pages import NARROW, Screen

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

BEGINS_AT = "/app/ny"

FAILED = TRUTH_TABLE[Situation.LATER_PHASE_FAILED].batch_id
TEXT = "En text om en resa som tog lång tid. " * 40


def text_file(name: str, text: str = TEXT) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


def begin(screen: Screen, *files: FilePayload, instructions: str = "") -> None:
    """A guest batch in its form, with these files chosen."""
    page = screen.page
    screen.visit("/app/ny")
    page.get_by_text("Gästläge").click()
    page.get_by_label("Kurs").select_option("ENG5")
    page.get_by_label("Uppgift").fill(instructions)
    page.locator("input[type=file]").set_input_files(list(files))


def send(screen: Screen) -> None:
    """Send the form, and go to the batch."""
    screen.page.get_by_role("button", name="Ladda upp").click()
    screen.page.get_by_test_id("upload-outcome").get_by_role("link", name="Till bunten").click()
    expect(screen.page.locator("[data-status=not_started]")).to_be_visible()


def file_row(screen: Screen, name: str) -> Locator:
    return screen.page.locator(f"[data-file='{name}']")


def test_form_says_what_is_missing_and_which_files_cannot_be_sent(screen: Screen) -> None:
    page = screen.page
    screen.look(theme="dark", width=NARROW, language="sv")
    screen.visit("/app/ny")
    submit = page.get_by_role("button", name="Ladda upp")
    expect(page.get_by_text("Välj en klass.")).to_be_visible()
    expect(submit).to_be_disabled()
    assert screen.violations() == []

    page.get_by_label("Klass", exact=True).select_option(label="Engelska 5 SA24A")
    expect(page.get_by_label("Kurs")).to_have_value("ENG5")
    page.locator("input[type=file]").set_input_files(
        [text_file("<b>Åsa</b>.txt"), text_file("tom.txt", ""), text_file("bild.png")]
    )

    expect(file_row(screen, "tom.txt")).to_contain_text("Filen är tom")
    expect(file_row(screen, "bild.png")).to_contain_text("Ogiltigt format")
    expect(page.get_by_text("<b>Åsa</b>.txt")).to_be_visible()
    expect(submit).to_be_enabled()
    assert screen.violations() == []
    assert not screen.is_wider_than_window()


def test_unreadable_file_is_named_and_another_one_completes_the_batch(screen: Screen) -> None:
    page = screen.page
    begin(screen, text_file("Ada.txt"), text_file("Bo.txt"), text_file("Kort.txt", "kort"))
    send(screen)

    expect(file_row(screen, "Kort.txt")).to_contain_text("Texten är för kort.")
    expect(page.get_by_text("Bunten väntar på 1 text till.")).to_be_visible()
    expect(page.get_by_test_id("actions")).to_contain_text("alla väntade texter")
    assert screen.violations() == []
    page.locator("input[type=file]").set_input_files([text_file("Cissi.txt")])
    page.get_by_role("button", name="Ladda upp 1 fil").click()

    expect(file_row(screen, "Cissi.txt")).to_contain_text("Mottagen")
    expect(page.get_by_text("3 av 3 läsbara texter")).to_be_visible()


def test_batch_without_an_assignment_says_why_it_cannot_start(screen: Screen) -> None:
    page = screen.page
    begin(screen, text_file("Dag.txt"), text_file("Eva.txt"))
    send(screen)

    page.get_by_role("button", name="Starta bedömning").click()
    dialog = page.get_by_role("dialog", name="Starta bedömning")

    expect(dialog).to_contain_text("Bunten saknar uppgift.")
    expect(dialog.get_by_role("button", name="Starta")).to_be_disabled()
    assert screen.violations() == []


def test_cost_is_shown_before_the_start_and_the_start_shows_live(screen: Screen) -> None:
    page = screen.page
    begin(screen, text_file("Fia.txt"), text_file("Gun.txt"), instructions="Skriv om en resa.")
    send(screen)
    page.get_by_role("button", name="Starta bedömning").click()
    dialog = page.get_by_role("dialog", name="Starta bedömning")
    expect(dialog.get_by_test_id("preview")).to_contain_text("Krediter som krävs")
    expect(dialog.get_by_test_id("preview")).to_contain_text("1 jämförelse")
    assert screen.violations() == []

    dialog.get_by_role("button", name="Starta").click()

    expect(dialog).to_have_count(0)
    expect(page.get_by_text("Stavningskontroll pågår")).to_be_visible()
    expect(page.get_by_role("button", name="Starta bedömning")).to_have_count(0)


def test_failed_phase_runs_again_with_a_reason(screen: Screen) -> None:
    page = screen.page
    screen.visit(f"/app/batch/{FAILED}")
    page.get_by_role("button", name="Kör om: CJ-bedömning").click()
    dialog = page.get_by_role("dialog", name="Kör om: CJ-bedömning")
    dialog.get_by_role("button", name="Kör om").click()
    expect(dialog).to_contain_text("Fyll i detta fält.")
    assert screen.violations() == []

    dialog.get_by_label("Skäl").fill("Tjänsten hade ett fel")
    dialog.get_by_role("button", name="Kör om").click()

    expect(dialog).to_have_count(0)
    expect(page.locator("[data-step=cj_assessment]")).not_to_have_attribute("data-state", "failed")


def test_notifications_are_counted_listed_and_marked_as_read(screen: Screen) -> None:
    page = screen.page
    begin(screen, text_file("Hugo.txt"), text_file("Ida.txt"))
    send(screen)
    expect(file_row(screen, "Ida.txt")).to_contain_text("Mottagen")
    screen.visit("/app/aviseringar")
    expect(page.get_by_test_id("unread").first).to_be_visible()
    newest = page.locator("[data-kind=file_accepted]").first
    expect(newest).to_contain_text("2 filer är mottagna")
    assert screen.violations() == []
    screen.look(theme="dark", width=NARROW, language="sv")
    screen.visit("/app/aviseringar")
    assert screen.violations() == []
    assert not screen.is_wider_than_window()

    # The batches of other tests go on: what comes of them meanwhile is marked, too.
    button = page.get_by_role("button", name="Markera alla som lästa")
    deadline = time.monotonic() + 60
    while not all_are_read(page):
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        # The button is there only while something is unread.
        button.evaluate_all("found => found.forEach((one) => one.click())")
        page.wait_for_timeout(200)
    expect(newest).to_have_attribute("data-read", "true")


def all_are_read(page: Page) -> bool:
    """The list, its count and the sign in the menu agree."""
    unread = page.locator("[data-read=false], [data-testid=unread]")
    return page.get_by_text("0 olästa").is_visible() and unread.count() == 0
