"""A teacher's day on the screens, in a real browser against real processes."""

import gzip

import httpx
import pytest
from playwright.sync_api import Response, expect

from devstack.seed import TRUTH_TABLE, Situation
from tests.e2e.teacher_work import (
    batches_in_review,
    confirm_elsewhere,
    essay_of,
    order,
    rename_elsewhere,
    row,
)
from tests.e2e.web_pages import NARROW, WIDE, Screen

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

BEGINS_AT = "/app/dashboard"

DONE = TRUTH_TABLE[Situation.PARTLY_FAILED].batch_id
RUNNING = TRUTH_TABLE[Situation.SPELLCHECK_RUNNING].batch_id
REVIEW = TRUTH_TABLE[Situation.AWAITING_CONFIRMATION].batch_id
FIRST_LOAD_BYTES = 100 * 1024
LOOKS = [("light", WIDE, "sv"), ("dark", NARROW, "en")]
WIDTHS = (1920, 1024, 768, 360, 320)
HOSTILE = "<img src=x onerror=alert(1)> \u202eabc 🦉 " + "Mycketlångtnamn" * 11


@pytest.mark.parametrize(
    "path",
    [
        "/app/dashboard",
        f"/app/batch/{RUNNING}",
        f"/app/batch/{DONE}",
        f"/app/batch/{DONE}?tab=texts",
        f"/app/batch/{DONE}/essays/{{essay}}",
        f"/app/batch/{REVIEW}/deviations",
        "/app/klasser",
        "/app/klasser/{class}",
        "/app/klasser/{class}?tab=batches",
        "/app/klasser/{class}?tab=results",
        "/app/arkiv",
        "/app/no/such/page",
        f"/app/batch/{REVIEW}/essays/{REVIEW}",
    ],
)
def test_screen_is_accessible_and_fits_in_every_look(
    screen: Screen, other: httpx.Client, path: str
) -> None:
    class_id = other.get("/classes").json()["classes"][0]["class_id"]
    filled = path.replace("{essay}", essay_of(other, DONE, 2)).replace("{class}", class_id)

    for theme, width, language in LOOKS:
        screen.look(theme=theme, width=width, language=language)
        screen.visit(filled)

        assert (theme, width, screen.violations()) == (theme, width, [])
        assert not screen.is_wider_than_window(), (theme, width)
        assert screen.page.evaluate("document.documentElement.lang") == language
    for width in WIDTHS:
        screen.page.set_viewport_size({"width": width, "height": 900})
        assert not screen.is_wider_than_window(), width


def test_first_load_is_small_and_moves_nothing(screen: Screen) -> None:
    scripts: dict[str, int] = {}

    def weigh(answer: Response) -> None:
        if ".js" in answer.url:
            scripts[answer.url] = len(gzip.compress(answer.body()))

    screen.page.on("response", weigh)
    screen.visit("/app/dashboard")
    expect(row(screen, DONE)).to_be_visible()
    screen.page.remove_listener("response", weigh)
    moved = screen.page.evaluate(
        "() => new Promise(done => new PerformanceObserver(list => done(list.getEntries()"
        ".reduce((sum, one) => sum + (one.hadRecentInput ? 0 : one.value), 0)))"
        ".observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 1000))"
    )

    assert 0 < sum(scripts.values()) < FIRST_LOAD_BYTES
    assert moved < 0.02


def test_filters_order_and_page_stand_in_the_address(screen: Screen) -> None:
    page = screen.page
    screen.visit("/app/dashboard")
    page.get_by_role("button", name="Klara").click()
    expect(page).to_have_url(f"{screen.address}/app/dashboard?state=done")
    expect(row(screen, RUNNING)).to_have_count(0)
    page.get_by_role("button", name="Pågår").click()
    expect(row(screen, RUNNING)).to_be_visible()

    page.reload()
    expect(page.get_by_role("button", name="Klara")).to_have_attribute("aria-pressed", "true")
    page.go_back()

    expect(page).to_have_url(f"{screen.address}/app/dashboard?state=done")


