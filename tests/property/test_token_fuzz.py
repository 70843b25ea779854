"""Whatever stands in the Authorization header: claims come out, or NotAuthenticated."""

import json
from base64 import urlsafe_b64encode
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bff_core.auth import StaticKey, TokenRules, TokenVerifier
from bff_core.context import USER_ID
from bff_core.errors import NotAuthenticated
from bff_core.testing import AUDIENCE, ISSUER, SECRET, FakeClock, access_token, bearer
from tests.verified_tokens import verified

VERIFIER = TokenVerifier(StaticKey(SECRET), TokenRules("HS256", AUDIENCE, ISSUER), FakeClock())

ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(
    ["sub", "exp", "iat", "nbf", "aud", "iss", "roles", "org", "org_id", "typ", "jti", "crit"]
)


def survives(authorization: str | None) -> None:
    try:
        claims = verified(VERIFIER, authorization)
    except NotAuthenticated:
        return
    assert USER_ID.fullmatch(claims.user_id)
    assert claims.expires_at > FakeClock().now().timestamp()


@given(st.none() | st.text())
def test_any_text_is_refused_in_our_words(authorization: str | None) -> None:
    survives(authorization)


@given(st.text(alphabet=st.characters(codec="ascii"), max_size=200))
def test_any_token_is_refused_in_our_words(token: str) -> None:
    survives(bearer(token))


@given(st.dictionaries(NAMES, ODD, max_size=4))
def test_any_signed_claims_are_verified_or_refused(claims: dict[str, Any]) -> None:
    survives(bearer(access_token(claims.pop("sub", "teacher-1"), **claims)))


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=40))
def test_any_three_segments_are_refused(head: bytes, body: bytes, signature: bytes) -> None:
    survives(bearer(b".".join(encoded(part) for part in (head, body, signature)).decode()))


def encoded(part: bytes) -> bytes:
    return urlsafe_b64encode(part).rstrip(b"=")


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "x5u"]), ODD))
def test_any_signed_header_is_verified_or_refused(header: dict[str, object]) -> None:
    head = encoded(json.dumps(header | {"alg": header.get("alg", "HS256")}).encode())
    survives(bearer(f"{head.decode()}.{'.'.join(access_token().split('.')[1:])}"))
