"""An admin's day on the screens, in a real browser against real processes."""

import re
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Locator, expect

from devstack.seed.people import ADMIN, ANNA
from tests.e2e.account_dialogs import decide, invite, lose_answer, review_credits
from tests.e2e.admin_work import admin_elsewhere, approve, fault, register, save, waiting
from tests.e2e.demo_stack import DemoStack, demo_stack
from tests.e2e.web_pages import Screen, opened

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

IDENTITY = 7005
REFRESH_SECONDS = 15


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    with demo_stack(tmp_path_factory.mktemp("admin-screens"), "--web") as (stack, _):
        yield stack


@pytest.fixture(scope="module")
def signed_in(browser: Browser, stack: DemoStack) -> Iterator[Screen]:
    """One session for all tests: Identity allows five sign-ins a minute."""
    with opened(browser, stack.gateway) as screen:
        screen.sign_in(ADMIN.email, "/admin/overview")
        yield screen


@pytest.fixture
def screen(signed_in: Screen) -> Iterator[Screen]:
    yield signed_in
    signed_in.page.unroute_all()
    assert signed_in.complaints == []


@pytest.fixture(scope="module")
def other(stack: DemoStack) -> Iterator[httpx.Client]:
    with admin_elsewhere(stack) as client:
        yield client


def dialog(screen: Screen) -> Locator:
    return screen.page.locator("dialog[open]")


def test_overview_shows_by_itself_which_service_fails(stack: DemoStack, screen: Screen) -> None:
    page = screen.page
    page.clock.install()
    screen.visit("/admin/overview")
    identity = page.get_by_test_id("service-identity")
    expect(identity).to_have_attribute("data-status", "healthy")
    expect(page.get_by_test_id("pending")).to_contain_text("Det äldsta har väntat")
    # This devstack has no broker: nothing is said of events that nobody reads.
    expect(page.get_by_test_id("no-events")).to_be_visible()

    with fault(stack, IDENTITY, "down"):
        page.clock.fast_forward(REFRESH_SECONDS * 1000)

        expect(identity).to_have_attribute("data-status", "unreachable")
        expect(page.locator("[data-part=pending]")).to_contain_text("kunde inte läsas")
        expect(page.get_by_test_id("live-region")).to_contain_text("Inloggning: Svarar inte")
        assert screen.violations() == []

    page.clock.fast_forward(REFRESH_SECONDS * 1000)
    expect(identity).to_have_attribute("data-status", "healthy")
    page.clock.resume()


def test_several_accounts_are_denied_and_the_one_decided_meanwhile_is_told(
    stack: DemoStack, screen: Screen, other: httpx.Client
) -> None:
    late, denied = register(stack, "Lo"), register(stack, "Ture")
    page = screen.page
    screen.visit("/admin/accounts?q=%40skola.example")
    for email in (late, denied):
        page.get_by_test_id(f"account-{email}").locator("input").check()
    page.get_by_role("button", name="Neka").click()
    dialog(screen).get_by_role("button", name="Neka").click()
    expect(dialog(screen)).to_contain_text("Skriv ett skäl.")
    assert screen.violations() == []
    approve(other, waiting(other, late))

    dialog(screen).locator("input").fill("Okänd på skolan")
    dialog(screen).get_by_role("button", name="Neka").click()

    results = page.get_by_test_id("results")
    expect(results).to_contain_text("1 konto nekades.")
    expect(results).to_contain_text("Lo Ek: Karin Ekström hann före och har godkänt kontot.")
    expect(page.get_by_test_id(f"account-{denied}")).to_have_count(0)
    screen.visit(f"/admin/accounts?status=denied&q={denied}")
    page.get_by_role("link", name="Ture Ek").click()
    expect(page.get_by_test_id("decision")).to_contain_text("Okänd på skolan")
    screen.visit("/admin/audit?source=users")
    expect(page.locator("main li").first).to_contain_text("Ture Ek nekades")


