"""Authorizes every request: no route without an access rule, no user without a verified token."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, TypeVar

import structlog
from quart import Blueprint, Quart, current_app, g, jsonify, request
from quart.blueprints import BlueprintSetupState
from quart.typing import ResponseReturnValue
from werkzeug.datastructures import Headers

from bff_core.auth import Claims, Revocations, TokenVerifier
from bff_core.client.call import SAFE_METHODS
from bff_core.clock import Clock
from bff_core.context import TEACHER, Deadline, RequestContext, Role, ServiceId, never_revoked
from bff_core.errors import CallerUnknown, InvalidRequest, NotAuthenticated, NotAuthorized, NotFound
from bff_core.server.asgi import RequestState, request_state

PUBLIC = "public"
SERVICE = "service"
"""Open to a known service, whether or not it acts for a user; a token that is sent must be valid."""
SIGNED_IN = "signed_in"
"""Open to every user, whatever their roles."""
KEY_HEADER = "X-Internal-API-Key"
SERVICE_HEADER = "X-Service-ID"
_ANY_ROLE = frozenset({SERVICE, SIGNED_IN})
_RULE = "__access_rule__"
_BUDGET = "__budget__"
_RESERVE_SECONDS = 0.05
_TIMEOUT = "x-request-timeout-ms"
_SENT_ONCE = frozenset({"x-user-id", "authorization"})
_READ: Mapping[bytes, str] = {
    name.encode(): name
    for name in (*_SENT_ONCE, "traceparent", "tracestate", "accept-language", _TIMEOUT)
}

RawHeaders = Iterable[tuple[bytes, bytes]]
F = TypeVar("F", bound=Callable[..., Any])

log = structlog.get_logger()


def access(rule: str) -> Callable[[F], F]:
    """Declare who may call a route: the name of a rule that the app knows, or `PUBLIC`."""
    return _mark(_RULE, rule)


def budget(name: str) -> Callable[[F], F]:
    """Give a route the time budget that the app knows by this name, in place of the service's."""
    return _mark(_BUDGET, name)


def _mark(attribute: str, value: str) -> Callable[[F], F]:
    def declare(view: F) -> F:
        setattr(view, attribute, value)
        return view

    return declare


def rule_of(view: Callable[..., Any] | None) -> str | None:
    return getattr(view, _RULE, None)


class UndeclaredRouteError(RuntimeError):
    """A route has no access rule, or one that the app does not know; the app does not start."""


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """Admits the services of an allow-list that prove themselves with the internal key.

    Used by a `Guard`, or alone before a blueprint: `blueprint.before_request(keys.check)`.
    """

    REQUIRED: ClassVar[str] = "bff_core.service_keys_required"

    key: str = field(repr=False)
    allowed: frozenset[str]

    async def check(self) -> None:
        """Runs before a request; raises as `authenticate` does."""
        self.authenticate(request.headers)

    def authenticate(self, headers: Headers) -> ServiceId:
        """The service that the headers prove.

        Raises:
            InvalidRequest: One of the two headers is sent twice.
            CallerUnknown: One is missing, or the pair is not right; the error does not say which.
        """
        for name in (KEY_HEADER, SERVICE_HEADER):
            if len(headers.getlist(name)) > 1:
                raise InvalidRequest(f"The header {name} may be sent once only")
        key, service = headers.get(KEY_HEADER, ""), headers.get(SERVICE_HEADER, "")
        if not key or not service:
            raise CallerUnknown("missing_service_credentials")
        # Both are compared before either decides, so that the time taken reveals nothing.
        key_matches = hmac.compare_digest(key.encode(), self.key.encode())
        if not (service in self.allowed and key_matches):
            raise CallerUnknown("invalid_service_credentials")
        return ServiceId(service)


