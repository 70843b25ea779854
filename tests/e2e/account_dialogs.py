"""Dialogs of the admin's accounts, as a person fills them in."""

from playwright.sync_api import Route, expect

from tests.e2e.web_pages import Screen


def invite(screen: Screen, email: str, first_name: str, last_name: str) -> None:
    """Fill in the open dialog and send it."""
    dialog = screen.page.locator("dialog[open]")
    dialog.get_by_label("E-post").fill(email)
    dialog.get_by_label("Förnamn").fill(first_name)
    dialog.get_by_label("Efternamn").fill(last_name)
    dialog.get_by_role("button", name="Bjud in").click()


def decide(screen: Screen, action: str, reason: str) -> None:
    """Press the account's button; the dialog of this name wants a reason before it sends."""
    dialog = screen.page.locator("dialog[open]")
    screen.page.get_by_role("button", name=action).click()
    dialog.get_by_role("button", name=action).click()
    expect(dialog).to_contain_text("Skriv ett skäl.")
    assert screen.violations() == []
    dialog.locator("input").fill(reason)
    dialog.get_by_role("button", name=action).click()


def review_credits(screen: Screen, number: int) -> None:
    """Fill in the form of an account's credits, up to the dialog that sends it."""
    page = screen.page
    page.get_by_label("Antal krediter").fill(str(number))
    page.get_by_label("Skäl").fill("Borttappade i en körning")
    page.get_by_role("button", name="Granska").click()


def lose_answer(route: Route) -> None:
    """Let a request be carried out, and its answer get lost."""
    route.fetch()
    route.abort()