def test_account_decided_meanwhile_is_told_and_read_again(
    stack: DemoStack, screen: Screen, other: httpx.Client
) -> None:
    person = waiting(other, register(stack, "Nils"))
    page = screen.page
    screen.visit(f"/admin/accounts/{person['user_id']}")
    page.get_by_role("button", name="Neka").click()
    dialog(screen).locator("input").fill("Fel skola")
    approve(other, person)

    dialog(screen).get_by_role("button", name="Neka").click()

    expect(page.get_by_test_id("conflict")).to_contain_text("hann före och har godkänt kontot")
    expect(page.get_by_test_id("status")).to_have_text("Godkänt")
    page.get_by_role("button", name="Avsluta tillgången").click()
    expect(dialog(screen)).to_contain_text("loggas ut")
    page.keyboard.press("Escape")
    expect(dialog(screen)).to_have_count(0)


def test_teacher_is_invited_deactivated_and_reactivated(
    screen: Screen, other: httpx.Client
) -> None:
    page, email = screen.page, f"{uuid4().hex[:12]}@skola.example"
    screen.visit("/admin/accounts")
    page.get_by_role("button", name="Bjud in lärare").click()
    dialog(screen).get_by_role("button", name="Bjud in").click()
    expect(dialog(screen)).to_contain_text("Fyll i detta fält.")
    assert screen.violations() == []
    invite(screen, ANNA.email, "Siv", "Ek")
    expect(dialog(screen)).to_contain_text("Adressen har redan ett konto.")

    invite(screen, email, "Siv", "Ek")

    expect(page.get_by_test_id("done")).to_contain_text(f"{email} har bjudits in.")
    screen.visit(f"/admin/accounts?status=approved&q={email}")
    page.get_by_role("link", name="Siv Ek").click()
    decide(screen, "Inaktivera", "Tjänstledig")
    expect(page.get_by_test_id("status")).to_have_text("Inaktiverat")
    expect(page.get_by_test_id("decision").first).to_contain_text("Tjänstledig")
    assert screen.violations() == []
    screen.visit("/admin/accounts?status=deactivated")
    expect(page.get_by_test_id(f"account-{email}")).to_contain_text("Inaktiverat")
    page.get_by_role("link", name="Siv Ek").click()
    decide(screen, "Återaktivera", "Tillbaka")
    expect(page.get_by_test_id("status")).to_have_text("Godkänt")
    (account,) = other.get("/users", params={"q": email}).json()["users"]
    assert (account["status"], account["version"]) == ("approved", 4)


def test_settings_changed_by_two_are_merged_reviewed_and_saved(
    screen: Screen, other: httpx.Client
) -> None:
    page = screen.page
    screen.visit("/admin/settings")
    page.get_by_role("link", name="Uppladdning").click()
    size = page.get_by_role("textbox", name="Filens storlek, högst")
    size.fill("200")
    page.get_by_role("textbox", name="Filer på en gång, högst").fill("60")
    page.get_by_label("Skäl").fill("Skannade texter är stora")
    page.get_by_role("button", name="Granska ändringarna").click()
    expect(page.get_by_test_id("problem")).to_have_text("Högst 100.")
    expect(size).to_be_focused()
    size.fill("20")
    theirs = save(other, "uploads", {"max_files_per_upload": 50, "enabled": False})

    page.get_by_role("button", name="Granska ändringarna").click()

    merge = page.get_by_test_id("merge")
    expect(merge.get_by_role("heading")).to_be_focused()
    go_on = merge.get_by_role("button", name="Fortsätt med valen")
    expect(go_on).to_be_disabled()
    assert screen.violations() == []
    merge.locator("[data-row='/max_files_per_upload']").get_by_label("Ditt").check()
    go_on.click()
    page.get_by_role("button", name="Granska ändringarna").click()
    rows = dialog(screen).locator("[data-change]")
    expect(rows).to_have_count(2)
    changed = rows.evaluate_all("rows => rows.map(row => row.dataset.change).sort()")
    assert changed == ["/max_file_mebibytes", "/max_files_per_upload"]
    assert screen.violations() == []
    dialog(screen).get_by_role("button", name="Spara").click()
    expect(page.get_by_test_id("saved")).to_contain_text("Sparat som version 2.")
    merged = theirs | {"max_file_mebibytes": 20, "max_files_per_upload": 60}
    assert other.get("/settings/uploads").json()["values"] == merged


