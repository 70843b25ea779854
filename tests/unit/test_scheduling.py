"""Files that share a devstack go to one worker."""

from pathlib import Path

from tests.scheduling import reads_shared_devstack, shares_by_package

E2E = Path(__file__).parents[1] / "e2e"


def test_file_that_takes_the_shared_devstack_is_found() -> None:
    assert reads_shared_devstack(E2E / "test_teacher_dashboard.py")
    assert reads_shared_devstack(E2E / "test_served_screens.py")


def test_file_with_a_devstack_of_its_own_goes_by_itself() -> None:
    assert not reads_shared_devstack(E2E / "test_live_devstack.py")
    assert not reads_shared_devstack(E2E / "teacher_screens" / "test_states.py")


def test_folder_with_a_fixture_for_its_package_is_found() -> None:
    assert shares_by_package(E2E / "teacher_screens" / "work")
    assert not shares_by_package(E2E / "teacher_screens")
    assert not shares_by_package(E2E)
