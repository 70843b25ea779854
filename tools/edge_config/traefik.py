"""Traefik's configuration: the dynamic part, which is the rules, and the static part it needs.

Traefik verifies no token. The services behind it do, and they refuse an identity header that
contradicts the token.
"""

from collections.abc import Iterable

from bff_core.client.transport import KEEP_ALIVE_SECONDS
from services.gateway.api.header_policy import API_CSP, SECURITY_HEADERS
from services.gateway.route_table import RateLimit
from tools.edge_config.rules import Rule, all_rules
from tools.edge_config.site import LIMITS, Site

Config = dict[str, object]

ENTRY_POINT = "edge"
CONNECT_SECONDS = 1
DROPPED_REQUEST_HEADERS = (
    "X-User-ID",
    "X-Org-ID",
    "X-User-Roles",
    "X-Tenant-ID",
    "X-Identity-Encoding",
    "X-Internal-API-Key",
    "X-Service-ID",
    "X-HTTP-Method-Override",
    "X-Original-URL",
    "X-Rewrite-URL",
    "Cookie",
    "Forwarded",
    "Via",
    "Proxy-Authorization",
    "X-Replaced-Path",
    "Upgrade",
    "HTTP2-Settings",
)
"""Names that a service could read as an identity, or as another request or protocol.

Traefik has no allow-list.
"""
DROPPED_RESPONSE_HEADERS = (
    "Server",
    "X-Powered-By",
    "Via",
    "Set-Cookie",
    "X-User-ID",
    "X-Internal-API-Key",
    "X-Trace-ID",
    "Access-Control-Allow-Origin",
    "Proxy-Authenticate",
    "Refresh",
    "Clear-Site-Data",
)


def static_part(site: Site, dynamic_file: str) -> Config:
    """Without dashboard and API; `dynamic_file` is the path of the other part."""
    return {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "INFO", "format": "json"},
        "accessLog": {
            "format": "json",
            # Addresses of pages may hold names.
            "fields": {"names": {"RequestPath": "drop"}},
        },
        "entryPoints": {ENTRY_POINT: _entry_point(site)},
        "providers": {"file": {"filename": dynamic_file, "watch": False}},
    }


def _entry_point(site: Site) -> Config:
    refused = ("Slash", "BackSlash", "NullCharacter", "Semicolon", "Percent")
    longest = max(rule.route.timeout for rule in all_rules())
    return {
        "address": site.listen,
        "forwardedHeaders": {"insecure": False},
        "http": {
            # A path is refused or goes on: one that was cleaned would reach another route.
            "sanitizePath": False,
            "encodedCharacters": {f"allowEncoded{name}": False for name in refused},
            "maxHeaderBytes": LIMITS.max_header_bytes,
            "aliasHeadersStrategy": "delete",
        },
        "transport": {
            "respondingTimeouts": {
                "readTimeout": _seconds(longest),
                "writeTimeout": "0s",
                "idleTimeout": "60s",
            }
        },
    }


def dynamic_part(site: Site) -> Config:
    rules = all_rules()
    return {
        "http": {
            "routers": {
                rule.name: _router(site, rule, len(rules) - number)
                for number, rule in enumerate(rules)
            },
            "middlewares": {
                "spelling": _spelling(rules),
                "headers": _headers(),
                **_bodies(rules),
                **_rates(site, rules),
                **{_deadline_name(site, rule): _deadline(site, rule) for rule in rules},
                **{_in_flight_name(rule): _in_flight(rule) for rule in rules},
                "breaker": {"circuitBreaker": {"expression": "NetworkErrorRatio() > 0.50"}},
            },
            "services": {_service_name(rule): _service(site, rule) for rule in rules},
            "serversTransports": {_transport(site, rule): _timeouts(site, rule) for rule in rules},
        }
    }


def _router(site: Site, rule: Rule, priority: int) -> Config:
    methods = " || ".join(f"Method(`{method}`)" for method in rule.route.methods)
    middlewares = ["spelling", "headers", _deadline_name(site, rule), _rate_name(rule)]
    middlewares += [_in_flight_name(rule), "breaker"]
    if _is_buffered(rule):
        middlewares.append(_body_name(rule))
    return {
        "entryPoints": [ENTRY_POINT],
        "rule": f"PathRegexp(`^{rule.spellings}$`) && ({methods})",
        "priority": priority,
        "middlewares": middlewares,
        "service": _service_name(rule),
    }


