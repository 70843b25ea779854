"""The screens of a teacher with more batches and pupils than a page holds, in a real browser."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Route, expect

from tests.e2e.teacher_work import batches_in_review
from tests.e2e.web_pages import Screen

pytestmark = [pytest.mark.node, pytest.mark.browser, pytest.mark.own_stack]

BEGINS_AT = "/app/dashboard"
SMALLEST = 320
"""Pixels of the narrowest window that WCAG 2.2, 1.4.10, asks for."""
WAITING = 34


def test_all_batches_that_wait_are_counted(screen: Screen, other: httpx.Client) -> None:
    page = other.get("/dashboard", params={"attention": "true", "limit": 1}).json()
    (one,) = page["batches"]
    ids = [f"00000000-0000-4000-8000-{number:012}" for number in range(WAITING)]

    def answer(route: Route) -> None:
        (limit,) = parse_qs(urlsplit(route.request.url).query)["limit"]
        found = [one | {"batch_id": batch_id} for batch_id in ids[: int(limit)]]
        has_more = int(limit) < WAITING
        route.fulfill(json=page | {"batches": found, "has_more": has_more})

    screen.page.route("**/teacher/dashboard?*attention=true*", answer)
    screen.visit("/app/dashboard")

    expect(screen.page.get_by_role("heading", name=f"Kräver åtgärd ({WAITING})")).to_be_visible()
    expect(screen.page.get_by_role("button", name=f"Visa alla {WAITING}")).to_be_visible()
    screen.page.unroute_all()


@pytest.mark.parametrize(("total", "notes"), [(None, 1), (0, 0)])
def test_filter_that_did_not_reach_all_batches_says_so(
    screen: Screen, other: httpx.Client, total: int | None, notes: int
) -> None:
    page = other.get("/dashboard").json() | {"batches": [], "total_count": total, "has_more": False}
    screen.page.route("**/teacher/dashboard?*state=*", lambda route: route.fulfill(json=page))

    screen.visit("/app/dashboard?state=failed")

    expect(screen.page.get_by_text("Ingen bunt passar urvalet.")).to_be_visible()
    expect(screen.page.get_by_text("Det kan finnas fler.")).to_have_count(notes)
    screen.page.unroute_all()


def test_head_of_the_smallest_window_overlaps_nothing(screen: Screen) -> None:
    screen.look(theme="light", width=SMALLEST, language="sv")

    screen.visit("/app/dashboard")

    header = screen.page.locator("header").first
    for one in header.locator("a, button, p").all():
        assert one.evaluate("one => one.scrollWidth <= one.clientWidth || one.clientWidth <= 1")
    expect(header.get_by_role("button", name="Logga ut")).to_be_in_viewport(ratio=1)
    assert not screen.is_wider_than_window()


def test_text_is_matched_with_one_of_two_thousand_pupils(
    screen: Screen, other: httpx.Client
) -> None:
    batch_id = batches_in_review(other)[0]
    review = other.get(f"/batches/{batch_id}/associations").json()
    (first, *_) = review["students"]
    review["students"] += [
        first
        | {"student_id": f"00000000-0000-4000-8000-{number:012}", "last_name": f"Ek{number:04}"}
        | {"class_id": f"00000000-0000-4000-9000-{number // 30:012}", "class_name": "Samma namn"}
        for number in range(2000)
    ]
    screen.page.route("**/associations", lambda route: route.fulfill(json=review))
    screen.visit(f"/app/batch/{batch_id}/deviations")
    choice = screen.page.locator("select.field").last

    choice.focus()
    screen.page.keyboard.type("Ek1999")

    expect(choice.locator("option:checked")).to_contain_text("Ek1999")
    assert screen.violations() == []
    screen.page.unroute_all()
