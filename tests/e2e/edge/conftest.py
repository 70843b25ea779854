"""Envoy in the place of the gateway, for the same attacks."""

from collections.abc import Iterator

import pytest

from services.gateway.route_table import RateLimit
from tests.e2e.attack.conftest import Edge
from tests.e2e.attack.process import GENEROUS
from tests.e2e.attack.upstream import recording
from tests.e2e.edge.differences import difference, listed
from tests.e2e.edge.envoy_process import envoy, issuer, shared_secret
from tests.e2e.edge.invariants import check_what_was_let_through
from tests.ports import free_port
from tools.edge_config.site import Site

ATTACKS = "test_envoy_attacks.py"


@pytest.fixture(scope="module")
def module_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("envoy")
    with (
        recording() as teacher,
        recording() as admin,
        recording() as identity,
        issuer(shared_secret()) as keys,
    ):
        site = Site(
            listen=f"127.0.0.1:{free_port()}",
            teacher=teacher.url,
            admin=admin.url,
            sign_in=identity.url,
            jwks=keys.url,
            origins=("https://skola.example",),
            request_budget=2.0,
            head_seconds=2.0,
            linger_seconds=0.1,
            per_minute=dict.fromkeys(RateLimit, int(GENEROUS)),
        )
        with envoy(folder, site) as process:
            yield Edge(process, teacher, admin, identity)


@pytest.fixture
def edge(module_edge: Edge) -> Iterator[Edge]:
    """Envoy with nothing recorded yet; whatever a test sent, the services got what they may get."""
    for upstream in module_edge.upstreams:
        upstream.clear()
    yield module_edge
    check_what_was_let_through(module_edge)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A case that docs/edge.md lists must differ; all others must be as they are in the gateway."""
    patterns = listed()
    for item in items:
        if item.path.name == ATTACKS and (what := difference(item.name, patterns)):
            # Not a `LetThroughWrongly`, whose class these are not.
            kinds = (AssertionError, LookupError, ValueError)
            item.add_marker(pytest.mark.xfail(strict=True, raises=kinds, reason=what))
