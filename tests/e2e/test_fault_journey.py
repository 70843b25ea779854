"""A person makes an emulated service go wrong and watches the dashboard: `./dev fault` at work."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from devstack.seed import DemoUser
from devstack.seed.people import ANNA, ERIK, SARA
from tests.e2e.demo_stack import DemoStack, demo_stack

# Those that are read from CMS.
CLASS_PARTS = {"classes", "student_counts", "class_names", "class_activity", "validation"}
# RAS's list is fresh for 2 s and refreshed behind a reader's back for 5 s more.
PAST_REFRESH_SECONDS = 7.5
DEADLINE_SECONDS = 3.0


@pytest.fixture(scope="module")
def sick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    """A devstack of its own: faults leave marks in breakers and caches."""
    with demo_stack(tmp_path_factory.mktemp("devstack")) as (stack, _):
        yield stack


@pytest.fixture
def stack(sick: DemoStack) -> Iterator[DemoStack]:
    yield sick
    sick.fault("clear")


def fault(stack: DemoStack, *words: str) -> str:
    result = stack.command("fault", *words)
    assert result.returncode == 0, result.stderr
    return result.stdout


def parts(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    return {part["name"]: part for part in answer.json()["parts"]}


def eventually(stack: DemoStack, person: DemoUser, claim: Callable[[httpx.Response], bool]) -> None:
    """Read the dashboard now and then until the claim is true."""
    deadline = time.monotonic() + 15
    while not claim(stack.get(person, "/dashboard")):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.5)


def is_complete(answer: httpx.Response) -> bool:
    return answer.status_code == 200 and "x-parts-incomplete" not in answer.headers


def test_hung_class_service_costs_its_parts_until_cleared(stack: DemoStack) -> None:
    said = fault(stack, "cms", "hang")
    began = time.monotonic()
    answer = stack.get(ANNA, "/dashboard")

    assert said == "cms: hang\n"
    assert time.monotonic() - began < DEADLINE_SECONDS
    assert answer.status_code == 200
    assert {name for name, part in parts(answer).items() if part["status"] == "missing"} == (
        CLASS_PARTS
    )
    assert len(answer.json()["batches"]) > 0
    assert fault(stack, "clear") == "No faults.\n"
    eventually(stack, ANNA, is_complete)


def test_failing_results_are_served_from_the_copy_with_its_age(stack: DemoStack) -> None:
    before = stack.get(ERIK, "/dashboard")
    fault(stack, "ras", "error=500")
    time.sleep(PAST_REFRESH_SECONDS)

    answer = stack.get(ERIK, "/dashboard")

    batches = parts(answer)["batches"]
    assert (answer.status_code, batches["status"]) == (200, "stale")
    assert batches["age_seconds"] >= PAST_REFRESH_SECONDS - 1
    assert answer.json()["batches"] == before.json()["batches"]
    assert answer.headers["cache-control"] == "no-store"
    fault(stack, "clear", "ras")
    eventually(stack, ERIK, is_complete)


def test_results_that_fail_without_a_copy_are_an_honest_error(stack: DemoStack) -> None:
    fault(stack, "ras", "error=500", "--path", "/internal/v1/batches/user")

    answer = stack.get(SARA, "/dashboard")

    error = answer.json()["error"]
    assert answer.status_code in {502, 503}
    assert error["details"]["part"] == "batches"


def test_status_tells_of_faults_and_of_a_service_that_is_down(stack: DemoStack) -> None:
    fault(stack, "cms", "down")
    fault(stack, "ras", "latency=10ms", "--share", "30%", "--path", "/v1")

    status = stack.command("status")

    assert status.returncode == 1
    assert "Faults in cms: down" in status.stdout
    assert "Faults in ras: latency=10ms share=30% path=/v1" in status.stdout
    assert fault(stack, "list") == "ras: latency=10ms share=30% path=/v1\ncms: down\n"
    fault(stack, "clear")
    healed = stack.command("status")
    assert (healed.returncode, "Faults" in healed.stdout) == (0, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gateway", "hang"), "takes no faults"),
        (("cms", "hangs"), "no kind of fault"),
        (("cms", "error=200"), "no error status"),
    ],
)
def test_wrong_words_are_one_line_and_change_nothing(
    stack: DemoStack, words: tuple[str, ...], said: str
) -> None:
    result = stack.command("fault", *words)

    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert said in result.stderr
    assert fault(stack, "list") == "No faults.\n"
