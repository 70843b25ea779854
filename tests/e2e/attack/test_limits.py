"""Rate limits are exact, across processes and without Redis too."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from bff_core.testing import bearer
from tests.e2e.attack.checks import assert_envelope
from tests.e2e.attack.conftest import token
from tests.e2e.attack.process import GENEROUS, Gateway, gateway
from tests.e2e.attack.upstream import RecordingUpstream, recording
from tests.e2e.attack.wire import RawResponse, request
from tests.ports import free_port

LOGIN = json.dumps({"email": "anna@skola.example", "password": "Demo-Pass-2026!"}).encode()
JSON = ("Content-Type", "application/json")
# Few and slow to grow back: one more every 12 seconds.
FEW = 5

Trusting = tuple[Gateway, RecordingUpstream]


@pytest.fixture
def service() -> Iterator[RecordingUpstream]:
    with recording() as upstream:
        yield upstream


def settings(service: RecordingUpstream, **more: str) -> dict[str, str]:
    return {
        "BFF_TEACHER_URL": service.url,
        "IDENTITY_SERVICE_URL": service.url,
        "API_GATEWAY_USER_PER_MINUTE": str(FEW),
        "API_GATEWAY_SIGN_IN_PER_MINUTE": str(FEW),
        **more,
    }


def login(process: Gateway, forwarded: str = "") -> RawResponse:
    headers = [JSON, ("X-Forwarded-For", forwarded)] if forwarded else [JSON]
    return process.ask(request("POST", "/v1/auth/login", headers, LOGIN))


def read(process: Gateway, user: str) -> RawResponse:
    headers = [("Authorization", bearer(token(user)))]
    return process.ask(request("GET", "/bff/v1/teacher/dashboard", headers))


def together(processes: list[Gateway], user: str, times: int) -> list[RawResponse]:
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda n: read(processes[n % len(processes)], user), range(times)))


def statuses(replies: list[RawResponse]) -> Counter[int]:
    return Counter(reply.status for reply in replies)


def test_users_have_an_allowance_each(tmp_path: Path, service: RecordingUpstream) -> None:
    with gateway(tmp_path, settings(service)) as process:
        anna, erik = together([process], "anna", 20), together([process], "erik", 20)

    assert statuses(anna) == statuses(erik) == {200: FEW, 429: 20 - FEW}
    assert len(service.seen) == 2 * FEW
    refused = next(reply for reply in anna if reply.status == 429)
    assert_envelope(refused)
    assert 1 <= int(refused.value("Retry-After") or 0) <= 12


def test_processes_share_one_allowance(
    tmp_path: Path, service: RecordingUpstream, redis_url: str
) -> None:
    with ExitStack() as stack:
        # Busy machines answer late; what is proven here is the count, not the speed.
        given = settings(service, REDIS_URL=redis_url, API_GATEWAY_REDIS_TIMEOUT="10")
        processes = [stack.enter_context(gateway(tmp_path, given)) for _ in range(2)]
        replies = together(processes, "shared", 40)

    assert statuses(replies) == {200: FEW, 429: 40 - FEW}


def test_without_redis_the_allowance_is_counted_in_memory(
    tmp_path: Path, service: RecordingUpstream
) -> None:
    away = f"redis://127.0.0.1:{free_port()}/0"
    with gateway(tmp_path, settings(service, REDIS_URL=away)) as process:
        replies = together([process], "anna", 20)
        ready = process.ask(request("GET", "/ready"))

    assert statuses(replies) == {200: FEW, 429: 20 - FEW}
    assert ready.status == 200
    assert json.loads(ready.body)["dependencies"][0]["reachable"] is False


def test_a_forged_address_changes_nothing(tmp_path: Path, service: RecordingUpstream) -> None:
    with gateway(tmp_path, settings(service)) as process:
        replies = [login(process, f"198.51.100.{number}") for number in range(FEW + 3)]

    assert statuses(replies) == {200: FEW, 429: 3}
    assert {seen.values("X-Forwarded-For")[0] for seen in service.seen} == {"127.0.0.1"}


def test_behind_a_trusted_proxy_the_real_address_counts(
    tmp_path: Path, service: RecordingUpstream
) -> None:
    trusting = settings(service, TRUSTED_PROXIES="127.0.0.0/8")
    with gateway(tmp_path, trusting) as process:
        anna = [login(process, f"10.9.9.{number}, 198.51.100.7") for number in range(FEW + 2)]
        erik = login(process, "198.51.100.8")

    assert statuses(anna) == {200: FEW, 429: 2}
    assert erik.status == 200
    addresses = {seen.values("X-Forwarded-For")[0] for seen in service.seen}
    assert addresses == {"198.51.100.7", "198.51.100.8"}


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trusting]:
    """A gateway without a tight limit behind a proxy that it trusts."""
    with recording() as upstream:
        given = {"TRUSTED_PROXIES": "127.0.0.1", "API_GATEWAY_SIGN_IN_PER_MINUTE": GENEROUS}
        with gateway(tmp_path_factory.mktemp("trusting"), settings(upstream, **given)) as process:
            yield process, upstream


def passed_on(trusting: Trusting, forwarded: str) -> list[str]:
    """The addresses that the service is told of a sign-in."""
    process, service = trusting
    service.clear()
    login(process, forwarded)
    return service.seen[0].values("X-Forwarded-For")


@pytest.mark.parametrize("forwarded", ["not an address", "<script>", "198.51.100.7:", "a" * 200])
def test_what_is_no_address_goes_no_further(trusting: Trusting, forwarded: str) -> None:
    assert passed_on(trusting, forwarded) == ["127.0.0.1"]


@pytest.mark.parametrize("forwarded", ["198.51.100.7:80", "[2001:4860::8]:443", "[2001:4860::8]"])
def test_an_address_with_its_port_is_read(trusting: Trusting, forwarded: str) -> None:
    [address] = passed_on(trusting, forwarded)

    assert address in {"198.51.100.7", "2001:4860::8"}


def test_another_network_of_the_same_site_is_no_way_round_the_limit(
    tmp_path: Path, service: RecordingUpstream
) -> None:
    with gateway(tmp_path, settings(service, TRUSTED_PROXIES="127.0.0.1")) as process:
        inside = [login(process, f"2001:4860:1:{n:x}::1") for n in range(10 * FEW + 3)]
        elsewhere = login(process, "2001:4860:2::1")

    assert statuses(inside)[429] in {2, 3}
    assert elsewhere.status == 200
