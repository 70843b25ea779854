"""The peers that `./dev bench` compares ours with, as real processes: they do the same work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks import payloads
from benchmarks.contestants import (
    Contestant,
    MakeContestant,
    bare_quart,
    fastapi,
    fastify,
    floor,
    prepare_node,
)
from benchmarks.processes import ServerProcess, python, server_process
from benchmarks.scenarios import SCENARIOS, ours_on_hypercorn
from benchmarks.situations import place_of, words_of
from bff_core.clock import SystemClock
from bff_core.testing import access_token, bearer

SCREENS = {scenario.name: scenario for scenario in SCENARIOS}
TEACHER = 3
# What is not asked for, or differs by the moment of the answer.
OWN = {"parts", "classes", "credits"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[ServerProcess]:
    with server_process("upstream", python("benchmarks.upstream"), {}) as server:
        yield server


@pytest.fixture(scope="module")
def servers(
    upstream: ServerProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[ServerProcess]]:
    folder = tmp_path_factory.mktemp("bench")
    bare, ours = (make(upstream.url, folder) for make in (bare_quart, ours_on_hypercorn))
    with started(bare) as one, started(ours) as other:
        yield [one, other]


def started(contestant: Contestant) -> Any:
    return server_process(
        contestant.name, contestant.command, contestant.environment, folder=contestant.folder
    )


@pytest.mark.parametrize("name", ["dashboard", "finished", "detail", "essay", "associations"])
def test_bare_composition_answers_as_ours(servers: list[ServerProcess], name: str) -> None:
    bare, ours = (answer_of(one, name) for one in servers)

    assert shared(bare) == shared(ours)


@pytest.mark.parametrize("make", [floor, fastapi, fastify], ids=["aiohttp", "fastapi", "fastify"])
def test_peer_shows_what_each_source_says(
    servers: list[ServerProcess], upstream: ServerProcess, make: MakeContestant, tmp_path: Path
) -> None:
    if make is fastify and not prepare_node():
        pytest.skip("no Node")
    if make is fastapi:
        pytest.importorskip("fastapi", reason="the group bench is not installed")

    with started(make(upstream.url, tmp_path)) as peer:
        theirs = answer_of(peer, "dashboard")["batches"]
    ours = answer_of(servers[1], "dashboard")["batches"]

    for name in ("batch_id", "title", "class_id", "class_name", "total_essays"):
        assert [one[name] for one in theirs] == [one[name] for one in ours]
    assert [one["pending_matches"] for one in theirs] == [
        one["attention"]["pending"] if one["attention"] else None for one in ours
    ]
    words = [words_of(place_of(one["batch_id"].encode())) for one in theirs]
    may_run = [one["completed_at"] is None for one in ours]
    assert sum(may_run) == 10
    assert [one["phases"] for one in theirs] == [
        word if runs else None for word, runs in zip(words, may_run, strict=True)
    ]


def test_every_dashboard_shows_new_batches_and_makes_at_least_13_calls(
    servers: list[ServerProcess],
) -> None:
    """As its peers do; the classes' activity is read again beside it, every few seconds."""
    ours, seen, calls = servers[1], list[str](), list[int]()
    for number in (100, 200, 300):
        before = downstream_calls(ours)
        answer = answer_of(ours, "dashboard", number)
        calls.append(downstream_calls(ours) - before)
        seen += [one["batch_id"] for one in answer["batches"]]
        # A part that is missing would have been read in vain each time.
        assert {one["status"] for one in answer["parts"]} == {"ok"}

    assert min(calls) >= 13
    assert len(set(seen)) == len(seen) == 60


def test_a_page_of_finished_batches_takes_two_calls(servers: list[ServerProcess]) -> None:
    ours = servers[1]
    answer_of(ours, "finished", 100)
    before = downstream_calls(ours)

    answer = answer_of(ours, "finished", 200)

    # The states in the activity of classes need none either: they have finished, too.
    assert downstream_calls(ours) - before == 2
    assert all(one["is_final"] and one["class_name"] for one in answer["batches"])
    assert {one["status"] for one in answer["parts"]} == {"ok"}


def downstream_calls(server: ServerProcess) -> int:
    lines = httpx.get(f"{server.url}/metrics", timeout=10).text.splitlines()
    name = "bff_teacher_downstream_calls_total"
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith(name))


def answer_of(server: ServerProcess, name: str, number: int = 7) -> dict[str, Any]:
    """The answer to a request of a scenario."""
    teacher = SCREENS[name].first_teacher + TEACHER
    user = payloads.teacher_id(teacher)
    token = bearer(access_token(user, now=SystemClock().now()))
    headers = {"Authorization": token, "X-User-ID": user, "Accept-Language": "sv"}
    answer = httpx.get(
        server.url + SCREENS[name].path(number, teacher), headers=headers, timeout=10
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def shared(answer: dict[str, Any]) -> dict[str, Any]:
    assert len(answer) > len(OWN)
    return {name: value for name, value in answer.items() if name not in OWN}
