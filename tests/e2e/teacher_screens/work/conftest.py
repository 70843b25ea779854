"""One stack for the modules whose tests write to batches of their own, and leave no fault behind."""

from collections.abc import Iterator

import pytest

from tests.e2e.demo_stack import DemoStack
from tests.e2e.teacher_work import stack_with_screens


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    with stack_with_screens(tmp_path_factory.mktemp("teacher-work")) as stack:
        yield stack
