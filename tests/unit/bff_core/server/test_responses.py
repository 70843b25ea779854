"""An answer says how complete it is, to people and to caches."""

from dataclasses import asdict
from typing import Any

import pytest
from quart.typing import TestClientProtocol as Client

from bff_core.composition import Fetched, Missing, PartV1, describe
from bff_core.observability import Metrics

Headers = dict[str, str]
OK = describe("titles", Fetched(1))
STALE = describe("names", Fetched(1, 60.0, stale=True))
MISSING = describe("classes", Missing("TIMEOUT"))


async def test_whole_answer_may_be_kept_by_its_reader(client: Client, as_teacher: Headers) -> None:
    answer = await client.get("/v1/things", headers=as_teacher)

    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "X-Parts-Incomplete" not in answer.headers
    assert answer.content_type == "application/json"


@pytest.mark.parametrize(
    ("parts", "named"),
    [([OK, STALE], "names"), ([MISSING, OK], "classes"), ([STALE, MISSING], "names, classes")],
)
async def test_incomplete_answer_is_kept_by_nobody_and_names_its_parts(
    client: Client, as_teacher: Headers, things: Any, parts: list[PartV1], named: str
) -> None:
    things.parts = parts

    answer = await client.get("/v1/things", headers=as_teacher)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Parts-Incomplete"] == named
    assert (await answer.get_json())["parts"] == [asdict(part) for part in parts]


async def test_parts_are_counted_by_status(
    client: Client, as_teacher: Headers, things: Any, metrics: Metrics
) -> None:
    things.parts = [OK, MISSING]

    await client.get("/v1/things", headers=as_teacher)
    await client.get("/bff/v1/things", headers=as_teacher)

    labels = {"screen": "listing", "part": "classes", "status": "missing"}
    assert metrics.registry.get_sample_value("example_screen_parts_total", labels) == 2
