"""Envoy's routes: for each rule the requests that are refused at once, then those that go on."""

from collections.abc import Iterator, Mapping

from services.gateway.api.header_policy import EXPOSED_HEADERS, PREFLIGHT_HEADERS
from services.gateway.api.request_parsing import BODY_TIMEOUT
from services.gateway.route_table import PUBLIC, UpstreamName
from tools.edge_config.envoy.clusters import events_of
from tools.edge_config.envoy.config import FOR_EVER, Config, header, regex, seconds, typed
from tools.edge_config.envoy.rate_limits import limits_of_route
from tools.edge_config.envoy.tokens import JWT, RBAC, jwt_of_route, rbac_of_route
from tools.edge_config.patterns import TOKEN
from tools.edge_config.rules import Rule, all_rules
from tools.edge_config.site import LIMITS, Site

BUFFER = "envoy.filters.http.buffer"
HEALTH_PATH = "/healthz"
_LARGEST = 2**63 - 1
_READS = regex("GET|HEAD")
_PLAIN_BODY: Config = {
    "name": "content-encoding",
    "string_match": regex("(?i)identity"),
    "invert_match": True,
}
# Printable ASCII without the comma: Envoy puts one between the values of a repeated header.
_ONE_TEXT = r"[\t\x20-\x2b\x2d-\x7e]*"
_SINGLE_VALUES = {
    ":authority": r"[A-Za-z0-9._:\[\]-]+",
    "content-type": _ONE_TEXT,
    "idempotency-key": _ONE_TEXT,
    "last-event-id": _ONE_TEXT,
    "traceparent": _ONE_TEXT,
}


