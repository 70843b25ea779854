"""A request under the cookie comes from a page of this site, and its browser says so."""

import pytest

from services.gateway.implementations.origin_policy import (
    CrossSiteRequest,
    OriginPolicy,
    Provenance,
)

HOST = "skola.example"
POLICY = OriginPolicy(["https://app.skola.example"], allow_http=False)

Signs = dict[str, str]
OWN: dict[str, Signs] = {
    "origin": {"origin": "https://skola.example"},
    "origin and site": {"origin": "https://skola.example", "fetch_site": "same-origin"},
    "site alone": {"fetch_site": "same-origin"},
    "listed origin": {"origin": "https://app.skola.example"},
    "listed sibling": {"origin": "https://app.skola.example", "fetch_site": "same-site"},
    "host in capitals": {"origin": "https://skola.example", "host": "SKOLA.example"},
}
FOREIGN: dict[str, tuple[Signs, str]] = {
    "no sign": ({}, "missing"),
    "another site": ({"origin": "https://evil.example"}, "origin"),
    "null": ({"origin": "null"}, "origin"),
    "null, same origin": ({"origin": "null", "fetch_site": "same-origin"}, "origin"),
    "empty": ({"origin": ""}, "origin"),
    "downgraded": ({"origin": "http://skola.example"}, "origin"),
    "sibling": ({"origin": "https://x.skola.example", "fetch_site": "same-site"}, "origin"),
    "parent": ({"origin": "https://example"}, "origin"),
    "prefix": ({"origin": "https://skola.example.evil.example"}, "origin"),
    "suffix": ({"origin": "https://evil-skola.example"}, "origin"),
    "userinfo": ({"origin": "https://skola.example@evil.example"}, "origin"),
    "another port": ({"origin": "https://skola.example:8443"}, "origin"),
    "cross-site": ({"fetch_site": "cross-site"}, "site"),
    "same-site": ({"fetch_site": "same-site"}, "site"),
    "typed": ({"fetch_site": "none"}, "site"),
    "unknown site": ({"fetch_site": "x"}, "site"),
    "own origin, foreign site": (
        {"origin": "https://skola.example", "fetch_site": "cross-site"},
        "site",
    ),
}


def sent(signs: Signs) -> Provenance:
    return Provenance(**({"host": HOST} | signs))


@pytest.mark.parametrize("signs", OWN.values(), ids=OWN)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_own_pages_may_write(method: str, signs: Signs) -> None:
    POLICY.require_own_page(method, sent(signs))


@pytest.mark.parametrize(("signs", "reason"), FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_pages_may_not_write(method: str, signs: Signs, reason: str) -> None:
    with pytest.raises(CrossSiteRequest) as refusal:
        POLICY.require_own_page(method, sent(signs))

    assert refusal.value.details == {"reason": reason}


@pytest.mark.parametrize(
    ("signs", "admitted"),
    [
        ({}, True),
        ({"fetch_site": "same-origin"}, True),
        ({"fetch_site": "none"}, True),
        ({"fetch_site": "cross-site", "fetch_mode": "navigate"}, True),
        ({"fetch_site": "same-site", "origin": "https://app.skola.example"}, True),
        ({"fetch_site": "cross-site", "fetch_mode": "no-cors"}, False),
        ({"fetch_site": "same-site", "fetch_mode": "cors"}, False),
        ({"fetch_site": "cross-site"}, False),
    ],
)
def test_other_pages_may_lead_here_and_read_nothing(signs: Signs, admitted: bool) -> None:
    if admitted:
        POLICY.require_own_page("GET", sent(signs))
        return
    with pytest.raises(CrossSiteRequest):
        POLICY.require_own_page("GET", sent(signs))


@pytest.mark.parametrize("token", [None, "", "a-csrf-toke", "a-csrf-tokenx", "å"])
def test_another_token_is_none(token: str | None) -> None:
    with pytest.raises(CrossSiteRequest):
        POLICY.require_token(Provenance(csrf=token), "a-csrf-token")


def test_a_page_over_http_is_one_of_development() -> None:
    policy = OriginPolicy([], allow_http=True)

    policy.require_own_page("POST", sent({"origin": "http://skola.example"}))
