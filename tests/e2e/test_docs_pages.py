"""The page `/docs` of each service, as a person sees it in a browser."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from devstack.seed import DemoUser
from devstack.seed.people import ADMIN, ANNA
from tests.browser import open_page
from tests.e2e.demo_stack import DemoStack

pytestmark = pytest.mark.browser

PORTS = {"gateway": 8080, "bff_teacher": 4101, "bff_admin": 4102, "config_service": 4103}


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    with open_page() as page:
        yield page


@pytest.fixture
def page(browser_page: Page) -> Iterator[Page]:
    """The page; a complaint in its console or a request to elsewhere fails the test."""
    complaints: list[str] = []
    hosts: set[str] = set()
    browser_page.on("console", lambda message: complaints.append(message.text))
    browser_page.on("pageerror", lambda error: complaints.append(str(error)))
    browser_page.on("request", lambda request: hosts.add(httpx.URL(request.url).host))
    yield browser_page
    assert complaints == []
    assert hosts - {""} == {"127.0.0.1"}


@pytest.mark.parametrize("service", PORTS)
def test_page_shows_every_operation(demo: DemoStack, page: Page, service: str) -> None:
    url = demo.url(PORTS[service])
    document = httpx.get(f"{url}/openapi.json", timeout=10).json()
    paths = [path for path, methods in document["paths"].items() for _ in methods]

    page.goto(f"{url}/docs")
    expect(page.locator(".info .title")).to_contain_text(document["info"]["title"])
    expect(page.locator(".opblock")).to_have_count(len(paths))
    shown = page.locator(".opblock-summary-path").all_inner_texts()

    assert sorted(text.replace("\u200b", "") for text in shown) == sorted(paths)
    assert page.locator(".errors-wrapper").count() == 0


@pytest.mark.parametrize(
    ("service", "person", "path", "text"),
    [
        ("bff_teacher", ANNA, "/v1/teacher/me", '"Anna Lindqvist"'),
        ("gateway", ANNA, "/bff/v1/teacher/me", '"Anna Lindqvist"'),
        ("bff_admin", ADMIN, "/v1/admin/users/pending", '"users"'),
    ],
)
def test_operation_can_be_tried_with_a_token(
    demo: DemoStack, page: Page, *, service: str, person: DemoUser, path: str, text: str
) -> None:
    page.goto(f"{demo.url(PORTS[service])}/docs")
    page.get_by_role("button", name="Authorize").click()
    page.locator(".auth-container input").first.fill(demo.token(person))
    page.locator(".auth-btn-wrapper .authorize").first.click()
    page.locator(".btn-done").first.click()

    block = page.locator(".opblock-get", has=page.locator(f'[data-path="{path}"]'))
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()

    expect(block.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    expect(block.locator(".live-responses-table .highlight-code").first).to_contain_text(text)