@dataclass(frozen=True, slots=True)
class Guard:
    """Turns a request into a `RequestContext`, or refuses it.

    `rules` maps a rule to the roles it admits. With `services`, every route that is not public
    needs a service key as well. `budget` is the service's own, in seconds, `budgets` those of
    routes that name another; a caller may ask for less, never for more.
    """

    verifier: TokenVerifier
    rules: Mapping[str, frozenset[Role]]
    budget: float
    clock: Clock
    services: ServiceKeys | None = None
    budgets: Mapping[str, float] = field(default_factory=dict)
    revocations: Revocations | None = None

    def require_rules(self, app: Quart) -> None:
        """Refuse an app with a route that declares no rule, or a budget that is not set.

        Raises:
            UndeclaredRouteError: It names the route.
        """
        known = {PUBLIC, SIGNED_IN, *self.rules, *((SERVICE,) if self.services else ())}
        for route in app.url_map.iter_rules():
            view = app.view_functions.get(route.endpoint)
            rule = rule_of(view)
            if getattr(view, _BUDGET, None) not in {None, *self.budgets}:
                raise UndeclaredRouteError(f"{route.rule} declares no known budget")
            if rule not in known:
                raise UndeclaredRouteError(f"{route.rule} declares no known access rule: {rule}")

    async def check(self) -> None:
        """Runs before every request, matched or not."""
        state = request_state(request.scope)
        if request.scope["path"].startswith("//"):
            # The framework strips leading slashes, whatever `merge_slashes` says.
            raise NotFound
        if request.url_rule is None:
            return
        state.route = request.url_rule.rule
        view = current_app.view_functions.get(request.endpoint or "")
        rule = rule_of(view)
        if rule == PUBLIC:
            return
        service = self.services.authenticate(request.headers) if self.services else None
        state.is_internal_read = service is not None and request.method in SAFE_METHODS
        if rule == SERVICE and "Authorization" not in request.headers:
            return
        context = await self.authorize_view(view, request.scope["headers"], state)
        writes = request.method not in SAFE_METHODS
        if service or writes:
            context = replace(context, service_id=service, for_write=writes)
        g.request_context = context

    async def authorize_view(
        self, view: Callable[..., Any] | None, headers: RawHeaders, state: RequestState
    ) -> RequestContext:
        """The context of a caller whom the view's rule admits, with the view's budget."""
        budget = self.budgets.get(getattr(view, _BUDGET, ""))
        return await self.authorize(rule_of(view) or "", headers, state, budget=budget)

    async def authorize(
        self, rule: str, headers: RawHeaders, state: RequestState, *, budget: float | None = None
    ) -> RequestContext:
        """The context of a caller whom `rule` admits; header names are in lower case.

        Raises:
            NotAuthenticated: No valid token says who it is.
            NotAuthorized: The token does not hold a role that the rule asks for.
            InvalidRequest: A header that identifies the caller is sent twice.
            RateLimited: Too many requests of the user are in flight.
            Unavailable: Nobody can say whether an admin still is one.
        """
        values = _identity_headers(headers)
        claims: Claims = await self.verifier.authenticate(values.get("authorization"))
        if values.get("x-user-id", claims.user_id) != claims.user_id:
            raise NotAuthenticated("identity_mismatch")
        state.user_id = claims.user_id
        if state.slot:
            state.slot.assign(f"user:{claims.user_id}")
        if rule not in _ANY_ROLE and not claims.roles & self.rules[rule]:
            raise NotAuthorized
        is_revoked: Callable[[], bool] = never_revoked
        if self.revocations is not None:
            for_admins = TEACHER not in self.rules.get(rule, {TEACHER})
            await self.revocations.check(claims, values["authorization"], for_admins=for_admins)
            is_revoked = partial(self.revocations.revokes, claims)
        seconds = _budget_seconds(values.get(_TIMEOUT, ""), budget or self.budget)
        return RequestContext(
            user_id=claims.user_id,
            roles=claims.roles,
            org_id=claims.org_id,
            correlation_id=state.correlation_id,
            deadline=Deadline.after(seconds, self.clock),
            authorization=values["authorization"],
            traceparent=values.get("traceparent"),
            tracestate=values.get("tracestate"),
            accept_language=values.get("accept-language", ""),
            token_expires_at=claims.expires_at,
            is_revoked=is_revoked,
        )


def _budget_seconds(milliseconds: str, budget: float) -> float:
    """The caller's wish within the budget, less a reserve in which to write the answer."""
    seconds = budget
    if milliseconds.isascii() and milliseconds.isdigit():
        seconds = min(seconds, int(milliseconds[:9]) / 1000)
    return seconds - min(_RESERVE_SECONDS, seconds / 10)


def _identity_headers(headers: RawHeaders) -> dict[str, str]:
    """The first of each header that describes the caller."""
    values: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name = _READ.get(raw_name)
        if name is None:
            continue
        if name in values and name in _SENT_ONCE:
            raise InvalidRequest(f"The header {name} may be sent once only")
        values.setdefault(name, raw_value.decode("latin-1"))
    return values


class UnguardedMountError(RuntimeError):
    """The blueprint was registered where no hook checks the caller; the app does not start."""


def make_nestable(blueprint: Blueprint) -> None:
    """Prepare `blueprint` for a blueprint of the platform that checks the internal key.

    That one's hooks authenticate the caller. Failures get the platform's own 500.
    """
    blueprint.record(_require_guarded_parent)
    blueprint.register_error_handler(Exception, _internal_error)


def _require_guarded_parent(setup: BlueprintSetupState) -> None:
    # An app-wide hook is no guard: the platform's apps have them for tracing.
    if not setup.app.before_request_funcs.get(setup.name_prefix):
        raise UnguardedMountError(f"{setup.blueprint.name} needs a parent that checks the caller")


async def _internal_error(error: Exception) -> ResponseReturnValue:
    # The text of a database error holds the values of its statement.
    log.warning("mounted_route_failed", route=request.endpoint, error=type(error).__name__)
    return jsonify({"error": "Internal server error"}), 500