def virtual_host(site: Site) -> Config:
    return {
        "name": "edge",
        "domains": ["*"],
        "routes": list(_routes(site)),
        "request_headers_to_add": [
            header("x-forwarded-for", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")
        ],
        **({"typed_per_filter_config": _cors(site)} if site.origins else {}),
    }


def _routes(site: Site) -> Iterator[Config]:
    rules = all_rules()
    yield _answer("healthz", {"path": HEALTH_PATH, "headers": [_methods(("GET", "HEAD"))]}, 200)
    yield from _refusals_everywhere()
    for rule in rules:
        yield from _refusals(rule)
        yield _forward(site, rule)
        if not rule.is_public:
            yield _without_token(rule)
    for path, allowed in _allowed_methods(rules).items():
        allow = {"response_headers_to_add": [header("allow", ", ".join(allowed))]}
        yield _answer("another method", regex(path), 405) | allow
    yield _answer("nothing here", {"prefix": "/"}, 404)


def _refusals_everywhere() -> Iterator[Config]:
    yield _preflight()
    yield _answer("encoded body", _with(_present("content-encoding"), _PLAIN_BODY), 415)
    reads = {"name": ":method", "string_match": _READS}
    empty = {"name": "content-length", "string_match": {"exact": "0"}, "invert_match": True}
    yield _answer("read with a body", _with(reads, _present("content-length"), empty), 400)
    for name, values in _SINGLE_VALUES.items():
        other = {"name": name, "string_match": regex(values), "invert_match": True}
        yield _answer(f"odd {name}", _with(_present(name), other), 400)


def _preflight() -> Config:
    """Asks no service: the filter of CORS answers pages that may call, and RBAC refuses others."""
    asks = {"name": ":method", "string_match": {"exact": "OPTIONS"}}
    return {
        "name": "preflight",
        "match": _with(asks, _present("access-control-request-method")),
        "route": {"cluster": UpstreamName.TEACHER.value},
        "typed_per_filter_config": {JWT: jwt_of_route(PUBLIC)},
    }


def _refusals(rule: Rule) -> Iterator[Config]:
    too_long = {"start": str(rule.route.max_body_bytes + 1), "end": str(_LARGEST)}
    longer = {"name": "content-length", "range_match": too_long}
    yield _answer(f"{rule.name}: too large", _match(rule, longer), 413)
    if rule.streams_body:
        # Nothing here counts the bytes of a body that is streamed: it must state its length.
        unstated = {"name": "content-length", "present_match": False}
        yield _answer(f"{rule.name}: no length", _match(rule, unstated), 411)


def _forward(site: Site, rule: Rule) -> Config:
    token = {"name": "authorization", "string_match": regex(TOKEN)}
    match = _match(rule) if rule.is_public else _match(rule, token)
    return {
        "name": rule.name,
        "match": match,
        "metadata": limits_of_route(rule),
        "route": _action(site, rule),
        "request_headers_to_add": [
            header("x-request-timeout-ms", str(int(site.answer_seconds(rule.route) * 1000)))
        ],
        "typed_per_filter_config": {
            JWT: jwt_of_route(rule.route.access),
            RBAC: rbac_of_route(rule.route.access),
            BUFFER: _buffer(rule),
        },
    }


def _without_token(rule: Rule) -> Config:
    """Requests whose `Authorization` is none of one token: refused by `jwt_authn`, or by RBAC."""
    return {
        "name": f"{rule.name}: no token",
        "match": _match(rule),
        "route": {"cluster": rule.route.upstream.value},
        "typed_per_filter_config": {JWT: jwt_of_route(rule.route.access)},
    }


def _action(site: Site, rule: Rule) -> Config:
    """An answer's head is due within the idle timeout; the rest has the gateway's own time."""
    head = site.answer_seconds(rule.route)
    total = head + LIMITS.transfer_seconds
    whole = BODY_TIMEOUT + total
    idle = LIMITS.stream_idle_seconds if rule.is_event_stream else head
    cluster = rule.route.upstream
    # A gateway for sign-in compares a page's origin with the host that the browser has named.
    host = {} if cluster is UpstreamName.IDENTITY else {"auto_host_rewrite": True}
    return {
        **host,
        "cluster": events_of(cluster) if rule.is_event_stream else cluster.value,
        "timeout": FOR_EVER if rule.is_event_stream else seconds(total),
        "idle_timeout": seconds(idle),
        "max_stream_duration": {
            "max_stream_duration": FOR_EVER if rule.is_event_stream else seconds(whole)
        },
        "regex_rewrite": {
            "pattern": {"regex": f"^{rule.alias}"},
            "substitution": rule.prefix,
        },
    }


def _buffer(rule: Rule) -> Config:
    """A body is read whole before a service is asked, unless it is too large for that."""
    kind = "extensions.filters.http.buffer.v3.BufferPerRoute"
    if rule.streams_body:
        return typed(kind, {"disabled": True})
    return typed(kind, {"buffer": {"max_request_bytes": rule.route.max_body_bytes}})


def _answer(name: str, match: Config, status: int) -> Config:
    """A route that the edge answers itself, with the envelope of `local_replies`."""
    body = {"body": {"inline_string": "{}"}} if status == 200 else {}
    return {
        "name": name,
        "match": match,
        "direct_response": {"status": status, **body},
        "typed_per_filter_config": {
            JWT: jwt_of_route(PUBLIC),
            RBAC: typed("extensions.filters.http.rbac.v3.RBACPerRoute"),
            # Or the answer would wait for the end of the request's body.
            BUFFER: typed("extensions.filters.http.buffer.v3.BufferPerRoute", {"disabled": True}),
        },
    }


def _present(name: str) -> Config:
    return {"name": name, "present_match": True}


def _with(*headers: Mapping[str, object]) -> Config:
    """Requests for any path with these headers."""
    return {"prefix": "/", "headers": list(headers)}


def _match(rule: Rule, *headers: Mapping[str, object]) -> Config:
    return {**regex(rule.spellings), "headers": [_methods(rule.route.methods), *headers]}


def _methods(methods: tuple[str, ...]) -> Config:
    return {"name": ":method", "string_match": regex("|".join(methods))}


def _allowed_methods(rules: tuple[Rule, ...]) -> dict[str, list[str]]:
    """Methods by path; a path that a later rule admits as well has that rule's methods, too."""
    return {rule.spellings: list(rule.route.methods) for rule in rules if not _is_part(rule)}


def _is_part(rule: Rule) -> bool:
    return rule.route.is_prefix and (rule.route.is_slow or rule.is_event_stream)


def _cors(site: Site) -> Config:
    policy = {
        "allow_origin_string_match": [{"exact": origin} for origin in site.origins],
        "allow_methods": PREFLIGHT_HEADERS["Access-Control-Allow-Methods"],
        "allow_headers": PREFLIGHT_HEADERS["Access-Control-Allow-Headers"],
        "max_age": PREFLIGHT_HEADERS["Access-Control-Max-Age"],
        "expose_headers": EXPOSED_HEADERS.decode("ascii"),
        "allow_credentials": False,
    }
    kind = "extensions.filters.http.cors.v3.CorsPolicy"
    return {"envoy.filters.http.cors": typed(kind, policy)}
