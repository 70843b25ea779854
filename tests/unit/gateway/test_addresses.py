"""Whose address counts, and how far a chain of proxies is believed."""

import pytest

from services.gateway.implementations import addresses
from services.gateway.implementations.addresses import UNKNOWN, TrustedProxies, limit_key

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
    (None, ["203.0.113.9"], UNKNOWN),
    ("unix", ["203.0.113.9"], UNKNOWN),
]


@pytest.mark.parametrize(("peer", "forwarded", "client"), CASES)
def test_the_client_is_the_last_address_that_a_trusted_proxy_saw(
    peer: str | None, forwarded: list[str], client: str
) -> None:
    assert TrustedProxies(TRUSTED).client_of(peer, forwarded) == client


def test_without_trusted_proxies_the_header_means_nothing() -> None:
    assert TrustedProxies([]).client_of("10.0.0.1", ["203.0.113.9"]) == "10.0.0.1"


def test_a_chain_is_read_only_so_far() -> None:
    chain = ["203.0.113.9, " + ", ".join(["10.0.0.2"] * 100)]

    assert TrustedProxies(TRUSTED).client_of("10.0.0.1", chain) == "10.0.0.2"


def test_a_network_of_ipv6_is_one_subject() -> None:
    assert limit_key("2001:db8:1:2:3::4") == limit_key("2001:db8:1:2:ffff::1")
    assert limit_key("198.51.100.1") != limit_key("198.51.100.2")


def test_what_callers_make_up_is_not_remembered() -> None:
    proxies = TrustedProxies(["10.0.0.0/8"])
    before = addresses._parsed.cache_info().currsize

    for number in range(100):
        assert proxies.client_of("10.0.0.1", ["x" * 1000 + str(number)]) == "10.0.0.1"

    assert addresses._parsed.cache_info().currsize <= before + 1
