"""No request passes without an access rule, and none that needs a user without a verified one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from quart import Quart, current_app, g, request

from bff_core.auth import Claims, TokenVerifier
from bff_core.clock import Clock
from bff_core.context import Deadline, RequestContext, Role
from bff_core.errors import InvalidRequest, NotAuthenticated, NotAuthorized, NotFound
from bff_core.web._edge import Exchange, exchange_of

PUBLIC = "public"
_RULE = "__access_rule__"
_ONCE = ("X-User-ID", "Authorization")
_RESERVE = 0.05
_TIMEOUT_HEADER = "X-Request-Timeout-Ms"

F = TypeVar("F", bound=Callable[..., Any])


def access(rule: str) -> Callable[[F], F]:
    """Declare who may call a route: the name of a rule that the app knows, or `PUBLIC`."""

    def declare(view: F) -> F:
        setattr(view, _RULE, rule)
        return view

    return declare


def rule_of(view: Callable[..., Any] | None) -> str | None:
    return getattr(view, _RULE, None)


class UndeclaredRouteError(RuntimeError):
    """A route has no access rule, or one that the app does not know; the app does not start."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Turns a request into a context, or refuses it. `rules` maps a rule to the roles it admits.

    `budget` is the service's own, in seconds; a caller may ask for less, never for more.
    """

    verifier: TokenVerifier
    rules: Mapping[str, frozenset[Role]]
    budget: float
    clock: Clock

    def attach(self, app: Quart) -> None:
        app.before_request(self.check)

    def require_rules(self, app: Quart) -> None:
        """Refuse an app with a route that declares no rule.

        Raises:
            UndeclaredRouteError: It names the route.
        """
        for route in app.url_map.iter_rules():
            rule = rule_of(app.view_functions.get(route.endpoint))
            if rule != PUBLIC and rule not in self.rules:
                raise UndeclaredRouteError(f"{route.rule} declares no known access rule: {rule}")

    async def check(self) -> None:
        """Runs before every request, matched or not."""
        exchange = exchange_of(request.scope)
        if request.scope["path"].startswith("//"):
            # The framework takes slashes off the front, whatever it is told of merging them.
            raise NotFound
        if request.url_rule is None:
            return
        exchange.route = request.url_rule.rule
        rule = rule_of(_view())
        if rule == PUBLIC:
            return
        claims = await self._verified()
        exchange.user_id = claims.user_id
        if not claims.roles & self.rules[rule or ""]:
            raise NotAuthorized
        g.request_context = self._context(claims, exchange)

    async def _verified(self) -> Claims:
        for name in _ONCE:
            if len(request.headers.getlist(name)) > 1:
                raise InvalidRequest(f"The header {name} may be sent once only")
        claims = await self.verifier.admit(request.headers.get("Authorization"))
        if request.headers.get("X-User-ID", claims.user_id) != claims.user_id:
            raise NotAuthenticated("identity_mismatch")
        return claims

    def _context(self, claims: Claims, exchange: Exchange) -> RequestContext:
        return RequestContext(
            user_id=claims.user_id,
            roles=claims.roles,
            org_id=claims.org_id,
            correlation_id=exchange.correlation_id,
            deadline=Deadline.after(self._seconds(), self.clock),
            authorization=request.headers["Authorization"],
            traceparent=request.headers.get("traceparent"),
            tracestate=request.headers.get("tracestate"),
        )

    def _seconds(self) -> float:
        """The caller's wish within our budget, less a little in which to write the answer."""
        asked = request.headers.get(_TIMEOUT_HEADER, "")
        seconds = self.budget
        if asked.isascii() and asked.isdigit():
            seconds = min(seconds, int(asked[:9]) / 1000)
        return seconds - min(_RESERVE, seconds / 10)


def _view() -> Callable[..., Any] | None:
    return current_app.view_functions.get(request.endpoint or "")
