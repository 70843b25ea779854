"""A real BFF behind both edges: what Traefik cannot verify, the BFF refuses itself."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bff_core.testing import SECRET, access_token, bearer
from services.gateway.route_table import RateLimit
from tests.e2e.attack.conftest import token
from tests.e2e.attack.process import GENEROUS, NOWHERE, Gateway
from tests.e2e.attack.test_tokens import BAD, NOT_ENOUGH, NOW
from tests.e2e.attack.wire import RawResponse, request
from tests.e2e.bff_process import bff_process
from tests.e2e.edge.envoy_process import envoy, issuer, shared_secret
from tests.e2e.edge.traefik_process import traefik
from tests.ports import free_port
from tools.edge_config.site import Site

ME = "/bff/v1/teacher/me"


@pytest.fixture(scope="module")
def bff_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("bff")
    environ = {
        "ENVIRONMENT": "testing",
        "JWT_SECRET_KEY": SECRET,
        "HULEEDU_INTERNAL_API_KEY": SECRET,
        "IDENTITY_SERVICE_URL": NOWHERE,
        "BFF_TEACHER_SERVICE_LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite3'}",
    }
    with bff_process(folder, environ) as process:
        yield process.url


def site_of(bff_url: str, jwks: str = f"{NOWHERE}/keys") -> Site:
    return Site(
        listen=f"127.0.0.1:{free_port()}",
        teacher=bff_url,
        admin=NOWHERE,
        sign_in=NOWHERE,
        jwks=jwks,
        per_minute=dict.fromkeys(RateLimit, int(GENEROUS)),
    )


@pytest.fixture(scope="module", params=["envoy", "traefik"])
def process(
    request: pytest.FixtureRequest, bff_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("edge")
    if request.param == "traefik":
        with traefik(folder, site_of(bff_url)) as found:
            yield found
        return
    with issuer(shared_secret()) as keys, envoy(folder, site_of(bff_url, keys.url)) as found:
        yield found


def read(process: Gateway, authorization: str, *headers: tuple[str, str]) -> RawResponse:
    return process.ask(request("GET", ME, [("Authorization", authorization), *headers]))


def test_a_valid_token_says_who_it_is(process: Gateway) -> None:
    reply = read(process, bearer(token("anna", org="ekskolan")))

    person = json.loads(reply.body)
    assert (person["user_id"], person["org"]) == ("anna", "ekskolan")
    assert reply.value("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize("authorization", BAD.values(), ids=BAD)
def test_a_bad_token_gets_nothing(process: Gateway, authorization: str) -> None:
    assert read(process, authorization).status in {400, 401, 403}


@pytest.mark.parametrize("claims", NOT_ENOUGH.values(), ids=NOT_ENOUGH)
def test_a_token_without_the_role_gets_nothing(process: Gateway, claims: dict[str, object]) -> None:
    authorization = bearer(access_token(now=NOW, **claims))  # type: ignore[arg-type]  # a table

    assert read(process, authorization).status == 403


def test_a_forged_user_changes_nothing(process: Gateway) -> None:
    reply = read(process, bearer(token("anna")), ("X-User-ID", "victim"), ("X-Org-ID", "other"))

    person = json.loads(reply.body)
    assert (person["user_id"], person["org"]) == ("anna", None)
