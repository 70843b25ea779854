"""Whose request it is, seen from the network: the one address that goes on to services."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNKNOWN = "0.0.0.0"  # noqa: S104 - an address to write down, nothing binds to it
LONGEST_CHAIN = 32
LONGEST = 45
"""Characters of an address as text, one of IPv4 in IPv6; what is longer is none, and not remembered."""
REMEMBERED = 1024
"""Addresses that are not read again: before a gateway stands the same proxy all the time."""


class TrustedProxies:
    """Believes `X-Forwarded-For` only from proxies on the list, read from the nearest back."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(network, strict=False) for network in networks]

    def client_of(self, peer: str | None, forwarded: Sequence[str]) -> str:
        """The client's address.

        `peer` is who is connected to us, `forwarded` the values of `X-Forwarded-For` in order.
        """
        nearest = _address(peer or "")
        if nearest is None:
            return UNKNOWN
        if not self._networks:
            return _written(nearest)
        chain = ",".join(forwarded).split(",")[-LONGEST_CHAIN:]
        for entry in reversed(chain):
            if not self._trusts(nearest):
                break
            named = _address(entry.strip())
            if named is None:
                # What a proxy did not understand, it did not verify: stop at the last we know.
                break
            nearest = named
        return _written(nearest)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


_written = lru_cache(maxsize=REMEMBERED)(str)


def limit_key(address: str) -> str:
    """Whom an address stands for: in IPv6 one household holds 2**64 of them."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def _address(text: str) -> Address | None:
    bare = text.partition("%")[0]
    return _parsed(bare) if len(bare) <= LONGEST else None


@lru_cache(maxsize=REMEMBERED)
def _parsed(text: str) -> Address | None:
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        return parsed.ipv4_mapped
    return parsed
