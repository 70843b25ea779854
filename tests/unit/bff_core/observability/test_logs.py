"""Logs: one JSON line an event, whoever wrote it, whatever it holds."""

import io
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from bff_core.observability import configure_logs
from tests import plain_logs

Lines = Callable[[], list[dict[str, Any]]]


class Output:
    """Standard output as a process has it: text over bytes."""

    def __init__(self) -> None:
        self.buffer = io.BytesIO()

    def isatty(self) -> bool:
        return False


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    root, output = logging.getLogger(), Output()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stdout", output)
    configure_logs(service="example_service", environment="testing", level="INFO")
    yield lambda: [json.loads(line) for line in output.buffer.getvalue().splitlines()]
    plain_logs.configure()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_line_names_its_service(lines: Lines) -> None:
    structlog.get_logger().info("something", count=1)

    (line,) = lines()
    assert line["event"] == "something"
    assert (line["service.name"], line["deployment.environment"]) == ("example_service", "testing")
    assert (line["count"], line["level"]) == (1, "info")


def test_quieter_than_the_level_is_nothing(lines: Lines) -> None:
    structlog.get_logger().debug("something")

    assert lines() == []


def test_libraries_write_the_same_kind_of_line(lines: Lines) -> None:
    logging.getLogger("some.library").warning("odd %s", "thing")
    logging.getLogger("some.library").info("chatter")

    (line,) = lines()
    assert (line["event"], line["logger"], line["text"]) == (
        "library_log",
        "some.library",
        "odd thing",
    )


def test_crash_of_a_library_is_one_line(lines: Lines) -> None:
    try:
        raise ZeroDivisionError  # noqa: TRY301 - the logger reads the exception being handled
    except ZeroDivisionError:
        logging.getLogger("some.library").exception("failed")

    (line,) = lines()
    assert "ZeroDivisionError" in line["exception"]


@pytest.mark.parametrize(
    "value", ["\ud800", "a\nb", b"\xff", datetime(2026, 1, 31, tzinfo=UTC), {1: 2}, object(), 1e400]
)
def test_no_value_breaks_the_line(lines: Lines, value: object) -> None:
    structlog.get_logger().info("something", value=value)
    logging.getLogger("some.library").warning("%s", value)

    assert [line["event"] for line in lines()] == ["something", "library_log"]


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    root, output = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stdout", output)
    configure_logs(service="example", environment="testing", as_json=False)
    yield lambda: output.getvalue().splitlines()
    plain_logs.configure()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_console_line_of_a_request_is_short_and_leads_to_its_person_and_id(
    console: Callable[[], list[str]],
) -> None:
    structlog.get_logger().info(
        "request",
        method="GET",
        route="/bff/v1/teacher/batches/<batch_id>",
        status=200,
        duration_ms=12.34,
        user_id="60c36544-0000-0000-0000-000000000000",
        correlation_id="9f0dbabb-8e29-4677-84b7-6fbadf1fd94f",
    )

    (line,) = console()
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d \[info +\] GET /bff/v1/teacher/batches/<batch_id> 200 12 ms"
        r" +id=9f0dbabb user=60c36544",
        line,
    )


def test_console_line_of_an_event_has_its_fields_and_no_origin(
    console: Callable[[], list[str]],
) -> None:
    structlog.get_logger().warning("downstream_failed", service="cms", code="TIMEOUT")

    (line,) = console()
    assert line.endswith("downstream_failed code=TIMEOUT service=cms")
    assert "example" not in line


def test_console_traceback_shows_no_local_variables(console: Callable[[], list[str]]) -> None:
    secret = "a-token-in-a-local-variable"
    try:
        raise ZeroDivisionError(len(secret))  # noqa: TRY301 - the logger reads what is handled
    except ZeroDivisionError:
        structlog.get_logger().exception("crashed")

    shown = "\n".join(console())
    assert "ZeroDivisionError: 27" in shown
    assert secret not in shown
