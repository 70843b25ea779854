"""What a process opens before it serves."""

import pytest

from bff_core.clock import SystemClock
from bff_core.observability import Metrics
from bff_core.resources import Resources
from bff_core.settings import Downstream
from bff_core.testing import SECRET, a_client_runtime
from services.bff_teacher.config import Settings

ENVIRONMENT = {
    "ENVIRONMENT": "testing",
    "JWT_SECRET_KEY": SECRET,
    "HULEEDU_INTERNAL_API_KEY": "internal-key-for-tests",
}


def settings(**more: str) -> Settings:
    return Settings.load(ENVIRONMENT | more)


def test_breakers_are_told_before_anyone_asks() -> None:
    metrics = Metrics("example")
    resources = Resources.open(settings(), metrics, SystemClock())

    whole = {one.service for one in resources.breakers() if one.operation is None}
    assert {"ras", "cms", "identity"} <= whole
    assert {one.state for one in resources.breakers()} == {"closed"}
    line = b'example_circuit_breaker_state{operation="all",service="ras"} 0.0'
    assert line in metrics.render()


def test_two_clients_of_one_service_share_its_breaker() -> None:
    runtime = a_client_runtime()
    ras = Downstream(name="ras", url="http://ras.test")

    assert runtime.breaker_of(ras) is runtime.breaker_of(ras)
    assert runtime.breaker_of(ras, "batch") is runtime.breaker_of(ras, "batch")
    assert runtime.breaker_of(ras, "batch") is not runtime.breaker_of(ras, "essay")


def test_a_service_that_is_only_forwarded_to_has_no_breaker() -> None:
    assert Downstream(name="ras", url="http://ras.test").operations == {}


@pytest.mark.parametrize("url", [None, "redis://127.0.0.1:1/0"])
async def test_a_redis_that_is_away_keeps_nothing_from_opening(url: str | None) -> None:
    resources = Resources.open(
        settings(**({"REDIS_URL": url} if url else {})), Metrics("example"), SystemClock()
    )

    assert [await one.ping() for one in resources.dependencies] == [False] * bool(url)
    await resources.aclose()
