"""Tokens: only what Identity signed for us passes, and every refusal has a word of ours."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bff_core.auth import Claims, StaticKey, TokenRules, TokenVerifier
from bff_core.context import ADMIN, TEACHER, OrgId, UserId
from bff_core.errors import NotAuthenticated
from bff_core.testing import (
    AUDIENCE,
    ISSUER,
    SECRET,
    FakeClock,
    RsaKeys,
    access_token,
    bearer,
    refresh_token,
)
from tests.verified_tokens import verified

OTHER_SECRET = "another-secret-of-more-than-32-characters"
HS256 = TokenRules("HS256", AUDIENCE, ISSUER)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def verifier(clock: FakeClock) -> TokenVerifier:
    return TokenVerifier(StaticKey(SECRET), HS256, clock)


@pytest.fixture(scope="module")
def keys() -> RsaKeys:
    return RsaKeys.generate()


def reason(verifier: TokenVerifier, authorization: str | None) -> object:
    with pytest.raises(NotAuthenticated) as refused:
        verified(verifier, authorization)
    return refused.value.details["reason"]


def tampered(token: str) -> str:
    """The same claims under a signature of which one character is another."""
    body, _, signature = token.rpartition(".")
    return f"{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def unsigned(header: Mapping[str, object], claims: Mapping[str, object], signature: str) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims))
    encoded = (base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    return ".".join([*encoded, signature])


def test_valid_token_tells_who_it_is(verifier: TokenVerifier, clock: FakeClock) -> None:
    token = access_token("user-9", roles=["teacher", "admin"], org="school-1")

    claims = verified(verifier, bearer(token))

    expiry = clock.now() + timedelta(hours=1)
    roles = frozenset({TEACHER, ADMIN})
    assert claims == Claims(
        UserId("user-9"), roles, OrgId("school-1"), expiry.timestamp(), expiry.timestamp() - 3600
    )


@pytest.mark.parametrize("claim", ["org", "org_id", "organization_id"])
def test_organisation_goes_by_three_names(verifier: TokenVerifier, claim: str) -> None:
    claims: dict[str, Any] = {claim: "school-1"}
    assert verified(verifier, bearer(access_token(**claims))).org_id == "school-1"


@pytest.mark.parametrize("org", [None, "", "  ", 7, ["school-1"]])
def test_odd_organisation_is_none(verifier: TokenVerifier, org: object) -> None:
    assert verified(verifier, bearer(access_token(org=org))).org_id is None


def test_scheme_is_read_in_any_case(verifier: TokenVerifier) -> None:
    assert verified(verifier, f"bEARER {access_token()}").user_id == "teacher-1"


@pytest.mark.parametrize("authorization", [None, ""])
def test_no_token_is_said_to_be_missing(verifier: TokenVerifier, authorization: str | None) -> None:
    assert reason(verifier, authorization) == "missing_authorization_header"


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Basic abc", "abc.def.ghi", "Bearer  two", "Bearer x ", "Bearer é.é.é"],
)
def test_header_that_is_no_bearer_token_is_refused(
    verifier: TokenVerifier, authorization: str
) -> None:
    assert reason(verifier, authorization) == "invalid_authorization_format"


@pytest.mark.parametrize(
    "token",
    ["x", "a.b", "a.b.c", "a.b.c.d", "...", "é", "\ud800", "\x00.\x00.\x00", "[]"],
)
def test_garbage_is_refused(verifier: TokenVerifier, token: str) -> None:
    assert reason(verifier, bearer(token)) in {"invalid_token", "invalid_authorization_format"}


def test_huge_token_is_refused_before_it_is_read(verifier: TokenVerifier) -> None:
    token = access_token(padding="x" * 10_000)

    assert reason(verifier, bearer(token)) == "token_too_long"


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (access_token(key=OTHER_SECRET), "invalid_signature"),
        (tampered(access_token()), "invalid_signature"),
        (access_token(aud="somebody-else"), "invalid_audience"),
        (access_token(aud=[]), "missing_aud"),
        (access_token(aud={AUDIENCE: 1}), "invalid_audience"),
        (access_token(iss="somebody-else"), "invalid_issuer"),
        (access_token(iss=[ISSUER]), "invalid_issuer"),
        (access_token(algorithm="none"), "invalid_algorithm"),
        (access_token(algorithm="HS512", key=SECRET * 2), "invalid_algorithm"),
        (refresh_token(), "refresh_token"),
        (access_token(typ="refresh"), "refresh_token"),
        (access_token(type="refresh"), "refresh_token"),
        (access_token(token_use="id"), "not_an_access_token"),
        (access_token(token_type="email_verification"), "not_an_access_token"),
        (access_token(typ="ID"), "not_an_access_token"),
        (access_token(type=None), "not_an_access_token"),
        (access_token(type=["access"]), "not_an_access_token"),
        (access_token(without=["sub"]), "missing_sub"),
        (access_token(without=["exp"]), "missing_exp"),
        (access_token(without=["aud"]), "missing_aud"),
        (access_token(without=["iss"]), "missing_iss"),
        (access_token(exp=1), "token_expired"),
        (access_token(exp=-1.5), "token_expired"),
        (access_token(nbf=FakeClock().now().timestamp() + 600), "token_not_yet_valid"),
    ],
)
def test_token_that_is_not_for_us_is_refused(verifier: TokenVerifier, token: str, why: str) -> None:
    assert reason(verifier, bearer(token)) == why


@pytest.mark.parametrize(
    "sub", ["", " ", "a b", "a/b", "../x", "x" * 65, "a\n", "é", "a%2Fb", 7, None, ["a"], {"a": 1}]
)
def test_odd_subject_is_refused(verifier: TokenVerifier, sub: object) -> None:
    assert reason(verifier, bearer(access_token(sub))) in {"invalid_subject", "missing_sub"}


@pytest.mark.parametrize(
    "exp", ["9999999999", float("nan"), float("inf"), float("-inf"), True, [], {}, 10**400]
)
def test_odd_expiry_is_refused(verifier: TokenVerifier, exp: object) -> None:
    assert reason(verifier, bearer(access_token(exp=exp))) == "invalid_exp"


@pytest.mark.parametrize("nbf", ["soon", float("nan"), [], {}, True, 10**400])
def test_odd_start_is_refused(verifier: TokenVerifier, nbf: object) -> None:
    assert reason(verifier, bearer(access_token(nbf=nbf))) == "invalid_nbf"


@pytest.mark.parametrize("roles", ["admin", {"admin": 1}, 7, [7], [None], [["admin"]], True])
def test_roles_that_are_no_list_of_words_are_refused(
    verifier: TokenVerifier, roles: object
) -> None:
    assert reason(verifier, bearer(access_token(roles=roles))) == "invalid_roles"


def test_token_without_roles_has_none(verifier: TokenVerifier) -> None:
    assert verified(verifier, bearer(access_token(without=["roles"]))).roles == frozenset()


def test_issuer_s_clock_may_be_a_little_ahead(verifier: TokenVerifier, clock: FakeClock) -> None:
    soon = clock.now().timestamp() + 2

    assert verified(verifier, bearer(access_token(iat=soon, nbf=soon))).user_id == "teacher-1"


def test_token_expires_at_its_second(verifier: TokenVerifier, clock: FakeClock) -> None:
    header = bearer(access_token())

    clock.advance(3599)
    assert verified(verifier, header).user_id == "teacher-1"
    clock.advance(1)
    assert reason(verifier, header) == "token_expired"


def test_remembered_token_is_checked_again_for_its_signature() -> None:
    keys = CountedKey()
    verifier = TokenVerifier(keys, HS256, FakeClock())
    token = access_token()

    verified(verifier, bearer(token))
    verified(verifier, bearer(token))

    assert keys.asked == 1
    assert reason(verifier, bearer(tampered(token))) == "invalid_signature"


class CountedKey(StaticKey):
    def __init__(self) -> None:
        super().__init__(SECRET)
        self.asked = 0

    def key_for(self, kid: str | None) -> str | RSAPublicKey:
        self.asked += 1
        return super().key_for(kid)


def test_memory_is_bounded_and_the_oldest_is_forgotten() -> None:
    keys = CountedKey()
    verifier = TokenVerifier(keys, HS256, FakeClock(), cache_size=2)
    headers = [bearer(access_token(f"user-{number}")) for number in range(3)]

    for header in [*headers, headers[2], headers[1]]:
        verified(verifier, header)
    assert keys.asked == 3
    verified(verifier, headers[0])
    assert keys.asked == 4
    assert len(verifier._verified) == 2


def test_refused_tokens_are_not_remembered(verifier: TokenVerifier) -> None:
    for number in range(10):
        reason(verifier, bearer(access_token(f"user-{number}", key=OTHER_SECRET)))
        reason(verifier, bearer(access_token(f"user-{number}", exp=1)))

    assert len(verifier._verified) == 0


def test_memory_holds_no_token(verifier: TokenVerifier) -> None:
    token = access_token()
    verified(verifier, bearer(token))

    assert token not in repr(verifier._verified)
    assert all(len(digest) == 32 for digest in verifier._verified)


def test_rs256_token_passes_by_its_public_key(keys: RsaKeys) -> None:
    verifier = rs256(keys)

    claims = verified(verifier, bearer(access_token(key=keys.private, algorithm="RS256")))

    assert claims.user_id == "teacher-1"


def rs256(keys: RsaKeys) -> TokenVerifier:
    return TokenVerifier(StaticKey(keys.public), TokenRules("RS256", AUDIENCE, ISSUER), FakeClock())


def test_public_key_as_hmac_secret_is_refused(keys: RsaKeys) -> None:
    body = unsigned({"alg": "HS256", "typ": "JWT"}, {"sub": "teacher-1"}, "").rstrip(".")
    mac = hmac.new(keys.public.encode(), body.encode(), hashlib.sha256).digest()
    forged = f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    assert reason(rs256(keys), bearer(forged)) == "invalid_algorithm"


def test_rs256_token_is_refused_where_hs256_is_agreed(
    verifier: TokenVerifier, keys: RsaKeys
) -> None:
    token = access_token(key=keys.private, algorithm="RS256")

    assert reason(verifier, bearer(token)) == "invalid_algorithm"


def test_token_of_another_pair_is_refused(keys: RsaKeys) -> None:
    token = access_token(key=RsaKeys.generate().private, algorithm="RS256")

    assert reason(rs256(keys), bearer(token)) == "invalid_signature"


@pytest.mark.parametrize("header", [{"kid": "../../x"}, {"kid": ""}, {"jku": "http://x"}])
def test_odd_headers_change_nothing(verifier: TokenVerifier, header: Mapping[str, object]) -> None:
    token = access_token(headers=header)

    assert verified(verifier, bearer(token)).user_id == "teacher-1"
