"""Who may call a route: the signature in `jwt_authn`, roles and the kind of the token in `rbac`."""

from collections.abc import Mapping

from bff_core.context import USER_ID
from services.gateway.route_table import ACCESS_RULES, PUBLIC
from tools.edge_config.envoy.clusters import IDENTITY_KEYS
from tools.edge_config.envoy.config import Config, extension, regex, seconds, typed
from tools.edge_config.site import LIMITS, Site

JWT = "envoy.filters.http.jwt_authn"
RBAC = "envoy.filters.http.rbac"
ACCESS_TOKEN = "access_token"  # noqa: S105 - the name of a requirement
USER_ID_HEADER = "x-user-id"
_CLAIMS, _HEADER = "claims", "header"
_KIND_CLAIMS = ("typ", "type", "token_type", "token_use")
_HEADER_TYPES = "(?i)(JWT|AT\\+JWT|APPLICATION/AT\\+JWT)"
_ALGORITHMS = "HS256|RS256"
_JWKS_SECONDS = 2.0
_JWKS_LIFETIME = 300.0


def jwt_filter(site: Site) -> Config:
    """Every path needs a token but those whose routes say otherwise."""
    return extension(
        JWT,
        "extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        {
            "providers": {ACCESS_TOKEN: _provider(site)},
            "requirement_map": {ACCESS_TOKEN: {"provider_name": ACCESS_TOKEN}},
            "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": ACCESS_TOKEN}}],
            "strip_failure_response": True,
        },
    )


def _provider(site: Site) -> Config:
    return {
        "issuer": site.issuer,
        "audiences": [site.audience],
        "subjects": regex(USER_ID.pattern),
        "require_expiration": True,
        "clock_skew_seconds": int(LIMITS.jwt_clock_skew),
        # Without this, a token in the address would do as well.
        "from_headers": [
            {"name": "Authorization", "value_prefix": scheme} for scheme in ("Bearer ", "bearer ")
        ],
        "forward": True,
        "payload_in_metadata": _CLAIMS,
        "header_in_metadata": _HEADER,
        "claim_to_headers": [{"header_name": USER_ID_HEADER, "claim_name": "sub"}],
        "remote_jwks": {
            "http_uri": {
                # Envoy connects by its cluster, and takes no host with an underscore here.
                "uri": site.jwks.replace("_", "-", site.jwks_address.host.count("_")),
                "cluster": IDENTITY_KEYS,
                "timeout": seconds(_JWKS_SECONDS),
            },
            "cache_duration": seconds(_JWKS_LIFETIME),
            # Before the first connection is taken, and again before the keys are too old.
            "async_fetch": {"failed_refetch_duration": "1s"},
        },
    }


def jwt_of_route(access: str) -> Config:
    kind = "extensions.filters.http.jwt_authn.v3.PerRouteConfig"
    if access == PUBLIC:
        return typed(kind, {"disabled": True})
    return typed(kind, {"requirement_name": ACCESS_TOKEN})


def rbac_filter() -> Config:
    """Refuses whatever has no rule of its own."""
    return extension(RBAC, "extensions.filters.http.rbac.v3.RBAC", {"rules": {"action": "ALLOW"}})


def rbac_of_route(access: str) -> Config:
    principal = {"any": True} if access == PUBLIC else _holder(access)
    policy = {"permissions": [{"not_rule": _READ_WITH_A_BODY}], "principals": [principal]}
    rules = {"action": "ALLOW", "policies": {access: policy}}
    return typed("extensions.filters.http.rbac.v3.RBACPerRoute", {"rbac": {"rules": rules}})


def _has(name: str, text: Config) -> Config:
    return {"header": {"name": name, "string_match": text}}


# The filter that buffers bodies states the length of one that came in chunks.
_READ_WITH_A_BODY: Config = {
    "and_rules": {
        "rules": [
            _has(":method", regex("GET|HEAD")),
            {"header": {"name": "content-length", "present_match": True}},
            {"not_rule": _has("content-length", {"exact": "0"})},
        ]
    }
}


def _holder(access: str) -> Config:
    """The holder of an access token with one of the rule's roles."""
    roles = [_in_list("roles", role) for role in sorted(ACCESS_RULES[access])]
    return {
        "and_ids": {
            "ids": [
                {"or_ids": {"ids": roles}},
                _claim("sub", {"string_match": regex(USER_ID.pattern)}),
                *(_absent_or(_CLAIMS, claim, {"exact": "access"}) for claim in _KIND_CLAIMS),
                _absent_or(_HEADER, "typ", regex(_HEADER_TYPES)),
                _is(_HEADER, "alg", {"string_match": regex(_ALGORITHMS)}),
                {"not_id": _is(_HEADER, "crit", _ANY_LIST)},
                {"not_id": _is(_HEADER, "crit", {"present_match": True})},
            ]
        }
    }


_ANY_LIST: Config = {"list_match": {"one_of": {"present_match": True}}}


def _absent_or(part: str, name: str, text: Config) -> Config:
    absent = [{"not_id": _is(part, name, kind)} for kind in ({"present_match": True}, _ANY_LIST)]
    fitting = _is(part, name, {"string_match": text})
    return {"or_ids": {"ids": [{"and_ids": {"ids": absent}}, fitting]}}


def _in_list(claim: str, value: str) -> Config:
    return _claim(claim, {"list_match": {"one_of": {"string_match": {"exact": value}}}})


def _claim(name: str, value: Mapping[str, object]) -> Config:
    return _is(_CLAIMS, name, value)


def _is(part: str, name: str, value: Mapping[str, object]) -> Config:
    path = [{"key": part}, {"key": name}]
    return {"sourced_metadata": {"metadata_matcher": {"filter": JWT, "path": path, "value": value}}}