def test_back_and_reload_keep_the_place(screen: Screen) -> None:
    page = screen.page
    screen.visit("/app/dashboard")
    row(screen, DONE).locator("a").click()
    expect(page.locator("h1")).to_contain_text("eng6-phones-in-school")
    page.go_back()
    expect(row(screen, DONE)).to_be_in_viewport()
    place = page.locator("main").evaluate("main => main.scrollTop")
    assert place > 100
    page.reload()

    expect(row(screen, DONE)).to_be_in_viewport()
    assert abs(page.locator("main").evaluate("main => main.scrollTop") - place) < 5


def test_change_elsewhere_shows_in_its_row_and_moves_nothing(
    screen: Screen, other: httpx.Client
) -> None:
    changed = batches_in_review(other)[-1]
    screen.visit("/app/dashboard")
    expect(row(screen, changed)).to_have_attribute("data-status", "awaiting_review")
    before = order(screen)

    confirm_elsewhere(other, changed)

    expect(row(screen, changed)).to_have_attribute("data-status", "ready")
    expect(screen.page.get_by_test_id("live-region")).to_contain_text("Redo")
    assert order(screen) == before
    expect(row(screen, changed)).not_to_have_class("animate-row-flash")


def test_matches_are_reviewed_and_confirmed(screen: Screen, other: httpx.Client) -> None:
    page = screen.page
    screen.visit(f"/app/batch/{REVIEW}/deviations")
    choices = page.locator("main select")
    first, second = choices.nth(0), choices.nth(1)
    suggested = first.input_value()
    first.select_option(second.input_value())
    expect(page.get_by_text("Eleven är vald för en annan text också.")).to_have_count(2)
    confirm = page.get_by_role("button", name="Bekräfta alla kopplingar")
    expect(confirm).to_be_disabled()
    assert screen.violations() == []

    first.select_option("")
    expect(page.get_by_text("3 utan koppling").first).to_be_visible()
    confirm.click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("kan inte ändras efteråt")
    page.keyboard.press("Escape")
    expect(confirm).to_be_focused()
    confirm.click()
    dialog.get_by_role("button", name="Bekräfta alla kopplingar").click()

    expect(page.get_by_test_id("confirmed")).to_contain_text("23 kopplingar är bekräftade.")
    expect(page.get_by_test_id("confirmed")).to_contain_text("1 text är utan elev.")
    assert suggested not in page.get_by_test_id("confirmed").inner_text()
    assert screen.violations() == []


def test_review_confirmed_elsewhere_shows_both_choices(screen: Screen, other: httpx.Client) -> None:
    batch_id = batches_in_review(other)[0]
    page = screen.page
    screen.visit(f"/app/batch/{batch_id}/deviations")
    confirm_elsewhere(other, batch_id, nobody=2)

    page.get_by_role("button", name="Bekräfta alla kopplingar").click()
    page.locator("dialog[open]").get_by_role("button", name="Bekräfta alla kopplingar").click()

    conflict = page.locator("[data-conflict=already_confirmed]")
    expect(conflict).to_contain_text("redan bekräftad, med andra val än dina")
    expect(conflict.locator("tbody tr")).to_have_count(2)
    assert screen.violations() == []


def test_essays_are_read_in_order_by_keyboard_and_printed_alone(
    screen: Screen, other: httpx.Client
) -> None:
    page = screen.page
    screen.visit(f"/app/batch/{DONE}/essays/{essay_of(other, DONE, 2)}")
    expect(page.get_by_text("#2 av 22")).to_be_visible()
    expect(page.get_by_test_id("essay-text")).to_contain_text("Should Phones Be Banned")

    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("#1 av 22")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("#2 av 22")).to_be_visible()

    page.emulate_media(media="print")
    expect(page.get_by_role("banner")).to_be_hidden()
    expect(page.get_by_test_id("essay-text")).to_be_visible()
    page.emulate_media(media="screen")


