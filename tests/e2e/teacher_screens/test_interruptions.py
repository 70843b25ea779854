"""A teacher who presses another key, opens another page or waits, in a real browser."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import FilePayload, expect

from devstack.seed import TRUTH_TABLE, Situation
from devstack.seed.people import ANNA
from tests.e2e.held_requests import Held
from tests.e2e.teacher_work import batches_in_review
from tests.e2e.web_pages import Screen

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

BEGINS_AT = "/app/dashboard"

DONE = TRUTH_TABLE[Situation.PARTLY_FAILED].batch_id
TEXT = "En text om en resa som tog lång tid. " * 40
AWAY = {"code": "SERVICE_UNAVAILABLE", "message": "away", "correlation_id": "c", "details": {}}


@pytest.fixture(autouse=True)
def no_routes(screen: Screen) -> Iterator[None]:
    yield
    screen.page.unroute_all()


def text_file(name: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": TEXT.encode()}


def batch_with_files(screen: Screen, *names: str, room: int = 1) -> None:
    """A new batch on its page, with these files listed and room for more."""
    page = screen.page
    screen.visit("/app/ny")
    page.get_by_text("Gästläge").click()
    page.get_by_label("Kurs").select_option("ENG5")
    page.get_by_label("Antal texter").fill(str(len(names) + room))
    page.locator("input[type=file]").set_input_files([text_file(name) for name in names])
    page.get_by_role("button", name="Ladda upp").click()
    page.get_by_test_id("upload-outcome").get_by_role("link", name="Till bunten").click()
    for name in names:
        expect(page.locator(f"[data-status][data-file='{name}']")).to_contain_text("Mottagen")


def test_upload_goes_on_while_another_part_of_the_batch_is_shown(screen: Screen) -> None:
    page = screen.page
    batch_with_files(screen, "Ada.txt")
    held = Held(screen, "**/files", "POST")
    page.locator("input[type=file]").set_input_files([text_file("Bo.txt")])
    page.get_by_role("button", name="Ladda upp 1 fil").click()
    sent = held.wait(screen)

    page.get_by_role("tab", name="Texter").click()
    expect(page.locator("input[type=file]")).to_have_count(0)
    sent.continue_()
    page.get_by_role("tab", name="Filer").click()

    expect(page.locator("[data-status][data-file='Bo.txt']")).to_contain_text("Mottagen")


def test_chosen_files_outlive_another_language(screen: Screen) -> None:
    page = screen.page
    batch_with_files(screen, "Ada.txt")
    page.locator("input[type=file]").set_input_files([text_file("Bo.txt")])
    expect(page.locator("[data-file='Bo.txt']")).to_contain_text("Väntar")

    page.get_by_text("Visning").first.click()
    page.get_by_label("Språk").select_option("en")

    expect(page.get_by_role("tab", name="Files")).to_be_visible()
    expect(page.get_by_role("button", name="Upload 1 file")).to_be_visible()
    expect(page.locator("[data-file='Bo.txt']")).to_contain_text("Waits")


def test_page_is_not_left_unasked_while_files_are_on_their_way(screen: Screen) -> None:
    page = screen.page
    batch_with_files(screen, "Ada.txt")
    address = page.url
    held = Held(screen, "**/files", "POST")
    page.locator("input[type=file]").set_input_files([text_file("Bo.txt")])
    page.get_by_role("button", name="Ladda upp 1 fil").click()
    sent = held.wait(screen)

    with page.expect_event("dialog") as asked:
        # An evaluation returns, though the question is open.
        page.get_by_role("link", name="Översikt").first.evaluate(
            "one => setTimeout(() => one.click())"
        )
    assert "laddas upp" in asked.value.message
    asked.value.dismiss()
    assert page.url == address
    sent.continue_()

    expect(page.locator("[data-status][data-file='Bo.txt']")).to_contain_text("Mottagen")


def test_other_batch_is_not_opened_unasked_while_files_are_on_their_way(screen: Screen) -> None:
    page = screen.page
    batch_with_files(screen, "Ada.txt")
    address = page.url.partition("?")[0]
    page.get_by_role("link", name="Översikt").first.click()
    page.locator(f"main a[href$='/app/batch/{DONE}']").first.click()
    expect(page.get_by_role("button", name="Byt namn")).to_be_visible()
    page.evaluate("history.go(-2)")
    page.get_by_role("tab", name="Filer").click()
    held = Held(screen, "**/files", "POST")
    page.locator("input[type=file]").set_input_files([text_file("Bo.txt")])
    page.get_by_role("button", name="Ladda upp 1 fil").click()
    sent = held.wait(screen)

    with page.expect_event("dialog") as asked:
        page.evaluate("setTimeout(() => history.go(2))")
    assert "laddas upp" in asked.value.message
    asked.value.dismiss()
    expect(page).to_have_url(re.compile(re.escape(address)))
    sent.continue_()

    expect(page.locator("[data-status][data-file='Bo.txt']")).to_contain_text("Mottagen")


@pytest.mark.parametrize("way", ["one => one.click()", "() => location.reload()"])
def test_half_filled_batch_is_not_left_unasked(screen: Screen, way: str) -> None:
    page = screen.page
    screen.visit("/app/ny")
    page.get_by_label("Uppgift").press_sequentially("Skriv om en resa.")

    with page.expect_event("dialog") as asked:
        page.get_by_role("link", name="Tillbaka").evaluate(f"one => setTimeout(() => ({way})(one))")
    assert asked.value.type == "beforeunload" or "försvinner" in asked.value.message
    asked.value.dismiss()
    expect(page.get_by_label("Uppgift")).to_have_value("Skriv om en resa.")
    page.get_by_label("Uppgift").fill("")

    # Nothing is lost with an empty form.
    page.get_by_role("link", name="Tillbaka").click()
    expect(page).to_have_url(f"{screen.address}/app/dashboard")


def test_cost_that_cannot_be_read_is_asked_for_again(screen: Screen) -> None:
    page = screen.page
    batch_with_files(screen, "Ada.txt", room=0)
    page.route("**/preview", lambda route: route.fulfill(status=503, json={"error": AWAY}), times=1)
    page.get_by_role("button", name="Starta bedömning").click()
    dialog = page.get_by_role("dialog", name="Starta bedömning")
    expect(dialog.get_by_role("alert")).to_contain_text("Serverfel.")

    dialog.get_by_role("button", name="Försök igen").click()

    expect(dialog.get_by_test_id("preview")).to_be_visible()
    expect(dialog.get_by_role("alert")).to_have_count(0)
    page.keyboard.press("Escape")


def test_dialog_stays_until_its_write_is_answered(screen: Screen) -> None:
    page = screen.page
    screen.visit(f"/app/batch/{DONE}")
    page.get_by_role("button", name="Byt namn").click()
    dialog = page.get_by_role("dialog", name="Byt namn")
    expect(dialog.get_by_role("button", name="Spara")).to_be_enabled()
    dialog.get_by_label("Namn på bunten").fill("Ett namn till")
    held = Held(screen, "**/title", "PUT")
    page.keyboard.press("Enter")
    write = held.wait(screen)

    for _ in range(2):
        page.keyboard.press("Escape")
    page.mouse.click(5, 5)
    dialog.get_by_role("button", name="Avbryt").evaluate("one => one.click()")
    write.fulfill(status=503, json={"error": AWAY})

    expect(dialog.get_by_role("alert")).to_contain_text("Serverfel.")
    assert len(held.routes) == 1
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_text_that_is_marked_beyond_the_edge_closes_no_dialog(screen: Screen) -> None:
    page = screen.page
    screen.visit(f"/app/batch/{DONE}")
    page.get_by_role("button", name="Byt namn").click()
    title = page.get_by_label("Namn på bunten")
    expect(page.get_by_role("button", name="Spara")).to_be_enabled()
    title.fill("Halvskrivet")
    box = title.bounding_box()
    assert box

    page.mouse.move(box["x"] + 60, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(5, 5, steps=4)
    page.mouse.up()

    expect(title).to_have_value("Halvskrivet")
    page.mouse.click(5, 5)
    expect(title).to_have_count(0)


def test_title_typed_before_the_old_one_is_read_stays(screen: Screen) -> None:
    page = screen.page
    screen.visit(f"/app/batch/{DONE}")
    held = Held(screen, "**/title", "GET")
    page.get_by_role("button", name="Byt namn").click()
    read = held.wait(screen)
    dialog = page.get_by_role("dialog", name="Byt namn")
    dialog.get_by_label("Namn på bunten").press_sequentially("Skrivet tidigt")

    read.continue_()

    expect(dialog.get_by_role("button", name="Spara")).to_be_enabled()
    expect(dialog.get_by_label("Namn på bunten")).to_have_value("Skrivet tidigt")
    page.keyboard.press("Escape")


def test_refusal_of_one_file_is_not_told_of_the_next(screen: Screen) -> None:
    page = screen.page
    batch_with_files(screen, "Ada.txt", "Bo.txt")
    page.route("**/files/*", lambda route: route.fulfill(status=503, json={"error": AWAY}))
    dialog = page.get_by_role("dialog", name="Ta bort filen")
    page.get_by_role("button", name="Ta bort Ada.txt").click()
    dialog.get_by_role("button", name="Ta bort").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Serverfel.")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Ta bort Bo.txt").click()

    expect(dialog).to_contain_text("Bo.txt")
    expect(dialog.get_by_role("alert")).to_have_count(0)
    page.keyboard.press("Escape")


def test_choices_outlive_a_look_at_another_page(screen: Screen, other: httpx.Client) -> None:
    page = screen.page
    batch_id = batches_in_review(other)[0]
    screen.visit(f"/app/batch/{batch_id}/deviations")
    choice = page.locator("main select").first
    assert choice.input_value() != ""
    choice.select_option("")

    page.get_by_role("link", name="Tillbaka").click()
    expect(page.get_by_role("tab", name="Texter")).to_be_visible()
    page.go_back()

    expect(choice).to_have_value("")


@pytest.mark.parametrize("path", ["/app/dashboard", "/app/klasser", "/app/arkiv"])
def test_page_beyond_the_last_says_no_more_than_that(screen: Screen, path: str) -> None:
    page = screen.page

    screen.visit(f"{path}?page=9")

    expect(page.get_by_test_id("empty")).to_contain_text("Här finns inget mer.")
    expect(page.get_by_role("navigation", name="Sidor")).not_to_contain_text("\u2013")
    page.get_by_role("button", name="Föregående").click()
    expect(page).to_have_url(f"{screen.address}{path}?page=8")


def test_language_whose_words_do_not_arrive_is_told_and_can_be_chosen_again(screen: Screen) -> None:
    page = screen.page
    screen.visit("/app/dashboard")
    page.route("**/assets/en-*.js", lambda route: route.abort(), times=1)
    page.locator("summary", has_text="Visning").click()
    language = page.get_by_label("Språk")

    language.select_option("en")
    expect(page.get_by_role("alert")).to_have_text(
        "Språket kunde inte hämtas. Försök igen om en stund."
    )
    expect(language).to_have_value("sv")
    expect(page.locator("html")).to_have_attribute("lang", "sv")
    language.select_option("en")

    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("alert")).to_have_count(0)

    # The next test reads Swedish again.
    page.get_by_label("Language").select_option("sv")
    expect(page.locator("html")).to_have_attribute("lang", "sv")


def test_overview_is_read_again_when_the_teacher_has_signed_in_again(screen: Screen) -> None:
    page = screen.page
    screen.visit("/app/klasser")
    page.context.clear_cookies()
    page.get_by_role("link", name="Översikt").first.click()
    ended = page.get_by_role("dialog", name="Du är utloggad")
    expect(ended).to_be_visible()
    screen.fill_in(ANNA.email)
    expect(ended).to_have_count(0)

    expect(page.get_by_role("heading", name="Pågående och arkiverat")).to_be_visible()
    expect(page.get_by_test_id("error")).to_have_count(0)
