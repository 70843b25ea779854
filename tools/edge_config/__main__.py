"""Prints the gateway's rules as configuration of another edge."""

import argparse
import sys
from collections.abc import Sequence

import yaml

from tools.edge_config import envoy, traefik
from tools.edge_config.site import Site

DYNAMIC_FILE = "/etc/traefik/dynamic.yaml"
_DEFAULTS = Site()


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.edge_config", description=__doc__)
    edge = parser.add_mutually_exclusive_group(required=True)
    edge.add_argument("--envoy", action="store_true", help="a static bootstrap")
    edge.add_argument("--traefik", action="store_true", help="the dynamic part: the rules")
    edge.add_argument("--traefik-static", action="store_true", help="the static part it needs")
    _add(parser, "--listen", _DEFAULTS.listen, "HOST:PORT of the edge")
    _add(parser, "--teacher", _DEFAULTS.teacher, "URL of the teacher BFF")
    _add(parser, "--admin", _DEFAULTS.admin, "URL of the admin BFF")
    _add(parser, "--sign-in", _DEFAULTS.sign_in, "URL of a gateway, or of Identity, for /v1/auth/")
    _add(parser, "--jwks", _DEFAULTS.jwks, "URL of Identity's key set (Envoy)")
    _add(parser, "--issuer", _DEFAULTS.issuer, "issuer of tokens (Envoy)")
    _add(parser, "--audience", _DEFAULTS.audience, "audience of tokens (Envoy)")
    _add(parser, "--dynamic-file", DYNAMIC_FILE, "path of the dynamic part (Traefik, static)")
    parser.add_argument(
        "--trusted-hops",
        type=int,
        default=_DEFAULTS.trusted_hops,
        help="proxies in front whose X-Forwarded-For is believed (Envoy; default 0)",
    )
    parser.add_argument(
        "--origin",
        action="append",
        default=[],
        help="origin of a page that may call (Envoy); may be repeated",
    )
    return parser


def _add(parser: argparse.ArgumentParser, name: str, default: str, meaning: str) -> None:
    parser.add_argument(name, default=default, help=f"{meaning} (default {default})")


def site_of(given: argparse.Namespace) -> Site:
    """The site of the options.

    Raises:
        ValueError: An address does not fit.
    """
    return Site(
        listen=given.listen,
        teacher=given.teacher,
        admin=given.admin,
        sign_in=given.sign_in,
        jwks=given.jwks,
        issuer=given.issuer,
        audience=given.audience,
        trusted_hops=given.trusted_hops,
        origins=tuple(given.origin),
    )


def rendered(given: argparse.Namespace) -> str:
    site = site_of(given)
    if given.envoy:
        config = envoy.bootstrap(site)
    elif given.traefik:
        config = traefik.dynamic_part(site)
    else:
        config = traefik.static_part(site, given.dynamic_file)
    # A wide page: a folded expression would be hard to compare.
    return yaml.safe_dump(config, sort_keys=False, width=sys.maxsize)


def main(argv: Sequence[str]) -> int:
    parser = arguments()
    given = parser.parse_args(argv)
    try:
        sys.stdout.write(rendered(given))
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
