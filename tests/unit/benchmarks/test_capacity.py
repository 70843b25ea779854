"""The arithmetic of docs/scaling.md: the page shows what it gives, and its inputs are the code's."""

from pathlib import Path

from benchmarks import capacity
from benchmarks.capacity import Morning, tables
from benchmarks.capacity_inputs import value
from services.bff_teacher.confirmations.database import CONNECTIONS
from services.bff_teacher.live_settings import LiveSettings
from services.config_service.implementations.database import POSTGRES_CONNECTIONS

PAGE = Path(capacity.__file__).parents[1] / "docs" / "scaling.md"


def test_the_page_shows_the_arithmetic_as_it_is() -> None:
    page = PAGE.read_text("utf-8")

    for table in tables(100_000).split("\n\n"):
        assert table.strip() in page


def test_settings_of_the_arithmetic_are_those_of_the_services() -> None:
    live = LiveSettings()

    assert (value("S1"), value("S2")) == (live.per_process, live.poll)
    assert (value("S3"), value("S4")) == (CONNECTIONS, POSTGRES_CONNECTIONS)


def test_twice_the_teachers_need_twice_the_cores() -> None:
    one, two = Morning(50_000), Morning(100_000)

    assert two.screen_cores == 2 * one.screen_cores
    assert two.stream_cores == 2 * one.stream_cores
    assert two.teacher_replicas > one.teacher_replicas
