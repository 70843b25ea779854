"""When traces are made, by OpenTelemetry's own variables."""

import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
from structlog.testing import capture_logs

from bff_core.observability import UNTRACED, configure_tracing, set_tracing, tracing

HERE = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def untraced_again() -> Iterator[None]:
    yield
    set_tracing(UNTRACED)


def configured(environ: Mapping[str, str]) -> list[Mapping[str, object]]:
    with capture_logs() as lines:
        configure_tracing(environ, service="example_service", environment="testing")
    return list(lines)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_SERVICE_NAME": "mine"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": HERE, "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": HERE, "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_nothing_is_traced_unless_it_is_asked_for(environ: Mapping[str, str]) -> None:
    assert configured(environ) == []
    assert tracing() is UNTRACED


def test_a_protocol_that_we_do_not_speak_is_a_line_in_the_log() -> None:
    (line,) = configured(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": HERE, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    )

    assert (line["event"], line["reason"]) == ("tracing_not_started", "protocol")
    assert tracing() is UNTRACED


def test_a_missing_extra_is_a_line_in_the_log_and_the_service_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "bff_core.observability.otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)

    (line,) = configured({"OTEL_TRACES_EXPORTER": "otlp"})

    assert (line["event"], line["reason"]) == ("tracing_not_started", "extra")
    assert tracing() is UNTRACED


def test_an_endpoint_turns_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, str]] = []

    class Otel:
        @staticmethod
        def otlp_tracing(service: str, environment: str) -> object:
            made.append((service, environment))
            return UNTRACED

    monkeypatch.setitem(sys.modules, "bff_core.observability.otel", Otel)

    (line,) = configured({"OTEL_EXPORTER_OTLP_ENDPOINT": HERE})

    assert line["event"] == "tracing_started"
    assert made == [("example_service", "testing")]


def test_a_service_that_traces_nothing_loads_no_exporter() -> None:
    code = (
        "import sys, services.bff_teacher.app, services.gateway.app;"
        "print([name for name in sys.modules if name.endswith(('.otel', 'otlp'))])"
    )

    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert told.stdout.strip() == "[]"
