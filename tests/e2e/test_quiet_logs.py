"""Normal use: no warning in any log, and at most one line there for each request of a person."""

import re
from collections import Counter

import httpx
import pytest

from devstack.seed.people import ADMIN, ANNA
from tests.e2e.demo_stack import DemoStack
from tests.e2e.normal_use import NewLines, Person, loud_lines, use_as_a_teacher, use_as_an_admin

pytestmark = pytest.mark.own_stack

POLLS = ((8080, "/healthz"), (4101, "/ready"), (4102, "/metrics"), (4103, "/ready"))
ID = re.compile(r" id=([0-9a-f]{8})\b")


@pytest.fixture(scope="module")
def used(demo: DemoStack) -> tuple[dict[str, list[str]], list[str]]:
    """The lines of the logs, and the ids of the requests of two people who use every screen."""
    # Earlier tests may have left an open breaker.
    for name in ("bff_teacher", "bff_admin"):
        assert demo.command("restart", name).returncode == 0
    before = NewLines(demo.home / "logs")
    with Person(demo, ANNA) as teacher, Person(demo, ADMIN) as admin:
        use_as_a_teacher(teacher)
        use_as_an_admin(admin)
    for port, path in POLLS:
        assert httpx.get(f"{demo.url(port)}{path}", timeout=30).status_code == 200
    return before.read(), teacher.ids + admin.ids


def test_no_log_has_a_warning(used: tuple[dict[str, list[str]], list[str]]) -> None:
    logs, _ = used

    assert loud_lines(logs) == {}


def test_each_log_has_at_most_one_line_for_a_request_of_a_person_and_no_other(
    used: tuple[dict[str, list[str]], list[str]],
) -> None:
    logs, ids = used

    for name, lines in logs.items():
        told = Counter(found[1] for line in lines if (found := ID.search(line)))
        assert set(told) <= set(ids), name
        assert set(told.values()) <= {1}, name
        assert sum(told.values()) == len(lines), (name, lines)
    assert any(ID.search(line) for line in logs["gateway"])
