"""Options that point tests at what already runs somewhere, instead of at what they start themselves."""

import pytest

# What these do, or what they look at, cannot be had through a gateway.
BEHIND_THE_GATEWAY = frozenset({"emulators", "with_essay_route", "other_admin", "environ", "desk"})
DOWNSTREAMS = ("ras", "cms", "files", "content", "identity", "bos", "entitlements")


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("elsewhere", "run against what is already there")
    group.addoption(
        "--stack-url",
        metavar="URL",
        help="a running stack's gateway, seeded as the demo is, for tests/e2e",
    )
    for name in DOWNSTREAMS:
        group.addoption(
            f"--downstream-{name}",
            metavar="URL",
            help=f"a real {name} service to hold against what we expect, for tests/contract",
        )
    group.addoption(
        "--downstream-states",
        metavar="FILE",
        help="JSON that says which ids are in which state: tests/contract/downstream/README.md",
    )
    group.addoption(
        "--downstream-writes",
        action="store_true",
        help="also send what changes data there",
    )


def stack_url(config: pytest.Config) -> str | None:
    url: str | None = config.getoption("--stack-url")
    return url.rstrip("/") if url else None


def why_not_elsewhere(test: pytest.Item) -> str | None:
    """Why a journey needs a stack of its own; None when a gateway's address is enough."""
    used = set(getattr(test, "fixturenames", ()))
    if "demo" not in used:
        return "it starts, ends or breaks processes of its own"
    if used & BEHIND_THE_GATEWAY or test.get_closest_marker("own_stack"):
        return "it looks behind the gateway"
    return None
