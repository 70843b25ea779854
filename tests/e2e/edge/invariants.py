"""Conditions on every request that reaches a service, whichever edge let it through."""

from bff_core.auth import StaticKey, TokenRules, TokenVerifier
from bff_core.clock import SystemClock
from bff_core.errors import BffError
from bff_core.testing import AUDIENCE, ISSUER, SECRET
from services.gateway.implementations.filters import checked_path
from services.gateway.route_table import ACCESS_RULES, PUBLIC, Route, UpstreamName, find_route
from tests.e2e.attack.checks import MAY_ARRIVE
from tests.e2e.attack.conftest import Edge
from tests.e2e.attack.upstream import RecordedRequest
from tests.verified_tokens import verified

# `X-Org-ID` is the gateway's alone: the services read the organisation from the token.
NAMES = MAY_ARRIVE - {"x-org-id"}
_RULES = TokenRules("HS256", AUDIENCE, ISSUER)


class LetThroughWrongly(RuntimeError):
    """A service got what the gateway would have kept; no expected difference covers it."""


def check_what_was_let_through(edge: Edge) -> None:
    """Check that the gateway would have sent each recorded request to the same service.

    Raises:
        LetThroughWrongly: It would not have sent one.
    """
    services = {
        UpstreamName.TEACHER: edge.teacher,
        UpstreamName.ADMIN: edge.admin,
        UpstreamName.IDENTITY: edge.identity,
    }
    for name, service in services.items():
        for seen in list(service.seen):
            try:
                _check(name, seen)
            except (AssertionError, BffError, ValueError) as error:
                raise LetThroughWrongly(seen.head.decode("latin-1")) from error


def _check(service: UpstreamName, seen: RecordedRequest) -> None:
    route = _route_of(seen)
    assert route.upstream is service, seen.head
    assert len(seen.body) <= route.max_body_bytes
    assert seen.method not in {"GET", "HEAD"} or not seen.body, seen.head
    names = [name.lower() for name, _ in seen.headers]
    assert set(names) <= NAMES, seen.head
    assert len(names) == len(set(names)), seen.head
    assert len(seen.values("X-Forwarded-For")) == 1
    assert seen.values("X-User-ID") == _user_of(route, seen), seen.head


def _route_of(seen: RecordedRequest) -> Route:
    raw = seen.target.partition("?")[0].encode("latin-1")
    route = find_route(raw, seen.method)
    assert route is not None, seen.target
    assert seen.method in route.methods, seen.head
    assert "#" not in seen.target
    checked_path(raw, route.path)
    return route


def _user_of(route: Route, seen: RecordedRequest) -> list[str]:
    """The user whose valid token the request carries; nobody on a public route."""
    if route.access == PUBLIC:
        return []
    [authorization] = seen.values("Authorization")
    claims = verified(TokenVerifier(StaticKey(SECRET), _RULES, SystemClock()), authorization)
    assert claims.roles & ACCESS_RULES[route.access], seen.head
    return [claims.user_id]
