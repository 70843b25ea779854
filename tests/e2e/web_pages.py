"""A page of the screens as a person has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from devstack.seed import PASSWORD

WEB = Path(__file__).parents[2] / "web"
NARROW, WIDE = 390, 1440
_AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
_RUN_AXE = "() => axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"
_REFUSALS = "Failed to load resource"
_SETTLED = """() => Promise.all(document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().iterations !== Infinity)
    .map((one) => one.finished.catch(() => undefined)))"""
"""Colours that fade in are right only at the end."""


@dataclass
class Screen:
    """A signed-in person's page; `complaints` are errors of its scripts, not refused calls."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, line: ConsoleMessage) -> None:
        if line.type in ("error", "warning") and not line.text.startswith(_REFUSALS):
            self.complaints.append(line.text)

    def sign_in(self, email: str, path: str) -> None:
        """Sign in on the way to this page."""
        self.page.goto(f"{self.address}{path}")
        self.fill_in(email)
        expect(self.page).to_have_url(f"{self.address}{path}")

    def fill_in(self, email: str) -> None:
        """The form of the page, or of the dialog over it."""
        self.page.locator("input[type=email]").fill(email)
        self.page.locator("input[type=password]").fill(PASSWORD)
        self.page.locator("form:has(input[type=password]) button[type=submit]").click()

    def visit(self, path: str) -> None:
        """Open an address, as from a bookmark, and wait for what it reads."""
        self.page.goto(f"{self.address}{path}")
        expect(self.page.locator("h1").first).to_be_visible()
        expect(self.page.get_by_test_id("loading")).to_have_count(0)

    def look(self, *, theme: str, width: int, language: str) -> None:
        """Change what the person has chosen, and how wide the window is."""
        self.page.evaluate(
            "([theme, language]) => { localStorage.setItem('huleedu.theme', theme);"
            " localStorage.setItem('huleedu.locale', language); }",
            [theme, language],
        )
        self.page.set_viewport_size({"width": width, "height": 900})

    def violations(self) -> list[str]:
        """The findings of axe: rule and places."""
        self.page.evaluate(_SETTLED)
        self.page.evaluate(_AXE.read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = self.page.evaluate(_RUN_AXE)
        return [
            f"{one['id']}: {', '.join(str(node['target']) for node in one['nodes'])}"
            for one in found
        ]

    def is_wider_than_window(self) -> bool:
        """True if something has to be scrolled to the side."""
        wide = "['main', 'html'].some(name => { const one = document.querySelector(name);"
        return bool(
            self.page.evaluate(f"() => {wide} return one.scrollWidth > one.clientWidth; }})")
        )


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Screen]:
    """A page of a new profile, in Swedish; an error of its scripts fails the test."""
    context = browser.new_context(locale="sv-SE", viewport={"width": WIDE, "height": 900})
    screen = Screen(context.new_page(), address)
    try:
        yield screen
    finally:
        context.close()
    assert screen.complaints == []
