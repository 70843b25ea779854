"""People who leave a browser to the next one, on a stack of their own: they sign in often."""

import pytest
from playwright.sync_api import Browser, Route, expect

from devstack.seed import TRUTH_TABLE, Situation
from devstack.seed.people import ANNA, ERIK
from tests.e2e.demo_stack import DemoStack
from tests.e2e.teacher_work import row
from tests.e2e.web_pages import opened

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

DONE = TRUTH_TABLE[Situation.PARTLY_FAILED].batch_id


def test_next_person_sees_nothing_of_the_one_before(browser: Browser, stack: DemoStack) -> None:
    with opened(browser, stack.gateway) as shared:
        page = shared.page
        shared.sign_in(ANNA.email, "/app/dashboard")
        expect(row(shared, DONE)).to_be_visible()
        page.get_by_role("button", name="Logga ut").click()
        expect(page).to_have_url(f"{shared.address}/login")

        # Nothing of the next person comes to stand in the place of what was there.
        page.route("**/teacher/dashboard?*", lambda route: route.abort())
        shared.fill_in(ERIK.email)

        expect(page.get_by_test_id("error")).to_be_visible()
        expect(page.locator("[data-batch]")).to_have_count(0)


def cut_sign_out(route: Route) -> None:
    if route.request.method == "GET":
        route.continue_()
    else:
        route.abort()


def test_sign_out_that_is_not_heard_is_told_and_made_again(
    browser: Browser, stack: DemoStack
) -> None:
    with opened(browser, stack.gateway) as shared:
        page = shared.page
        shared.sign_in(ANNA.email, "/app/klasser")
        page.route("**/v1/session", cut_sign_out)
        page.get_by_role("button", name="Logga ut").click()

        still = page.get_by_test_id("still-signed-in")
        expect(still).to_contain_text("Du är inte utloggad än")
        assert shared.violations() == []
        page.unroute_all()
        still.get_by_role("button", name="Logga ut").click()

        expect(still).to_have_count(0)
        page.goto(f"{shared.address}/app/klasser")
        expect(page).to_have_url(f"{shared.address}/login?redirect=/app/klasser")


def test_verification_that_is_sent_again_can_be_seen(browser: Browser, stack: DemoStack) -> None:
    refusal = {"code": "IDENTITY_EMAIL_NOT_VERIFIED", "message": "not verified", "details": {}}
    away = {"code": "SERVICE_UNAVAILABLE", "message": "away", "details": {}}
    with opened(browser, stack.gateway) as stranger:
        page = stranger.page
        page.goto(f"{stranger.address}/login")
        page.route(
            "**/v1/session", lambda route: route.fulfill(status=403, json={"error": refusal})
        )
        stranger.fill_in(ANNA.email)
        again = page.get_by_role("button", name="Skicka bekräftelsen igen")

        verification = "**/*verification*"
        page.route(
            verification, lambda route: route.fulfill(status=503, json={"error": away}), times=1
        )
        again.click()
        expect(page.get_by_text("Serverfel.")).to_be_in_viewport()
        page.route(verification, lambda route: route.fulfill(json={"message": "sent"}))
        again.click()

        sent = page.get_by_test_id("done")
        expect(sent).to_contain_text("Ett nytt mejl är på väg")
        assert stranger.violations() == []