def _spelling(rules: Iterable[Rule]) -> Config:
    aliases = {(rule.alias, rule.prefix) for rule in rules}
    ends = "|".join(sorted(prefix.strip("/") for _, prefix in aliases))
    return {"replacePathRegex": {"regex": f"^/api/({ends})/(.*)", "replacement": "/$1/$2"}}


def _headers() -> Config:
    added = {name.decode(): value.decode() for name, value in SECURITY_HEADERS}
    if LIMITS.hsts_seconds:
        added["strict-transport-security"] = f"max-age={LIMITS.hsts_seconds}; includeSubDomains"
    added["content-security-policy"] = API_CSP.decode()
    return {
        "headers": {
            "customRequestHeaders": dict.fromkeys(DROPPED_REQUEST_HEADERS, ""),
            "customResponseHeaders": dict.fromkeys(DROPPED_RESPONSE_HEADERS, "") | added,
        }
    }


def _deadline_name(site: Site, rule: Rule) -> str:
    return f"deadline-{site.answer_seconds(rule.route):g}s"


def _deadline(site: Site, rule: Rule) -> Config:
    """Tells the service how long it has; a client's own wish could make it fail every time."""
    milliseconds = str(int(site.answer_seconds(rule.route) * 1000))
    return {"headers": {"customRequestHeaders": {"X-Request-Timeout-Ms": milliseconds}}}


def _is_buffered(rule: Rule) -> bool:
    """Events must not wait, and large bodies are bounded by their service alone."""
    return not (rule.is_event_stream or rule.streams_body)


def _body_name(rule: Rule) -> str:
    return f"body-{rule.route.max_body_bytes}"


def _bodies(rules: Iterable[Rule]) -> Config:
    buffered = [rule for rule in rules if _is_buffered(rule)]
    return {
        _body_name(rule): {
            "buffering": {
                "maxRequestBodyBytes": rule.route.max_body_bytes,
                "memRequestBodyBytes": rule.route.max_body_bytes,
            }
        }
        for rule in buffered
    }


def _rate_name(rule: Rule) -> str:
    return f"rate-{rule.route.rate_limit}-{'address' if rule.is_public else 'token'}"


def _rates(site: Site, rules: Iterable[Rule]) -> Config:
    return {
        _rate_name(rule): {"rateLimit": _rate(site, rule.route.rate_limit) | _source(rule)}
        for rule in rules
    }


def _rate(site: Site, limit: RateLimit) -> Config:
    amount = site.per_minute[limit]
    return {"average": amount, "period": "1m", "burst": amount}


def _source(rule: Rule) -> Config:
    """A token stands for its user; without one, an address or an IPv6 network does."""
    if rule.is_public:
        return {"sourceCriterion": {"ipStrategy": {"ipv6Subnet": 64}}}
    return {"sourceCriterion": {"requestHeaderName": "Authorization"}}


def _in_flight_name(rule: Rule) -> str:
    return f"in-flight-{'address' if rule.is_public else 'token'}"


def _in_flight(rule: Rule) -> Config:
    return {"inFlightReq": {"amount": LIMITS.max_in_flight_per_user} | _source(rule)}


def _service_name(rule: Rule) -> str:
    return f"{rule.route.upstream}-{rule.name}"


def _transport(site: Site, rule: Rule) -> str:
    return f"within-{site.answer_seconds(rule.route):g}s"


def _service(site: Site, rule: Rule) -> Config:
    url = site.upstreams[rule.route.upstream].url
    return {"loadBalancer": {"servers": [{"url": url}], "serversTransport": _transport(site, rule)}}


def _timeouts(site: Site, rule: Rule) -> Config:
    return {
        "forwardingTimeouts": {
            "dialTimeout": f"{CONNECT_SECONDS}s",
            "responseHeaderTimeout": _seconds(site.answer_seconds(rule.route)),
            "idleConnTimeout": _seconds(KEEP_ALIVE_SECONDS),
        }
    }


def _seconds(number: float) -> str:
    return f"{number:g}s"
