"""The downstream services answer as expected: the emulators, or real ones named by an option."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.emulated_downstreams import KEY, emulated, states
from tests.elsewhere import DOWNSTREAMS
from tools.platform_canary.expectations import (
    NO_STATE,
    READ_AS,
    Expectation,
    State,
    expectations,
    filled,
    headers_of,
)

EVERY = expectations()
TIMEOUT = 30.0


def url_of(config: pytest.Config, service: str) -> str | None:
    url: str | None = config.getoption(f"--downstream-{service}")
    return url


def state_of(config: pytest.Config, wanted: Expectation) -> State:
    """The ids of the state; those of real services come from a file."""
    if wanted.state == NO_STATE:
        return {}
    if url_of(config, wanted.service) is None:
        return states()[wanted.state]
    path: str | None = config.getoption("--downstream-states")
    given: dict[str, Any] = json.loads(Path(path).read_text("utf-8")) if path else {}
    if wanted.state not in given:
        pytest.skip(f"--downstream-states does not say for which ids {wanted.state!r} holds")
    return {name: str(value) for name, value in given[wanted.state].items()}


def key_of(config: pytest.Config, service: str) -> str:
    if url_of(config, service) is None:
        return KEY
    if "HULEEDU_INTERNAL_API_KEY" not in os.environ:
        pytest.skip("HULEEDU_INTERNAL_API_KEY is not set: a real service asks for it")
    return os.environ["HULEEDU_INTERNAL_API_KEY"]


@pytest.fixture
async def client(
    request: pytest.FixtureRequest, wanted: Expectation, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    url = url_of(request.config, wanted.service)
    if url is None:
        async with emulated(wanted.service, tmp_path) as emulator:
            yield emulator
        return
    if wanted.writes and not request.config.getoption("--downstream-writes"):
        pytest.skip("it changes data: --downstream-writes sends it")
    async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT) as real:
        yield real


@pytest.mark.parametrize("wanted", EVERY, ids=lambda one: f"{one.service}: {one.name}")
async def test_service_answers_as_we_expect(
    request: pytest.FixtureRequest, wanted: Expectation, client: httpx.AsyncClient
) -> None:
    state = state_of(request.config, wanted)
    sent = wanted.request
    needs_key = sent.caller in {"service", "admin service", "admin"}
    key = key_of(request.config, wanted.service) if needs_key else ""

    answer = await client.request(
        sent.method,
        filled(sent.path, state),
        headers=headers_of(sent.caller, state, key),
        json=filled(sent.body, state),
    )

    # Not inside the assertion: pytest would print the state, and a token with it.
    found = wanted.mismatches(answer, state)
    assert found == []


def test_every_expectation_has_a_name_of_its_own_and_a_state_that_exists() -> None:
    names = [(one.service, one.name) for one in EVERY]

    assert len(set(names)) == len(names)
    assert {one.state for one in EVERY} <= {*states(), NO_STATE}
    assert {one.read_as for one in EVERY} - {None} == set(READ_AS)
    assert {one.service for one in EVERY} == set(DOWNSTREAMS)


def test_only_what_says_so_writes() -> None:
    reading_posts = {
        "a check says what is there and changes nothing",
        "a check without its metric is refused",
    }

    silent = {one.name for one in EVERY if one.request.method != "GET" and not one.writes}

    assert silent == reading_posts


def one(service: str, name: str) -> Expectation:
    return next(e for e in EVERY if (e.service, e.name) == (service, name))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(503, json={}), "200 expected, 503 found"),
        (httpx.Response(200, html="<p>hello"), "application/json expected, text/html found"),
        (httpx.Response(200, json={"classes": []}), "'pagination' is a required property"),
        (
            httpx.Response(200, json={"classes": [{"id": 7}], "pagination": {}}),
            "/classes/0/id: 7 is not of type 'string'",
        ),
        (
            httpx.Response(200, json={"classes": [{"id": 7}], "pagination": {}}),
            "our contract cms.ClassPage cannot read it",
        ),
    ],
)
def test_answer_that_we_cannot_live_with_is_a_fault(answer: httpx.Response, said: str) -> None:
    wanted = one("cms", "a teacher's classes come without a total")

    assert any(said in one for one in wanted.mismatches(answer, {}))


def test_either_of_two_ways_will_do() -> None:
    wanted = one("ras", "an essay has a route, or there is none")

    assert wanted.mismatches(httpx.Response(404, html="<p>none"), {}) == []
    assert wanted.mismatches(httpx.Response(404, json={"error": "gone"}), {}) != []
