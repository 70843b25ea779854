"""Tokens for people and tests: Identity's own by default, anything on request."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bff_core.testing.clock import FakeClock
from devstack.tokens import Hs256, Rs256, mint, read_private_key

SECRET = "a-secret-for-tests-that-is-long-enough"
NOW = FakeClock().now()


@dataclass(frozen=True, slots=True)
class Someone:
    user_id: str
    org_id: str | None = "org-demo"
    roles: tuple[str, ...] = ("teacher",)


ANNA = Someone("u-1")


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def test_default_token_is_identitys() -> None:
    token = mint(ANNA, Hs256(SECRET), now=NOW)

    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    assert list(claims_of(token).items()) == [
        ("sub", "u-1"),
        ("org", "org-demo"),
        ("roles", ["teacher"]),
        ("exp", int(NOW.timestamp()) + 3600),
        ("iss", "huleedu-identity-service"),
        ("aud", "huleedu-platform"),
    ]


def test_claims_are_replaced_added_and_left_out() -> None:
    changed = {"aud": "elsewhere", "typ": "refresh"}

    token = mint(ANNA, Hs256(SECRET), now=NOW, lifetime=-1, claims=changed, without={"org"})

    claims = claims_of(token)
    assert claims["aud"] == "elsewhere"
    assert claims["typ"] == "refresh"
    assert claims["exp"] == int(NOW.timestamp()) - 1
    assert "org" not in claims


def test_rs256_token_names_its_key() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    token = mint(ANNA, Rs256(key, "key-one"), now=NOW)

    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["kid"]) == ("RS256", "key-one")


def test_a_key_that_is_not_rsa_is_refused_by_file_name(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    with pytest.raises(ValueError, match=r"key\.pem"):
        read_private_key(path)


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("nothing")

    with pytest.raises(ValueError, match=r"key\.pem"):
        read_private_key(path)
