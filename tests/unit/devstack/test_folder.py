import errno
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.errors import DevstackError, disk_error
from devstack.supervisor.keys import load_keys
from devstack.supervisor.logs import LogReader, last_line, last_lines
from devstack.supervisor.stack import Home
from devstack.supervisor.state import (
    ProcessId,
    StackState,
    read_state,
    ready_state,
    request_restart,
    requested_restarts,
    sole_owner,
)


def test_keys_are_long_stay_the_same_and_are_for_their_owner_only(tmp_path: Path) -> None:
    place = tmp_path / "keys.json"

    first, second = load_keys(place), load_keys(place)

    assert first == second
    assert len(first.jwt_secret) >= 32
    assert first.jwt_secret != first.internal_api_key
    assert place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"jwt_secret": "x"}'])
def test_unreadable_keys_are_replaced(tmp_path: Path, content: str) -> None:
    place = tmp_path / "keys.json"
    place.write_text(content)

    keys = load_keys(place)

    assert json.loads(place.read_text())["jwt_secret"] == keys.jwt_secret


def test_keys_do_not_show_themselves(tmp_path: Path) -> None:
    keys = load_keys(tmp_path / "keys.json")

    assert keys.jwt_secret not in repr(keys)


def test_state_comes_back_as_written(tmp_path: Path) -> None:
    state = StackState(
        ProcessId(1, "a"), 100, {"ras": 4103}, {"ras": ProcessId(2, "b")}, ready=True
    )

    state.save(Home(tmp_path))

    assert read_state(Home(tmp_path)) == state


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"children": {"x": 1}}', '{"children": []}'])
def test_state_that_makes_no_sense_is_no_state(tmp_path: Path, content: str) -> None:
    Home(tmp_path).state.write_text(content)

    assert read_state(Home(tmp_path)) is None


def test_a_devstack_that_is_starting_is_not_called_stopped(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with sole_owner(home):
        StackState(ProcessId.of(os.getpid()), 0, {"ras": 4003}).save(home)

        with pytest.raises(DevstackError, match=r"still starting: see \./dev status"):
            ready_state(home)

    with pytest.raises(DevstackError, match=r"not running: start it with \./dev up"):
        ready_state(home)


@pytest.fixture
def deaf_to_requests() -> Iterator[None]:
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("deaf_to_requests")
def test_a_restart_that_is_asked_for_meanwhile_does_not_replace_another(tmp_path: Path) -> None:
    home, state = Home(tmp_path), StackState(ProcessId.of(os.getpid()), 0, {})

    request_restart(home, state, ["ras"])
    request_restart(home, state, ["cms", "bos"])
    names = requested_restarts(home)

    assert sorted(names) == ["bos", "cms", "ras"]
    assert requested_restarts(home) == []


def test_same_id_with_another_start_time_is_another_process() -> None:
    assert ProcessId.of(os.getpid()).alive
    assert not ProcessId(os.getpid(), "earlier").alive


def test_reader_gives_whole_lines_with_their_names(tmp_path: Path) -> None:
    log = tmp_path / "ras.log"
    log.write_text("one\nhal")
    reader = LogReader({"ras": log, "not-there": tmp_path / "none.log"})

    first = list(reader.new_lines())
    with log.open("a") as file:
        file.write("f\n")

    assert first == [("ras", "one")]
    assert list(reader.new_lines()) == [("ras", "half")]


def test_log_that_a_new_start_replaces_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "ras.log"
    log.write_text("a long past\n")
    reader = LogReader({"ras": log}, from_end=True)

    log.write_text("new\n")

    assert list(reader.new_lines()) == [("ras", "new")]


def test_last_lines_and_last_words(tmp_path: Path) -> None:
    log = tmp_path / "ras.log"
    log.write_text("a\nb\nc \n\n")

    assert last_lines(log) == ["a", "b", "c ", ""]
    assert last_line(log) == "c"
    assert last_line(tmp_path / "none.log") == ""


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EACCES, "you may not write there"),
        (errno.EROFS, "read-only"),
    ],
)
def test_disk_failures_are_told_in_plain_words_with_the_place(number: int, words: str) -> None:
    problem = disk_error(OSError(number, "some code"), Path("/data/x"))

    assert words in str(problem)
    assert "/data/x" in str(problem)
