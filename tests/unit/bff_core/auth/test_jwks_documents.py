"""Key sets that are odd, and fetches that crash."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from bff_core.auth import JwksKeys
from bff_core.errors import Unavailable
from bff_core.testing import FakeClock, RsaKeys
from tests.jwks_kit import Issuer, entry, published


@pytest.fixture(scope="module")
def old() -> RsaKeys:
    return RsaKeys.generate()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer(old: RsaKeys) -> Issuer:
    return Issuer(published(old=old))


async def test_bug_while_fetching_is_logged_and_the_next_fetch_succeeds(
    clock: FakeClock, issuer: Issuer
) -> None:
    broken = True

    async def fetch() -> bytes:
        if broken:
            raise RuntimeError("a bug")
        return await issuer()

    source = JwksKeys(fetch, clock)
    with capture_logs() as logs, pytest.raises(Unavailable):
        await source.ensure_key("old")
    broken = False
    clock.advance(11)
    await source.ensure_key("old")

    assert source.key_for("old")
    assert [line["event"] for line in logs] == ["background_task_failed"]


async def test_keys_of_kinds_to_come_hide_no_key_that_is_known(
    clock: FakeClock, old: RsaKeys
) -> None:
    unknown = [{"kty": "PQ", "kid": f"new-{number}", "odd": {}} for number in range(40)]
    document = json.dumps({"keys": [*unknown, entry("a", old)], "issued": 1}).encode()
    keys = JwksKeys(Issuer(document), clock)

    await keys.ensure_key("a")

    assert keys.key_for("a")


async def test_shutdown_during_a_fetch_counts_no_failure(clock: FakeClock) -> None:
    outcomes: list[str] = []
    started = asyncio.Event()

    async def never() -> bytes:
        started.set()
        await asyncio.Event().wait()
        return b""

    keys = JwksKeys(never, clock, on_fetch=outcomes.append)
    waiting = asyncio.create_task(keys.ensure_key("a"))
    await started.wait()
    await keys.aclose()

    with pytest.raises(Unavailable):
        await waiting
    assert outcomes == []
