"""Introspection, revocation, and the two ways to sign."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from jwt.types import Options
from quart.typing import TestClientProtocol as QuartClient

from bff_core.testing.clock import FakeClock
from devstack.emulators.identity import IdentityEmulatorSettings, create_app
from tests.contract.emulators.identity.people import SignedIn, SomePerson

INACTIVE: dict[str, object] = {
    "active": False,
    "exp": None,
    "iat": None,
    "jti": None,
    "org_id": None,
    "roles": [],
    "sub": None,
    "token_type": "access_token",
}


async def introspected(client: QuartClient, token: str) -> dict[str, Any]:
    answer = await client.post("/v1/auth/introspect", json={"token": token})
    assert answer.status_code == 200
    found: dict[str, Any] = await answer.get_json()
    return found


async def test_introspection_never_finds_the_organisation(
    client: QuartClient, sign_in: SignedIn, anna: SomePerson, clock: FakeClock
) -> None:
    found = await introspected(client, (await sign_in())["access_token"])

    assert found == {
        "active": True,
        "exp": int(clock.now().timestamp()) + 3600,
        "iat": None,
        "jti": None,
        "org_id": None,
        "roles": ["teacher"],
        "sub": anna.user_id,
        "token_type": "access_token",
    }


async def test_garbage_is_inactive(client: QuartClient) -> None:
    assert await introspected(client, "garbage") == INACTIVE


async def test_expired_hs256_token_is_still_active_here(
    client: QuartClient, sign_in: SignedIn, clock: FakeClock
) -> None:
    token = (await sign_in())["access_token"]
    clock.advance(7200)

    assert (await introspected(client, token))["active"] is True


async def test_introspection_without_a_token_is_500(client: QuartClient) -> None:
    answer = await client.post("/v1/auth/introspect", json={})

    assert answer.status_code == 500


async def test_revoked_refresh_token_refreshes_no_more(
    client: QuartClient, sign_in: SignedIn
) -> None:
    token = (await sign_in())["refresh_token"]
    before = await introspected(client, token)

    revoked = await client.post("/v1/auth/revoke", json={"token": token})
    answer = await client.post("/v1/auth/refresh", json={"refresh_token": token})

    assert before["token_type"] == "refresh_token"
    assert await revoked.get_json() == {"revoked": True}
    assert answer.status_code == 401
    assert await introspected(client, token) == INACTIVE


async def test_revoking_garbage_says_revoked(client: QuartClient) -> None:
    answer = await client.post("/v1/auth/revoke", json={"token": "garbage"})

    assert await answer.get_json() == {"revoked": True}


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
async def rs_client(
    settings: IdentityEmulatorSettings,
    people: list[SomePerson],
    clock: FakeClock,
    private_key: rsa.RSAPrivateKey,
    tmp_path: Path,
) -> AsyncIterator[QuartClient]:
    path = tmp_path / "key.pem"
    path.write_bytes(private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    env = {
        "ENVIRONMENT": "production",
        "IDENTITY_SERVICE_DATABASE_URL": settings.database_url,
        "IDENTITY_SERVICE_JWT_RS256_PRIVATE_KEY_PATH": str(path),
        "IDENTITY_SERVICE_JWT_RS256_PUBLIC_JWKS_KID": "key-one",
    }
    app = create_app(IdentityEmulatorSettings.from_env(env), people=people, clock=clock)
    async with app.test_app():
        yield app.test_client()


async def rs_pair(rs_client: QuartClient, anna: SomePerson) -> dict[str, Any]:
    body = {"email": anna.email, "password": "Demo-Pass-2026!"}
    pair: dict[str, Any] = await (await rs_client.post("/v1/auth/login", json=body)).get_json()
    return pair


async def test_rs256_token_is_verified_by_the_published_key(
    rs_client: QuartClient, anna: SomePerson
) -> None:
    token = (await rs_pair(rs_client, anna))["access_token"]

    answer = await (await rs_client.get("/.well-known/jwks.json")).get_json()
    (key,) = answer["keys"]
    options: Options = {"verify_exp": False}
    public = jwt.PyJWK(key).key
    claims = jwt.decode(
        token, public, algorithms=["RS256"], audience="huleedu-platform", options=options
    )
    assert jwt.get_unverified_header(token)["kid"] == "key-one"
    assert set(key) == {"kid", "kty", "n", "e", "alg", "use"}
    assert (key["kid"], key["kty"], key["alg"], key["use"]) == ("key-one", "RSA", "RS256", "sig")
    assert claims["sub"] == anna.user_id


async def test_no_key_is_published_before_the_first_sign_in(
    rs_client: QuartClient, anna: SomePerson
) -> None:
    before = await (await rs_client.get("/.well-known/jwks.json")).get_json()
    await rs_pair(rs_client, anna)
    after = await (await rs_client.get("/.well-known/jwks.json")).get_json()

    assert (before, len(after["keys"])) == ({"keys": []}, 1)


async def test_rs256_refresh_token_has_no_audience_and_refreshes(
    rs_client: QuartClient, anna: SomePerson
) -> None:
    token = (await rs_pair(rs_client, anna))["refresh_token"]

    answer = await rs_client.post("/v1/auth/refresh", json={"refresh_token": token})

    assert "aud" not in jwt.decode(token, options={"verify_signature": False})
    assert answer.status_code == 200


async def test_expired_rs256_token_is_inactive(
    rs_client: QuartClient, anna: SomePerson, clock: FakeClock
) -> None:
    token = (await rs_pair(rs_client, anna))["access_token"]
    clock.advance(3601)

    assert await introspected(rs_client, token) == INACTIVE


async def test_hs256_publishes_no_key(client: QuartClient) -> None:
    answer = await client.get("/.well-known/jwks.json")

    assert await answer.get_data() == b'{"keys":[]}\n'
