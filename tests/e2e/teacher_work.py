"""A teacher's stack with its screens, and the same teacher at work without a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator

from devstack.seed import DemoUser
from tests.e2e.demo_stack import DemoStack, demo_stack
from tests.e2e.web_pages import Screen


@contextmanager
def stack_with_screens(home: Path) -> Iterator[DemoStack]:
    """A stack of one's own whose gateway serves the screens of this checkout."""
    with demo_stack(home, "--web") as (stack, _):
        yield stack


@contextmanager
def teacher_elsewhere(stack: DemoStack, person: DemoUser) -> Iterator[httpx.Client]:
    """The teacher's API, as another device would use it."""
    headers = {"Authorization": f"Bearer {stack.token(person)}"}
    url = f"{stack.gateway}/bff/v1/teacher"
    with httpx.Client(base_url=url, headers=headers, timeout=10) as client:
        yield client


def batches_in_review(other: httpx.Client) -> list[str]:
    """Ids of the batches that wait for the teacher, the newest first."""
    page = other.get("/dashboard", params={"attention": "true"}).json()
    return [batch["batch_id"] for batch in page["batches"] if batch["attention"]]


def confirm_elsewhere(other: httpx.Client, batch_id: str, *, nobody: int = 0) -> None:
    """Confirm the suggestions, the first `nobody` of them without a student."""
    rows: list[dict[str, Any]] = other.get(f"/batches/{batch_id}/associations").json()[
        "associations"
    ]
    decisions = [
        {
            "essay_id": row["essay_id"],
            "student_id": (row["suggested_student"] or {}).get("student_id")
            if number >= nobody
            else None,
            "suggestion": row["suggestion"],
        }
        for number, row in enumerate(row for row in rows if row["must_be_decided"])
    ]
    body = {"decisions": decisions, "force": False}
    answer = other.post(f"/batches/{batch_id}/associations/confirm", json=body)
    assert answer.status_code == 200, answer.text


def rename_elsewhere(other: httpx.Client, batch_id: str, title: str) -> None:
    stored = other.get(f"/batches/{batch_id}/title").json()
    answer = other.put(
        f"/batches/{batch_id}/title", json={"title": title}, headers={"If-Match": stored["etag"]}
    )
    assert answer.status_code == 200, answer.text


def row(screen: Screen, batch_id: str) -> Locator:
    return screen.page.locator(f"[data-test=ledger] [data-batch='{batch_id}']")


def order(screen: Screen) -> list[str | None]:
    rows = screen.page.locator("[data-test=ledger] > li").all()
    return [one.get_attribute("data-batch") for one in rows]


def essay_of(other: httpx.Client, batch_id: str, rank: int) -> str:
    essays = other.get(f"/batches/{batch_id}").json()["essays"]
    return str(next(one["essay_id"] for one in essays if one["rank"] == rank))
