"""The operations page lists the metrics, settings and log events of the code."""

from pathlib import Path

import pytest
from pydantic import Field

from bff_core.settings import ServiceSettings
from tools import settings_tables
from tools.log_events import LogCall, UnreadableLogCallError, all_calls, calls_in
from tools.markdown import anchor_of, table, with_generated
from tools.operations_page import drift, log_faults, main, written

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()


def test_page_matches_the_code() -> None:
    assert main(["--check"]) == 0
    assert written(PAGE) == PAGE


@pytest.mark.parametrize(
    ("mine", "yours"),
    [
        ("`<service>_ready`", "`<service>_is_ready`"),
        ("`BFF_TEACHER_SERVICE_CONFIRM_BUDGET`", "`BFF_TEACHER_SERVICE_CONFIRM_SECONDS`"),
        ("| `API_GATEWAY_USER_PER_MINUTE` | whole number | `600`", "| `A` | whole number | `601`"),
    ],
)
def test_renamed_metric_or_setting_is_two_lines_with_the_remedy(mine: str, yours: str) -> None:
    assert mine in PAGE

    found = list(drift(PAGE.replace(mine, yours)))

    assert len(found) == 2
    assert all("run `./dev generate`" in line for line in found)


def test_setting_without_a_description_is_refused() -> None:
    class Undescribed(ServiceSettings):
        port: int = 1
        patience: float = Field(1.0)

    with pytest.raises(settings_tables.UndescribedSettingError, match=r"Undescribed\.patience"):
        list(settings_tables._own_rows(Undescribed, "UNDESCRIBED_"))


def log_call(event: str, *fields: str) -> LogCall:
    return LogCall(event, "info", frozenset(fields), "shared/somewhere.py:3")


def test_event_that_the_page_lacks_is_named_with_its_place() -> None:
    found = list(log_faults(PAGE, [*all_calls(), log_call("something_new", "kind")]))

    assert found == [
        "shared/somewhere.py:3: docs/operations.md, Logs, has no row for something_new; add one"
    ]


def test_new_field_must_be_listed_and_explained() -> None:
    found = list(log_faults(PAGE, [*all_calls(), log_call("tracing_started", "colour")]))

    assert len(found) == 2
    assert "the fields of tracing_started are `colour`" in found[0]
    assert "the field colour is not explained" in found[1]


def test_event_that_is_never_logged_is_named() -> None:
    fewer = [call for call in all_calls() if call.event != "jwks_not_read"]

    assert any("no code logs jwks_not_read" in line for line in log_faults(PAGE, fewer))


def test_calls_are_read_with_their_level_and_fields() -> None:
    code = 'log.warning("lost", kind=1, exc_info=error)\n_log.exception("odd")\nother.info("x")\n'

    assert list(calls_in(code, "a.py")) == [
        LogCall("lost", "warning", frozenset({"kind", "exception"}), "a.py:1"),
        LogCall("odd", "error", frozenset(), "a.py:2"),
    ]


@pytest.mark.parametrize("code", ['log.info(f"x {1}")', "log.info(name)", 'log.info("x", **more)'])
def test_call_with_hidden_event_or_fields_is_refused(code: str) -> None:
    with pytest.raises(UnreadableLogCallError, match=r"a\.py:1"):
        list(calls_in(code, "a.py"))


def test_headings_become_the_anchors_that_links_use() -> None:
    assert anchor_of("What breaks when …") == "what-breaks-when-"
    assert anchor_of("1.3 Settings that must agree") == "13-settings-that-must-agree"


def test_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="no marks for metrics"):
        with_generated("# Page", "metrics", table(("A",), []))
