"""The scenario's teacher uploads once, and her batch ends with all its essays."""

import sqlite3
from contextlib import closing
from pathlib import Path

from fakeredis import FakeAsyncRedis

from devstack.effects.uploading_teacher import begin
from devstack.seed.people import SARA
from tests.contract.emulators.conftest import Happen


async def test_her_batch_ends_though_a_file_was_refused(
    database: Path, redis: FakeAsyncRedis, happen: Happen
) -> None:
    listener = redis.pubsub()
    await listener.subscribe(f"ws:{SARA.user_id}")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.row_factory = sqlite3.Row
        batch_id = begin(connection)

    await happen()

    with closing(sqlite3.connect(database)) as connection, connection:
        connection.row_factory = sqlite3.Row
        query = "SELECT * FROM batches WHERE batch_id = ?"
        row = connection.execute(query, (batch_id,)).fetchone()
        again = begin(connection)
    heard = []
    while (one := await listener.get_message()) is not None:
        heard.append(one["data"])
    assert (row["status"], row["completed_essay_count"]) == ("completed_successfully", 3)
    assert row["processing_completed_at"]
    assert sum(b"batch_validation_failed" in one for one in heard if isinstance(one, bytes)) == 1
    assert again is None