def test_settings_are_rolled_back_also_when_somebody_saves_meanwhile(
    screen: Screen, other: httpx.Client
) -> None:
    save(other, "assessment", {"pipelines_enabled": ["nlp"]})
    page = screen.page
    screen.visit("/admin/settings/assessment")
    page.get_by_role("link", name="Historik").click()
    page.get_by_test_id("version-0").get_by_role("button").click()
    change = page.locator("[data-change='/pipelines_enabled']")
    expect(change).to_contain_text("Stavningskontroll, CJ-bedömning, Textanalys")
    page.get_by_label("Skäl").fill("Tillbaka")
    save(other, "assessment", {"pipelines_enabled": []})

    page.get_by_role("button", name="Granska återställningen").click()

    expect(page.get_by_test_id("outrun")).to_contain_text("sparat version 2")
    page.get_by_role("button", name="Granska återställningen").click()
    dialog(screen).get_by_role("button", name="Återställ").click()
    expect(page.get_by_test_id("version-3")).to_contain_text("Gäller nu")
    defaults = other.get("/settings/assessment/versions/0").json()["values"]
    assert other.get("/settings/assessment").json()["values"] == defaults


def test_typed_settings_outlive_another_page_and_the_session(screen: Screen) -> None:
    page = screen.page
    screen.visit("/admin/settings/notifications")
    page.get_by_role("textbox", name="Påminnelse").fill("24")
    page.get_by_label("Skäl").fill("Påminn tidigare")
    page.get_by_role("link", name="Konton").first.click()
    expect(page.get_by_role("heading", name="Konton")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("textbox", name="Påminnelse")).to_have_value("24")

    page.context.clear_cookies()
    page.get_by_role("button", name="Granska ändringarna").click()
    expect(dialog(screen)).to_contain_text("Du är utloggad")
    screen.fill_in(ADMIN.email)

    expect(dialog(screen)).to_have_count(0)
    expect(page.get_by_role("textbox", name="Påminnelse")).to_have_value("24")
    expect(page.get_by_label("Skäl")).to_have_value("Påminn tidigare")
    page.get_by_role("button", name="Granska ändringarna").click()
    expect(dialog(screen).locator("[data-change]")).to_have_count(1)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Ångra alla").click()


def test_read_only_platform_is_said_on_the_overview(screen: Screen, other: httpx.Client) -> None:
    save(other, "maintenance", {"read_only": True})
    try:
        screen.visit("/admin/overview")

        expect(screen.page.get_by_test_id("read-only")).to_contain_text("skrivskyddat läge")
    finally:
        save(other, "maintenance", {"read_only": False})


def test_credits_are_added_once_though_the_first_answer_is_lost(
    screen: Screen, other: httpx.Client
) -> None:
    page = screen.page
    before = other.get(f"/credits/{ANNA.user_id}").json()["available"]
    screen.visit(f"/admin/accounts/{ANNA.user_id}/credits")
    review_credits(screen, 50)
    expect(dialog(screen)).to_contain_text("50 krediter läggs till.")
    assert screen.violations() == []
    page.route("**/credits/*/adjust", lose_answer, times=1)
    dialog(screen).get_by_role("button", name="Ändra").click()
    expect(page.get_by_test_id("unknown-outcome")).to_contain_text("görs inte två gånger")

    review_credits(screen, 50)
    dialog(screen).get_by_role("button", name="Ändra").click()

    expect(page.get_by_test_id("live-region")).to_contain_text("Klart.")
    after = other.get(f"/credits/{ANNA.user_id}").json()["available"]
    assert after == before + 50
    written = re.compile(r"\s?".join(str(after)))
    expect(page.get_by_test_id("available")).to_have_text(written)


def test_account_is_approved_by_keyboard_alone(
    stack: DemoStack, screen: Screen, other: httpx.Client
) -> None:
    person = waiting(other, register(stack, "Alva"))
    page = screen.page
    screen.visit(f"/admin/accounts/{person['user_id']}")
    page.get_by_role("button", name="Godkänn").focus()
    page.keyboard.press("Enter")
    expect(dialog(screen).locator("input")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type("Välkommen")
    page.keyboard.press("Enter")

    expect(page.get_by_test_id("decision")).to_contain_text("Välkommen")
    # The button that opened the dialog has gone.
    expect(page.locator("main :focus")).to_have_count(1)
    assert other.get(f"/users/{person['user_id']}").json()["status"] == "approved"
