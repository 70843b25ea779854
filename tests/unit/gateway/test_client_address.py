"""The client's address is believed as far as trusted proxies vouch for it."""

import pytest

from services.gateway.implementations.client_address import (
    UNKNOWN,
    TrustedProxies,
    rate_limit_key,
    site_key,
)

TRUSTED = ["10.0.0.0/8", "2001:db8::/32"]
CASES = [
    ("198.51.100.1", [], "198.51.100.1"),
    ("198.51.100.1", ["203.0.113.9"], "198.51.100.1"),
    ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
    ("10.0.0.1", ["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
    ("10.0.0.1", ["203.0.113.9", "10.0.0.2"], "203.0.113.9"),
    ("10.0.0.1", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
    ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    ("10.0.0.1", [], "10.0.0.1"),
    ("10.0.0.1", [""], "10.0.0.1"),
    ("10.0.0.1", ["garbage"], "10.0.0.1"),
    ("10.0.0.1", ["203.0.113.9, garbage"], "10.0.0.1"),
    ("10.0.0.1", ["garbage, 10.0.0.2"], "10.0.0.2"),
    ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
    ("2001:db8::1", ["2001:4860::8"], "2001:4860::8"),
    ("2001:db8::1%eth0", ["2001:4860::8%en1"], "2001:4860::8"),
    ("10.0.0.1", ["ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"], "ffff:" * 7 + "ffff"),
    ("10.0.0.1", ["1" * 46], "10.0.0.1"),
    ("10.0.0.1", ["203.0.113.9:443"], "203.0.113.9"),
    ("10.0.0.1", ["[2001:4860::8]:443"], "2001:4860::8"),
    ("10.0.0.1", ["[2001:4860::8]"], "2001:4860::8"),
    ("10.0.0.1", ["[2001:4860::8%en1]:1, 10.0.0.2:65535"], "2001:4860::8"),
    ("10.0.0.1", ["[203.0.113.9"], "10.0.0.1"),
    ("10.0.0.1", ["203.0.113.9:"], "10.0.0.1"),
    ("10.0.0.1", ["203.0.113.9:999999"], "10.0.0.1"),
    (None, ["203.0.113.9"], UNKNOWN),
    ("unix", ["203.0.113.9"], UNKNOWN),
]


@pytest.mark.parametrize(("peer", "forwarded", "client"), CASES)
def test_the_client_is_the_last_address_that_a_trusted_proxy_saw(
    peer: str | None, forwarded: list[str], client: str
) -> None:
    assert TrustedProxies(TRUSTED).client_address(peer, forwarded) == client


def test_without_trusted_proxies_the_header_means_nothing() -> None:
    assert TrustedProxies([]).client_address("10.0.0.1", ["203.0.113.9"]) == "10.0.0.1"


def test_a_chain_is_read_only_so_far() -> None:
    chain = ["203.0.113.9, " + ", ".join(["10.0.0.2"] * 100)]

    assert TrustedProxies(TRUSTED).client_address("10.0.0.1", chain) == "10.0.0.2"


def test_a_network_of_ipv6_is_one_subject() -> None:
    assert rate_limit_key("2001:db8:1:2:3::4") == rate_limit_key("2001:db8:1:2:ffff::1")
    assert rate_limit_key("198.51.100.1") != rate_limit_key("198.51.100.2")


def test_the_network_of_a_customer_in_ipv6_is_one_subject_too() -> None:
    assert site_key("2001:db8:1:2::4") == site_key("2001:db8:1:ffff::1") == "2001:db8:1::/48"
    assert site_key("198.51.100.1") is None
