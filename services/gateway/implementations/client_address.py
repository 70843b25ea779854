"""The client's network address, behind proxies or not."""

import ipaddress
import re
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNKNOWN = "0.0.0.0"  # noqa: S104 - an address to write down, nothing binds to it
MAX_HOPS = 32
_WITH_PORT = re.compile(
    r"(?:\[(?P<bracketed>[0-9A-Fa-f:.%a-z]+)\]|(?P<dotted>[0-9.]+))(?::[0-9]{1,5})?"
)


class TrustedProxies:
    """Believes `X-Forwarded-For` of the listed proxies only, read from the nearest hop back."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(network, strict=False) for network in networks]

    def client_address(self, peer: str | None, forwarded_for: Sequence[str]) -> str:
        """The client's address.

        `peer` is the other end of the connection, `forwarded_for` the header's values in order.
        """
        nearest = _parse_address(peer or "")
        if nearest is None:
            return UNKNOWN
        for hop in reversed(",".join(forwarded_for).split(",")[-MAX_HOPS:]):
            if not any(nearest in network for network in self._networks):
                break
            address = _parse_address(hop.strip())
            if address is None:
                # A proxy does not verify what it cannot parse: stop at the last known address.
                break
            nearest = address
        return str(nearest)


def rate_limit_key(address: str) -> str:
    """The address, or the /64 network in IPv6, where one household has 2**64 addresses."""
    return site_key(address, prefix=64) or address


def site_key(address: str, *, prefix: int = 48) -> str | None:
    """The IPv6 network that one customer is given, with 65,536 networks of /64; None in IPv4."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, prefix), strict=False))
    return None


def _parse_address(text: str) -> Address | None:
    """An address as proxies write it: bare, in brackets, or with a port."""
    written = _WITH_PORT.fullmatch(text)
    if written:
        text = written["bracketed"] or written["dotted"]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