def test_results_are_taken_home_in_the_language_of_the_page(screen: Screen) -> None:
    screen.visit(f"/app/batch/{DONE}")

    with screen.page.expect_download() as started:
        screen.page.get_by_role("button", name="Exportera").click()
    text = started.value.path().read_text(encoding="utf-8")

    assert started.value.suggested_filename == "resultat-7D9185F8.csv"
    assert text.startswith("\ufeffPlacering;Efternamn;Förnamn")


def test_rename_that_another_device_overtook_shows_its_title(
    screen: Screen, other: httpx.Client
) -> None:
    page = screen.page
    screen.visit(f"/app/batch/{DONE}")
    page.get_by_role("button", name="Byt namn").click()
    dialog = page.locator("dialog[open]")
    expect(dialog.get_by_role("button", name="Spara")).to_be_enabled()
    rename_elsewhere(other, DONE, "Deras titel")

    dialog.get_by_label("Namn på bunten").fill("Min titel")
    dialog.get_by_role("button", name="Spara").click()
    expect(dialog).to_contain_text("Sparat under tiden: ”Deras titel”")
    assert screen.violations() == []
    dialog.get_by_role("button", name="Spara").click()

    expect(page.locator("h1")).to_have_text("Engelska 6 NA23B · Min titel")


def test_hostile_title_is_text_and_breaks_nothing(screen: Screen, other: httpx.Client) -> None:
    rename_elsewhere(other, RUNNING, HOSTILE.replace("\u202e", ""))

    for path in ("/app/dashboard", f"/app/batch/{RUNNING}"):
        screen.look(theme="light", width=NARROW, language="sv")
        screen.visit(path)

        shown = screen.page.get_by_text("<img src=x onerror=alert(1)>").first
        expect(shown).to_be_visible()
        assert not screen.is_wider_than_window()


def test_keyboard_alone_reaches_the_page_and_the_menu(screen: Screen) -> None:
    page = screen.page
    screen.look(theme="light", width=NARROW, language="sv")
    screen.visit("/app/dashboard")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Hoppa till huvudinnehåll")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    menu = page.get_by_role("button", name="Öppna meny")
    menu.focus()
    page.keyboard.press("Enter")
    drawer = page.locator("dialog[open]")
    expect(drawer).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(menu).to_be_focused()
    for _ in range(10):
        # The next key does not wait until the browser has told of the menu's end.
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    drawer.get_by_role("link", name="Klasser").press("Enter")

    expect(page).to_have_url(f"{screen.address}/app/klasser")
    expect(drawer).to_have_count(0)


def test_menu_can_be_used_at_four_times_the_size(screen: Screen) -> None:
    page = screen.page
    screen.visit("/app/dashboard")
    # A window of 1280 by 1024 at 400 %.
    page.set_viewport_size({"width": 320, "height": 256})
    page.get_by_role("button", name="Öppna meny").click()
    drawer = page.locator("dialog[open]")
    drawer.get_by_text("Visning").click()

    links = drawer.get_by_role("navigation")
    high = links.evaluate("one => one.clientHeight >= one.scrollHeight && one.clientHeight")
    assert high >= 4 * 48
    expect(drawer.get_by_role("button", name="Stäng meny")).to_be_in_viewport()
    drawer.get_by_role("link", name="Ny bunt").click()

    expect(page).to_have_url(f"{screen.address}/app/ny")


def test_page_whose_files_are_gone_is_loaded_anew(screen: Screen) -> None:
    page = screen.page
    page.route("**/assets/overview-*.js", lambda route: route.abort(), times=1)

    page.goto(f"{screen.address}/app/dashboard")

    expect(page.locator("[data-test=ledger] > li").first).to_be_visible()
    page.unroute_all()
    # A missing file is an error of the script, also where the page recovers.
    screen.complaints.clear()
