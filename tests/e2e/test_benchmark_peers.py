"""The bare composition of the screens that `./dev bench` compares ours with, as real processes."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from benchmarks import payloads
from benchmarks.contestants import Contestant, bare_quart
from benchmarks.processes import ServerProcess, python, server_process
from benchmarks.scenarios import SCENARIOS, ours_on_hypercorn
from bff_core.clock import SystemClock
from bff_core.testing import access_token, bearer

SCREENS = {scenario.name: scenario for scenario in SCENARIOS}
TEACHER = 3
# What is not asked for, or differs by the moment of the answer.
OWN = {"parts", "classes", "credits"}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ServerProcess]]:
    folder = tmp_path_factory.mktemp("bench")
    with server_process("upstream", python("benchmarks.upstream"), {}) as upstream:
        bare, ours = (make(upstream.url, folder) for make in (bare_quart, ours_on_hypercorn))
        with started(bare) as one, started(ours) as other:
            yield [one, other]


def started(contestant: Contestant) -> Any:
    return server_process(contestant.name, contestant.command, contestant.environment)


@pytest.mark.parametrize("name", ["dashboard", "detail", "essay", "associations"])
def test_bare_composition_answers_as_ours(servers: list[ServerProcess], name: str) -> None:
    user = payloads.teacher_id(TEACHER)
    token = bearer(access_token(user, now=SystemClock().now()))
    headers = {"Authorization": token, "X-User-ID": user, "Accept-Language": "sv"}
    path = SCREENS[name].path(7, TEACHER)

    bare, ours = (httpx.get(one.url + path, headers=headers, timeout=10) for one in servers)

    assert (bare.status_code, ours.status_code) == (200, 200), bare.text + ours.text
    assert shared(bare.json()) == shared(ours.json())


def shared(answer: dict[str, Any]) -> dict[str, Any]:
    assert len(answer) > len(OWN)
    return {name: value for name, value in answer.items() if name not in OWN}
