"""No request passes without an access rule, and none that needs a user without a verified one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from quart import Quart, current_app, g, request

from bff_core.auth import Claims, TokenVerifier
from bff_core.clock import Clock
from bff_core.context import Deadline, RequestContext, Role
from bff_core.errors import InvalidRequest, NotAuthenticated, NotAuthorized, NotFound
from bff_core.server.request_middleware import RequestState, request_state
from bff_core.server.service_keys import ServiceKeys

PUBLIC = "public"
SERVICE = "service"
"""Open to a known service, whether or not it acts for a user; a token that is there must be good."""
FAULT = "bff_core.fault"
"""Where the scope holds what failed below the framework, whose error handlers answer it."""
_RULE = "__access_rule__"
_BUDGET = "__budget__"
_ONCE = frozenset({b"x-user-id", b"authorization"})
_RESERVE = 0.05
_TIMEOUT = "x-request-timeout-ms"
_READ = _ONCE | {b"traceparent", b"tracestate", b"accept-language", _TIMEOUT.encode()}

RawHeaders = Iterable[tuple[bytes, bytes]]
F = TypeVar("F", bound=Callable[..., Any])


def access(rule: str) -> Callable[[F], F]:
    """Declare who may call a route: the name of a rule that the app knows, or `PUBLIC`."""

    def declare(view: F) -> F:
        setattr(view, _RULE, rule)
        return view

    return declare


def budget(name: str) -> Callable[[F], F]:
    """Give a route another budget than the service's: the one that the app knows by this name."""

    def declare(view: F) -> F:
        setattr(view, _BUDGET, name)
        return view

    return declare


def rule_of(view: Callable[..., Any] | None) -> str | None:
    return getattr(view, _RULE, None)


class UndeclaredRouteError(RuntimeError):
    """A route has no access rule, or one that the app does not know; the app does not start."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Turns a request into a context, or refuses it. `rules` maps a rule to the roles it admits.

    With `services`, every route that is not public asks for a service key as well.
    `budget` is the service's own, in seconds, `budgets` those of routes that name another; a caller
    may ask for less, never for more.
    """

    verifier: TokenVerifier
    rules: Mapping[str, frozenset[Role]]
    budget: float
    clock: Clock
    services: ServiceKeys | None = None
    budgets: Mapping[str, float] = field(default_factory=dict)

    def attach(self, app: Quart) -> None:
        app.before_request(self.check)
        if self.services:
            app.extensions[ServiceKeys.ASKED] = True

    def require_rules(self, app: Quart) -> None:
        """Refuse an app with a route that declares no rule, or a budget that nobody set.

        Raises:
            UndeclaredRouteError: It names the route.
        """
        for route in app.url_map.iter_rules():
            view = app.view_functions.get(route.endpoint)
            rule = rule_of(view)
            if getattr(view, _BUDGET, None) not in {None, *self.budgets}:
                raise UndeclaredRouteError(f"{route.rule} declares no known budget")
            if rule not in self._known():
                raise UndeclaredRouteError(f"{route.rule} declares no known access rule: {rule}")

    async def check(self) -> None:
        """Runs before every request, matched or not."""
        exchange = request_state(request.scope)
        fault = request.scope.get(FAULT)
        if isinstance(fault, Exception):
            raise fault
        if request.scope["path"].startswith("//"):
            # The framework takes slashes off the front, whatever it is told of merging them.
            raise NotFound
        if request.url_rule is None:
            return
        exchange.route = request.url_rule.rule
        view = _view()
        rule = rule_of(view)
        if rule == PUBLIC:
            return
        caller = self.services.caller(request.headers) if self.services else None
        if rule == SERVICE and "Authorization" not in request.headers:
            return
        context = await self.admit_to(view, request.scope["headers"], exchange)
        g.request_context = replace(context, service_id=caller) if caller else context

    def _known(self) -> set[str | None]:
        return {PUBLIC, *self.rules, *((SERVICE,) if self.services else ())}

    async def admit_to(
        self, view: Callable[..., Any] | None, headers: RawHeaders, exchange: RequestState
    ) -> RequestContext:
        """The context of a caller whom the view's rule admits; raises as `admit` does."""
        own = self.budgets.get(getattr(view, _BUDGET, ""))
        return await self.admit(rule_of(view) or "", headers, exchange, budget=own)

    async def admit(
        self, rule: str, headers: RawHeaders, exchange: RequestState, *, budget: float | None = None
    ) -> RequestContext:
        """The context of a caller whom `rule` admits; header names are in lower case.

        Raises:
            NotAuthenticated: No valid token says who it is.
            NotAuthorized: The token does not hold a role that the rule asks for.
            InvalidRequest: The identity is there twice.
        """
        said = _said(headers)
        claims = await self._verified(said)
        exchange.user_id = claims.user_id
        if rule != SERVICE and not claims.roles & self.rules[rule]:
            raise NotAuthorized
        return self._context(claims, said, exchange, self.budget if budget is None else budget)

    async def _verified(self, said: Mapping[str, str]) -> Claims:
        claims = await self.verifier.admit(said.get("authorization"))
        if said.get("x-user-id", claims.user_id) != claims.user_id:
            raise NotAuthenticated("identity_mismatch")
        return claims

    def _context(
        self, claims: Claims, said: Mapping[str, str], exchange: RequestState, budget: float
    ) -> RequestContext:
        return RequestContext(
            user_id=claims.user_id,
            roles=claims.roles,
            org_id=claims.org_id,
            correlation_id=exchange.correlation_id,
            deadline=Deadline.after(_seconds(said.get(_TIMEOUT, ""), budget), self.clock),
            authorization=said["authorization"],
            traceparent=said.get("traceparent"),
            tracestate=said.get("tracestate"),
            accept_language=said.get("accept-language", ""),
            token_expires_at=claims.expires_at,
        )


def _seconds(asked: str, budget: float) -> float:
    """The caller's wish within our budget, less a little in which to write the answer."""
    seconds = budget
    if asked.isascii() and asked.isdigit():
        seconds = min(seconds, int(asked[:9]) / 1000)
    return seconds - min(_RESERVE, seconds / 10)


def _said(headers: RawHeaders) -> dict[str, str]:
    """What the request says of its caller: the first of each header that we read."""
    said: dict[str, str] = {}
    for name, value in headers:
        if name not in _READ:
            continue
        text = name.decode("ascii")
        if text in said and name in _ONCE:
            raise InvalidRequest(f"The header {text} may be sent once only")
        said.setdefault(text, value.decode("latin-1"))
    return said


def _view() -> Callable[..., Any] | None:
    return current_app.view_functions.get(request.endpoint or "")
