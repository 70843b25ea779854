"""No token but one that Identity signed for a caller opens a route."""

import base64
import json
from datetime import timedelta

import jwt
import pytest

from bff_core.clock import SystemClock
from bff_core.testing import SECRET, RsaKeys, access_token, bearer, refresh_token
from tests.e2e.attack.checks import assert_envelope, assert_refused
from tests.e2e.attack.conftest import Edge, token
from tests.e2e.attack.wire import request

NOW = SystemClock().now()
OTHER = "another-secret-of-more-than-32-characters"
KEYS = RsaKeys.generate()


def unsigned(**header: object) -> str:
    parts = [{"typ": "JWT", "alg": "none"} | header, json.loads(_payload(token()))]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join([*encoded, b""]).decode()


def _payload(signed: str) -> bytes:
    middle = signed.split(".")[1]
    return base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))


def tampered(signed: str, **claims: object) -> str:
    head, _, signature = signed.split(".")
    payload = json.loads(_payload(signed)) | claims
    middle = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    return f"{head}.{middle}.{signature}"


def signed_with(**header: object) -> str:
    payload = json.loads(_payload(token()))
    return jwt.encode(payload, SECRET, algorithm="HS256", headers=header)


BAD = {
    "nothing": "",
    "only the scheme": "Bearer",
    "only the scheme and a space": "Bearer ",
    "another scheme": "Basic dXNlcjpwYXNz",
    "no scheme": token(),
    "two spaces": f"Bearer  {token()}",
    "two tokens": f"Bearer {token()} {token()}",
    "comma": f"Bearer {token()},{token()}",
    "garbage": "Bearer a.b.c",
    "two parts": "Bearer a.b",
    "four parts": f"Bearer {token()}.x",
    "alg none": f"Bearer {unsigned()}",
    "alg None": f"Bearer {unsigned(alg='None')}",
    "alg NONE": f"Bearer {unsigned(alg='NONE')}",
    "alg empty": f"Bearer {unsigned(alg='')}",
    "alg null": f"Bearer {unsigned(alg=None)}",
    "no alg": f"Bearer {unsigned(alg=[])}",
    "signature cut off": f"Bearer {token().rpartition('.')[0]}.",
    "signature changed": f"Bearer {token()[:-4]}AAAA",
    "another secret": bearer(access_token(now=NOW, key=OTHER)),
    "RS256": bearer(access_token(now=NOW, key=KEYS.private, algorithm="RS256")),
    "HS512": bearer(access_token(now=NOW, algorithm="HS512", key=OTHER * 2)),
    "kid is a path": bearer(access_token(now=NOW, key=OTHER, headers={"kid": "../../dev/null"})),
    "kid is a query": bearer(access_token(now=NOW, key=OTHER, headers={"kid": "' OR 1=1 --"})),
    "jku elsewhere": bearer(
        access_token(now=NOW, key=OTHER, headers={"jku": "http://127.0.0.1:9/k"})
    ),
    "jwk inside": bearer(
        access_token(now=NOW, key=OTHER, headers={"jwk": {"kty": "oct", "k": "eA"}})
    ),
    "crit": f"Bearer {signed_with(crit=['exp'])}",
    "another user": f"Bearer {tampered(token(), sub='victim')}",
    "more roles": f"Bearer {tampered(token(), roles=['teacher', 'admin'])}",
    "expired": bearer(access_token(now=NOW - timedelta(days=1))),
    "no exp": bearer(access_token(now=NOW, without=["exp"])),
    "exp of letters": bearer(access_token(now=NOW, exp="never")),
    "exp infinite": bearer(access_token(now=NOW, exp=float("inf"))),
    "exp true": bearer(access_token(now=NOW, exp=True)),
    "another audience": bearer(access_token(now=NOW, aud="elsewhere")),
    "no audience": bearer(access_token(now=NOW, without=["aud"])),
    "another issuer": bearer(access_token(now=NOW, iss="elsewhere")),
    "no issuer": bearer(access_token(now=NOW, without=["iss"])),
    "no subject": bearer(access_token(now=NOW, without=["sub"])),
    "empty subject": bearer(access_token("", now=NOW)),
    "subject is a path": bearer(access_token("../admin", now=NOW)),
    "subject with a line": bearer(access_token("a\r\nX-User-ID: victim", now=NOW)),
    "subject is a number": bearer(access_token(7, now=NOW)),
    "subject is a list": bearer(access_token(["victim"], now=NOW)),
    "long subject": bearer(access_token("a" * 65, now=NOW)),
    "refresh token": bearer(refresh_token(now=NOW)),
    "roles are a word": bearer(access_token(now=NOW, roles="admin")),
    "long token": f"Bearer {'a' * 9000}",
    "control character": f"Bearer {token()}\x01",
    "high byte": f"Bearer {token()}\xe9",
}


@pytest.mark.parametrize("authorization", BAD.values(), ids=BAD.keys())
def test_a_bad_token_opens_nothing(edge: Edge, authorization: str) -> None:
    raw = request("GET", "/bff/v1/teacher/dashboard", [("Authorization", authorization)])

    reply = edge.ask(raw)

    is_text = authorization.isascii() and "\x01" not in authorization
    assert_refused(edge, reply, 401 if is_text else 400)


NOT_ENOUGH = {
    "no roles": {"roles": []},
    "roles unknown": {"roles": ["student", "Teacher", "ADMIN", "admin "]},
    "roles null": {"roles": None},
    "roles missing": {"without": ["roles"]},
}


@pytest.mark.parametrize("claims", NOT_ENOUGH.values(), ids=NOT_ENOUGH.keys())
def test_a_token_without_the_role_is_refused(edge: Edge, claims: dict[str, object]) -> None:
    authorization = bearer(access_token(now=NOW, **claims))  # type: ignore[arg-type]  # a table
    raw = request("GET", "/bff/v1/teacher/dashboard", [("Authorization", authorization)])

    reply = edge.ask(raw)

    assert_refused(edge, reply, 403)


def test_a_missing_token_is_told_what_is_missing(edge: Edge) -> None:
    reply = edge.ask(request("GET", "/bff/v1/teacher/dashboard"))

    assert reply.value("WWW-Authenticate") == "Bearer"
    assert_refused(edge, reply, 401)


@pytest.mark.parametrize("where", ["?access_token={}", "?token={}"])
def test_a_token_in_the_address_is_no_token(edge: Edge, where: str) -> None:
    reply = edge.ask(request("GET", "/bff/v1/teacher/dashboard" + where.format(token())))

    assert_refused(edge, reply, 401)


ODD_ORGS = ("a\r\nX-User-ID: victim", "a\nb", "ekskolan\0", "Göteborg", " ", "a b", "x" * 300)


@pytest.mark.parametrize("org", ODD_ORGS)
def test_an_odd_organisation_is_not_put_into_a_header(edge: Edge, org: str) -> None:
    authorization = bearer(token(org=org))

    reply = edge.ask(
        request("GET", "/bff/v1/teacher/dashboard", [("Authorization", authorization)])
    )

    assert reply.status == 200
    assert edge.teacher.seen[0].values("X-Org-ID") == []
    assert edge.teacher.seen[0].values("X-User-ID") == ["teacher-1"]


def test_the_envelope_names_no_secret(edge: Edge) -> None:
    reply = edge.ask(request("GET", "/bff/v1/teacher/x", [("Authorization", BAD["RS256"])]))

    assert_envelope(reply)
    assert reply.error["details"] == {"reason": "invalid_algorithm"}
