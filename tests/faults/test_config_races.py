"""Two concurrent writers of one version: one gets 200, the other 412."""

from pathlib import Path

import pytest

from bff_core.composition import fan_out
from tests.config_service_kit import ApiResponse, SettingsClient, fresh_postgres, sqlite_url
from tests.faults.config_service_process import calling, counters, rounds, serving, verified_length

RACES = 1000


async def race(writers: list[SettingsClient], etag: str, number: int) -> list[ApiResponse]:
    async with fan_out() as group:
        tasks = [
            group.create_task(writer.put("counter", {"count": number * 10 + index}, etag))
            for index, writer in enumerate(writers)
        ]
    return [task.result() for task in tasks]


async def run_races(folder: Path, database_url: str, races: int) -> None:
    """The writers use two processes that share only the database."""
    directory = counters(folder, "counter")
    more = {"CONFIG_SERVICE_NAMESPACE_DIRECTORY": directory}
    with serving(folder, database_url, **more) as one, serving(folder, database_url, **more) as two:
        async with calling(one.url, two.url) as writers:
            etag = (await writers[0].read("counter")).etag
            for number in range(1, races + 1):
                answers = await race(writers, etag, number)
                won = [answer for answer in answers if answer.status == 200]
                lost = [answer for answer in answers if answer.status == 412]

                assert (len(won), len(lost)) == (1, 1), answers
                assert won[0].body["version"] == number
                etag = won[0].etag
                assert lost[0].etag == etag
                assert (await writers[number % 2].read("counter")).body["values"] == (
                    won[0].body["values"]
                )
            assert await verified_length(writers[0]) == races


async def test_two_writers_on_sqlite_have_one_winner_a_round(tmp_path: Path) -> None:
    await run_races(tmp_path, sqlite_url(tmp_path), rounds(RACES))


@pytest.mark.postgres
async def test_two_writers_on_postgres_have_one_winner_a_round(
    tmp_path: Path, fresh_database: str
) -> None:
    await run_races(tmp_path, fresh_database, rounds(RACES))


@pytest.fixture
def fresh_database(postgres_url: str) -> str:
    return fresh_postgres(postgres_url)


async def test_processes_that_start_together_agree_on_an_empty_database(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    with serving(tmp_path, url) as one, serving(tmp_path, url) as two:
        async with calling(one.url, two.url) as (first, second):
            written = await first.put("uploads", {}, (await second.read("uploads")).etag)

            assert written.status == 200
            assert (await second.read("uploads")).etag == written.etag
