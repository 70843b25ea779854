"""The machine's Chromium for tests of what a person sees, and why it cannot be used."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect, sync_playwright

NO_CHROMIUM = "no Chromium here: install the package chromium"
ARGUMENTS = (
    # Root, as in a container, has no sandbox to give.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
TIMEOUT_MS = 20_000


def binary() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """The browser; a test id is a `data-test`, and an expectation waits for `TIMEOUT_MS`."""
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        playwright.selectors.set_test_id_attribute("data-test")
        browser = playwright.chromium.launch(executable_path=binary(), args=[*ARGUMENTS])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page() -> Iterator[Page]:
    """A page of a new profile; its actions wait for at most `TIMEOUT_MS`."""
    with open_browser() as browser:
        page = browser.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        yield page
