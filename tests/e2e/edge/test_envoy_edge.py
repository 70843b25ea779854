"""What is Envoy's own: keys of Identity, limits, bodies, and services that fail."""

import hmac
import json
import random
import subprocess
import time
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bff_core.clock import SystemClock
from bff_core.testing import RsaKeys, access_token, bearer
from services.gateway.route_table import RateLimit
from tests.e2e.attack.checks import assert_envelope
from tests.e2e.attack.conftest import Edge, token
from tests.e2e.attack.process import Gateway
from tests.e2e.attack.upstream import RecordingUpstream, recording
from tests.e2e.attack.wire import RawResponse, request
from tests.e2e.edge.envoy_process import Issuer, command, envoy, issuer, shared_secret, written
from tests.jwks_kit import entry
from tests.ports import free_port
from tools.edge_config.site import Site

TARGET = "/bff/v1/teacher/dashboard"
FILES = "/bff/v1/teacher/batches/7b0f1f0e/files"
FEW = 5
FIRST, SECOND = RsaKeys.generate(), RsaKeys.generate()


def signed(keys: RsaKeys, kid: str, **claims: object) -> str:
    now = SystemClock().now()
    given = {"key": keys.private, "algorithm": "RS256", "headers": {"kid": kid}}
    return bearer(access_token(now=now, **given, **claims))  # type: ignore[arg-type]  # a table


def read(process: Gateway, authorization: str) -> RawResponse:
    return process.ask(request("GET", TARGET, [("Authorization", authorization)]))


def site_of(service: RecordingUpstream, keys: Issuer) -> Site:
    return Site(
        listen=f"127.0.0.1:{free_port()}",
        teacher=service.url,
        admin=service.url,
        sign_in=service.url,
        jwks=keys.url,
        head_seconds=2.0,
        linger_seconds=0.2,
    )


@contextmanager
def serving(folder: Path, *keys: dict[str, object]) -> Iterator[tuple[Gateway, RecordingUpstream]]:
    with ExitStack() as stack:
        service = stack.enter_context(recording())
        serving_keys = stack.enter_context(issuer(*keys))
        process = stack.enter_context(envoy(folder, site_of(service, serving_keys)))
        yield process, service


def until(process: Gateway, authorization: str, status: int) -> RawResponse:
    """The answer with this status, which is due within half a minute."""
    end = time.monotonic() + 30
    while (reply := read(process, authorization)).status != status and time.monotonic() < end:
        time.sleep(0.1)
    return reply


def test_envoy_accepts_the_bootstrap_of_compose(tmp_path: Path) -> None:
    done = subprocess.run(
        command(written(tmp_path, Site()), "--mode", "validate"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "OK" in done.stdout + done.stderr


def test_a_token_of_a_published_key_opens_a_route(tmp_path: Path) -> None:
    with serving(tmp_path, entry("first", FIRST)) as (process, service):
        reply = until(process, signed(FIRST, "first"), 200)

    assert reply.status == 200
    assert service.seen[0].values("X-User-ID") == ["teacher-1"]


def with_public_key_as_secret(authorization: str) -> str:
    head = json.dumps({"alg": "HS256", "typ": "JWT", "kid": "first"}).encode()
    unsigned = f"{encoded(head)}.{authorization.split('.')[1]}"
    return bearer(
        f"{unsigned}.{encoded(hmac.digest(FIRST.public.encode(), unsigned.encode(), 'sha256'))}"
    )


def encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def test_a_token_of_another_key_opens_nothing(tmp_path: Path) -> None:
    forged = {
        "the key of somebody else": signed(SECOND, "first"),
        "an unknown key": signed(SECOND, "second"),
        "the public key as a secret": with_public_key_as_secret(signed(FIRST, "first")),
        "expired": signed(FIRST, "first", exp=int(time.time()) - 60),
        "a refresh token": signed(FIRST, "first", typ="refresh"),
    }
    with serving(tmp_path, entry("first", FIRST)) as (process, service):
        until(process, signed(FIRST, "first"), 200)
        service.clear()
        statuses = {name: read(process, value).status for name, value in forged.items()}

    assert set(statuses.values()) <= {401, 403}, statuses
    assert service.seen == []


def test_without_keys_nothing_opens(tmp_path: Path) -> None:
    with recording() as service, issuer() as keys:
        away = replace(site_of(service, keys), jwks=f"http://127.0.0.1:{free_port()}/keys")
        with envoy(tmp_path, away) as process:
            reply = read(process, signed(FIRST, "first"))

    assert reply.status in {401, 503}
    assert_envelope(reply)
    assert service.seen == []


def test_users_have_an_allowance_each(tmp_path: Path) -> None:
    with recording() as service, issuer(shared_secret()) as keys:
        limited = replace(site_of(service, keys), per_minute=dict.fromkeys(RateLimit, FEW))
        with envoy(tmp_path, limited) as process:
            until(process, bearer(token("somebody")), 200)
            anna, erik = (together(process, user, 20) for user in ("anna", "erik"))

    assert statuses(anna) == statuses(erik) == {200: FEW, 429: 20 - FEW}
    refused = next(reply for reply in anna if reply.status == 429)
    assert_envelope(refused)
    assert int(refused.value("Retry-After") or 0) >= 1


def together(process: Gateway, user: str, times: int) -> list[RawResponse]:
    authorization = bearer(token(user))
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: read(process, authorization), range(times)))


