"""`python -m benchmarks.screens`: the screens of a running devstack in Chromium, on a slowed CPU.

It prints the compressed JavaScript of the first page, the time until the overview is drawn, what
moved meanwhile, and the frames of a list of 500 texts that is scrolled.
"""

import argparse
import gzip
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright

from devstack.seed import PASSWORD, TRUTH_TABLE, Situation
from devstack.seed.people import ANNA

SLOWDOWN = 4
ROUNDS = 15
LONGEST_SECONDS = 30
TEXTS = 500
BATCH = TRUTH_TABLE[Situation.PARTLY_FAILED].batch_id
LEDGER = "[data-test=ledger] > li"
_WATCH_SHIFTS = """
window.shifts = 0;
new PerformanceObserver(list => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts += one.value;
}).observe({type: 'layout-shift', buffered: true});
"""
_WATCH_LEDGER = f"""
window.drawn = new Promise((done, fail) => {{
  setTimeout(() => fail(new Error('no ledger within {LONGEST_SECONDS} s')), {LONGEST_SECONDS * 1000});
  const look = () => {{
    if (!document.querySelector('{LEDGER}')) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now())));
  }};
  const watch = new MutationObserver(look);
  watch.observe(document, {{childList: true, subtree: true}});
}});
"""
_SCROLL = """
() => new Promise(done => {
  const main = document.querySelector('main');
  const frames = [];
  let last = performance.now();
  const step = now => {
    frames.push(now - last);
    last = now;
    main.scrollTop += 40;
    if (frames.length < 180) requestAnimationFrame(step);
    else done(frames.slice(1));
  };
  requestAnimationFrame(step);
})
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="of the gateway")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=arguments.browser, args=["--no-sandbox", "--disable-gpu"]
        )
        show(browser, arguments.url)
        browser.close()


def show(browser: Browser, url: str) -> None:
    context = browser.new_context(locale="sv-SE", viewport={"width": 1280, "height": 900})
    context.add_init_script(_WATCH_SHIFTS + _WATCH_LEDGER)
    sign_in(context, url)
    with slowed(context, 1) as page:
        print(f"JavaScript of the overview, gzip: {script_bytes(page, url) / 1024:.1f} KiB")
    for slowdown in (1, SLOWDOWN):
        with slowed(context, slowdown) as page:
            drawn, shifts = zip(*(overview(page, url) for _ in range(ROUNDS)), strict=True)
        print(
            f"overview at {slowdown}x slowdown: drawn after {statistics.median(drawn):.0f} ms "
            f"(median of {ROUNDS}), layout shift at most {max(shifts):.4f}"
        )
    with slowed(context, 1) as page:
        frames = scrolled_frames(page, url)
    late = sum(frame > 1000 / 60 * 1.5 for frame in frames)
    print(
        f"{TEXTS} texts scrolled: {1000 / statistics.mean(frames):.0f} frames a second, "
        f"{late} of {len(frames)} late"
    )


def sign_in(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(f"{url}/login")
    page.locator("input[type=email]").fill(ANNA.email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    page.locator(LEDGER).first.wait_for()
    page.close()


@contextmanager
def slowed(context: BrowserContext, slowdown: int) -> Iterator[Page]:
    """A page without a cache, on a CPU that is so many times slower."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    yield page
    page.close()


def script_bytes(page: Page, url: str) -> int:
    scripts: dict[str, int] = {}

    def weigh(answer: Response) -> None:
        if ".js" in answer.url:
            scripts[answer.url] = len(gzip.compress(answer.body()))

    page.on("response", weigh)
    overview(page, url)
    return sum(scripts.values())


def overview(page: Page, url: str) -> tuple[float, float]:
    """Milliseconds until the frame with the ledger is drawn, and the layout shift a second later."""
    # To take down the page before is none of the work that is measured.
    page.goto("about:blank")
    page.goto(f"{url}/app/dashboard")
    drawn: float = page.evaluate("window.drawn")
    page.wait_for_timeout(1000)
    shifts: float = page.evaluate("window.shifts")
    return drawn, shifts


def scrolled_frames(page: Page, url: str) -> list[float]:
    """Milliseconds of each frame while a batch with many texts is scrolled."""
    page.route("**/events?*", lambda route: route.abort())
    page.route(f"**/batches/{BATCH}", lambda route: route.fulfill(json=enlarged(route.fetch())))
    page.goto(f"{url}/app/batch/{BATCH}?tab=texts")
    page.locator("[role=tabpanel] li").first.wait_for()
    frames: list[float] = page.evaluate(_SCROLL)
    return frames


def enlarged(answer: Any) -> dict[str, Any]:
    """The batch with as many texts as wanted, made of its first."""
    batch: dict[str, Any] = answer.json()
    first = batch["essays"][0]
    batch["essays"] = [
        {**first, "essay_id": f"00000000-0000-4000-8000-{number:012}", "rank": number}
        for number in range(1, TEXTS + 1)
    ]
    return batch


if __name__ == "__main__":
    main()
