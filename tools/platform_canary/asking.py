"""Sends the reads to the services and turns their answers into findings."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import httpx

from tools.platform_canary.expectations import (
    NO_STATE,
    Expectation,
    ExpectedRequest,
    State,
    expectations,
    filled,
    headers_of,
)
from tools.platform_canary.workarounds import WORKAROUNDS, Workaround, media_type

MAX_BYTES = 64 * 1024 * 1024
WITH_KEY = frozenset({"service", "admin service", "admin"})
WITH_TOKEN = frozenset({"bearer", "admin"})

Verdict = Literal["needed", "not needed", "holds", "broken", "not asked", "no ids"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Verdict on one workaround or expectation; `seen` never holds a value of an answer."""

    kind: Literal["workaround", "expectation"]
    service: str
    name: str
    verdict: Verdict
    seen: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Platform:
    """Services to ask, by name; `states` are the ids of each state, `key` the internal key.

    A read may take `seconds`.
    """

    services: Mapping[str, httpx.AsyncClient]
    states: Mapping[str, State]
    key: str = ""
    seconds: float = 15.0


async def ask_all(platform: Platform) -> list[Finding]:
    """Ask one read after another: the platform's people use it meanwhile."""
    judged = [
        await _judge(platform, one) for one in WORKAROUNDS if one.service in platform.services
    ]
    compared = [
        await _compare(platform, one) for one in read_only() if one.service in platform.services
    ]
    return judged + compared


def read_only() -> Iterator[Expectation]:
    return (one for one in expectations() if one.request.method == "GET" and not one.writes)


async def _judge(platform: Platform, one: Workaround) -> Finding:
    def verdict_on(response: httpx.Response, _state: State) -> tuple[Verdict, str]:
        seen = f"{response.status_code} {media_type(response)}".strip()
        shows_fault = one.judge(response)
        if shows_fault is None:
            return "not asked", f"{seen}, which tells nothing"
        return ("needed" if shows_fault else "not needed"), seen

    verdict, seen = await _verdict(platform, one.service, one.state, one.request, verdict_on)
    return Finding(
        kind="workaround",
        service=one.service,
        name=one.fault,
        verdict=verdict,
        seen=seen,
        files=one.files,
    )


async def _compare(platform: Platform, one: Expectation) -> Finding:
    def verdict_on(response: httpx.Response, state: State) -> tuple[Verdict, str]:
        differences = one.mismatches(response, state, with_values=False)
        if not differences:
            return "holds", str(response.status_code)
        more = f", and {len(differences) - 3} more" if len(differences) > 3 else ""
        return "broken", "; ".join(differences[:3]) + more

    verdict, seen = await _verdict(platform, one.service, one.state, one.request, verdict_on)
    return Finding(
        kind="expectation", service=one.service, name=one.name, verdict=verdict, seen=seen
    )


async def _verdict(
    platform: Platform,
    service: str,
    state_name: str,
    request: ExpectedRequest,
    verdict_on: Callable[[httpx.Response, State], tuple[Verdict, str]],
) -> tuple[Verdict, str]:
    state = {} if state_name == NO_STATE else platform.states.get(state_name)
    if request.caller in WITH_KEY and not platform.key:
        return "not asked", "HULEEDU_INTERNAL_API_KEY is not set"
    if request.caller in WITH_TOKEN and not (state or {}).get("token"):
        return "no ids", "PLATFORM_CANARY_TOKEN is not set"
    if state is None:
        return "no ids", f"the states do not say where this holds: {state_name}"
    try:
        async with asyncio.timeout(platform.seconds):
            response = await _get(platform, service, request, state)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return "not asked", type(error).__name__
    if response.status_code in {502, 503, 504}:
        return "not asked", str(response.status_code)
    return verdict_on(response, state)


async def _get(
    platform: Platform, service: str, request: ExpectedRequest, state: State
) -> httpx.Response:
    """The response with at most `MAX_BYTES` of its body.

    Raises:
        HTTPError: The service cannot be reached, or sends more.
    """
    headers = headers_of(request.caller, state, platform.key)
    client, path = platform.services[service], filled(request.path, state)
    async with client.stream("GET", path, headers=headers, follow_redirects=False) as answer:
        content = bytearray()
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > MAX_BYTES:
                raise httpx.ReadError("too large")
    kept = {"content-type": answer.headers.get("content-type", "")}
    return httpx.Response(answer.status_code, headers=kept, content=bytes(content))
