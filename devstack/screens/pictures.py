"""Pictures of the screens of a running devstack, by the machine's Chromium."""

import base64
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from devstack.cli.logins import email_of
from devstack.errors import DevstackError
from devstack.screens.gallery import MAX_BYTES, Screen, Variant
from devstack.seed.people import PASSWORD

PATIENCE_MS = 20_000
_QUALITIES = (85, 75, 65, 50, 35, 20)
_ARGUMENTS = (
    # Root, as in a container, has no sandbox to give.
    "--no-sandbox",
    "--disable-gpu",
    # Letters drawn alike on every machine.
    "--font-render-hinting=none",
    "--hide-scrollbars",
)
_LOADING = "[data-test=loading]"
"""The skeleton of a part that is not there yet."""
_DRAWN = """async () => {
  await document.fonts.ready;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


def take_pictures(url: str, screens: Iterable[Screen], folder: Path) -> Iterator[Path]:
    """Take the pictures of these screens at a gateway, and yield each file once it is there.

    Raises:
        DevstackError: There is no Chromium, a screen does not appear, or a picture is too large.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _browser() as browser:
        # One sign-in for each login: Identity takes five a minute.
        by_login = sorted(screens, key=lambda screen: screen.login or "")
        for login, rows in groupby(by_login, key=lambda screen: screen.login):
            page = _new_page(browser, url)
            for screen in rows:
                yield from _take(page, screen, login, folder)
            page.context.close()


@contextmanager
def _browser() -> Iterator[Browser]:
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    if binary is None:
        raise DevstackError("There is no Chromium here: install the package chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=[*_ARGUMENTS])
        try:
            yield browser
        finally:
            browser.close()


def _new_page(browser: Browser, url: str) -> Page:
    context = browser.new_context(
        base_url=url, locale="sv-SE", timezone_id="Europe/Stockholm", reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    base_date = os.environ.get("DEVSTACK_BASE_DATE")
    if base_date:
        # Demo data that counts back from a fixed time is as old as it says.
        page.clock.set_fixed_time(datetime.fromisoformat(base_date).replace(tzinfo=UTC))
    return page


def _open(page: Page, screen: Screen, login: str | None) -> None:
    page.goto(screen.path)
    password, wanted = page.locator("input[type=password]"), page.locator(screen.visible)
    if login is not None:
        password.or_(wanted).first.wait_for()
        if password.is_visible():
            page.locator("input[type=email]").fill(email_of(login))
            password.fill(PASSWORD)
            page.locator("button[type=submit]").click()
            password.wait_for(state="detached")
    wanted.first.wait_for()
    if screen.click is not None:
        page.locator(screen.click).first.click()


def _take(page: Page, screen: Screen, login: str | None, folder: Path) -> Iterator[Path]:
    try:
        _open(page, screen, login)
        for variant in screen.variants():
            page.set_viewport_size({"width": variant.width, "height": variant.height})
            page.emulate_media(color_scheme="dark" if variant.dark else "light")
            page.locator(screen.visible).first.wait_for()
            page.locator(_LOADING).first.wait_for(state="detached")
            page.evaluate(_DRAWN)
            path = folder / screen.picture(variant)
            path.write_bytes(_picture(page, screen, variant))
            yield path
    except BrowserError as error:
        reason = error.message.splitlines()[0]
        raise DevstackError(f"{screen.name} ({screen.path}): {reason}") from error


def _picture(page: Page, screen: Screen, variant: Variant) -> bytes:
    """The best WebP that is small enough; Playwright's own call makes PNG and JPEG only."""
    devtools = page.context.new_cdp_session(page)
    try:
        for quality in _QUALITIES:
            given = {"format": "webp", "quality": quality}
            answer = devtools.send("Page.captureScreenshot", given)
            picture = base64.b64decode(answer["data"])
            if len(picture) <= MAX_BYTES:
                return picture
    finally:
        devtools.detach()
    raise DevstackError(f"{screen.picture(variant)} has more than {MAX_BYTES} bytes.")