def statuses(replies: list[RawResponse]) -> Counter[int]:
    return Counter(reply.status for reply in replies)


def login(process: Gateway, forwarded: str) -> RawResponse:
    headers = [("Content-Type", "application/json"), ("X-Forwarded-For", forwarded)]
    return process.ask(request("POST", "/v1/auth/login", headers, b"{}"))


def test_a_forged_address_is_no_way_round_the_limit(tmp_path: Path) -> None:
    with recording() as service, issuer(shared_secret()) as keys:
        limited = replace(site_of(service, keys), per_minute=dict.fromkeys(RateLimit, FEW))
        with envoy(tmp_path, limited) as process:
            replies = [login(process, f"198.51.100.{number}") for number in range(FEW + 3)]

    assert statuses(replies) == {200: FEW, 429: 3}
    assert {seen.values("X-Forwarded-For")[0] for seen in service.seen} == {"127.0.0.1"}


def test_behind_a_trusted_proxy_the_real_network_counts(tmp_path: Path) -> None:
    with recording() as service, issuer(shared_secret()) as keys:
        limits = dict.fromkeys(RateLimit, 1000) | {RateLimit.SIGN_IN: FEW}
        limited = replace(site_of(service, keys), per_minute=limits, trusted_hops=1)
        with envoy(tmp_path, limited) as process:
            one = [login(process, f"2001:4860:1:1::{n:x}") for n in range(1, FEW + 3)]
            other = login(process, "2001:4860:1:2::1")

    assert statuses(one) == {200: FEW, 429: 2}
    assert other.status == 200


ESCAPES = ("%2e", "%2F", "%5c", "%25", "%3b", "%00", "%61", "%c3%a5", "%ef%bc%8f")
WORDS = ("a", "batches/7b0f/files", "http://x", "/api", "\xff")
PIECES = ("/", ".", "..", *ESCAPES, "\\", "//", "/../", ";", "#", "?", *WORDS)
PREFIXES = ("", "/bff/v1/teacher/", "/api/bff/v1/teacher/", "/bff/v1/admin/", "/v1/auth/login")


def test_no_mixture_of_odd_pieces_gets_through(edge: Edge) -> None:
    odd = random.Random(49)
    authorization = ("Authorization", bearer(token(roles=["admin"])))
    for _ in range(400):
        target = odd.choice(PREFIXES) + "".join(odd.choices(PIECES, k=odd.randrange(1, 6)))
        method = odd.choice(["GET", "POST"])
        with suppress(AssertionError):  # A connection that is closed without an answer.
            edge.ask(request(method, target, [authorization, ("X-User-ID", "victim")]))

    # The fixture checks each of them.
    assert edge.reached > 0


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_with_a_body_in_chunks_reaches_no_service(edge: Edge, method: str) -> None:
    headers = [("Authorization", bearer(token())), ("Transfer-Encoding", "chunked")]

    reply = edge.ask(request(method, TARGET, headers) + b"3\r\nabc\r\n0\r\n\r\n")

    assert reply.status == 403
    assert edge.reached == 0


def test_files_state_their_length_and_are_streamed(edge: Edge) -> None:
    authorization = ("Authorization", bearer(token()))
    chunked = [authorization, ("Transfer-Encoding", "chunked")]
    huge = [authorization, ("Content-Length", str(257 * 1024 * 1024))]
    body = b"x" * 3_000_000

    unstated = edge.ask(request("POST", FILES, chunked) + b"3\r\nabc\r\n0\r\n\r\n")
    too_large = edge.ask(request("POST", FILES, huge))
    taken = edge.ask(request("POST", FILES, [authorization], body), timeout=30)

    assert [reply.status for reply in (unstated, too_large, taken)] == [411, 413, 200]
    assert_envelope(too_large)
    assert [seen.body == body for seen in edge.teacher.seen] == [True]
    assert edge.teacher.seen[0].values("X-Request-Timeout-Ms") == ["135000"]


def test_an_alias_reaches_the_route_that_it_stands_for(edge: Edge) -> None:
    reply = edge.as_teacher(target=f"/api{TARGET}?next=/api/bff/")

    assert reply.status == 200
    assert [seen.target for seen in edge.teacher.seen] == [f"{TARGET}?next=/api/bff/"]


def test_headers_for_envoy_change_nothing(edge: Edge) -> None:
    asked = [
        ("X-Envoy-Retry-On", "5xx"),
        ("X-Envoy-Max-Retries", "5"),
        ("X-Envoy-Upstream-Rq-Timeout-Ms", "600000"),
        ("X-Envoy-Original-Path", "/metrics"),
        ("X-Request-ID", "victim"),
    ]
    edge.teacher.answers[TARGET] = lambda *_: False

    reply = edge.as_teacher(headers=asked)

    assert reply.status in {502, 503}
    assert len(edge.teacher.settled(2, within=0.5)) == 1
    assert b"victim" not in edge.teacher.seen[0].head


def test_a_dead_service_is_unavailable(tmp_path: Path) -> None:
    with recording() as service, issuer(shared_secret()) as keys:
        dead = replace(site_of(service, keys), teacher=f"http://127.0.0.1:{free_port()}")
        with envoy(tmp_path, dead) as process:
            reply = until(process, bearer(token()), 503)

    assert reply.status == 503
    assert_envelope(reply)
    assert int(reply.value("Retry-After") or 0) >= 1
