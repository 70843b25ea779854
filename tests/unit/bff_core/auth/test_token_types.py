"""Kinds of tokens: only access tokens pass, whatever their signature."""

import base64
import hashlib
import hmac
import json

import pytest

from bff_core.auth import StaticKey, TokenRules, TokenVerifier
from bff_core.errors import NotAuthenticated
from bff_core.testing import AUDIENCE, ISSUER, SECRET, FakeClock, access_token, bearer
from tests.verified_tokens import verified


@pytest.fixture
def verifier() -> TokenVerifier:
    return TokenVerifier(StaticKey(SECRET), TokenRules("HS256", AUDIENCE, ISSUER), FakeClock())


def signed(**header: object) -> str:
    """An access token with another header, under a valid signature."""
    payload = access_token().split(".")[1]
    first = json.dumps({"alg": "HS256", **header}).encode()
    start = f"{base64.urlsafe_b64encode(first).decode().rstrip('=')}.{payload}"
    digest = hmac.new(SECRET.encode(), start.encode(), hashlib.sha256).digest()
    return f"{start}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


@pytest.mark.parametrize("header", [{}, {"typ": "JWT"}, {"typ": "jwt"}, {"typ": "at+jwt"}])
def test_types_of_access_tokens_pass(verifier: TokenVerifier, header: dict[str, object]) -> None:
    assert verified(verifier, bearer(signed(**header)))


@pytest.mark.parametrize("kind", ["logout+jwt", "dpop+jwt", "secevent+jwt", "", "rt+jwt", "JOSE"])
def test_other_types_of_tokens_are_no_access_tokens(verifier: TokenVerifier, kind: str) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        verified(verifier, bearer(signed(typ=kind)))

    assert refused.value.details["reason"] == "not_an_access_token"
