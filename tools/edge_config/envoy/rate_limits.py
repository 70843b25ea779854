"""Token buckets for each user and each network, counted in one process of Envoy."""

from services.gateway.route_table import SITE_LIMITS, RateLimit
from tools.edge_config.envoy.config import Config, extension
from tools.edge_config.envoy.tokens import USER_ID_HEADER
from tools.edge_config.rules import Rule, all_rules
from tools.edge_config.site import Site

MAX_KEYS = 100_000
_NAMESPACE = "edge"
_USER, _NETWORK = "user_limit", "network_limit"
_ADDRESS = "masked_remote_address"
_WIDTH = "generic_key"
_NARROW, _WIDE = "64", "48"
_FULL = {"numerator": 100, "denominator": "HUNDRED"}


def limits_of_route(rule: Rule) -> Config:
    """A route's metadata, which names its limit: of users, or of networks where there is no user."""
    kind = _NETWORK if rule.is_public else _USER
    return {"filter_metadata": {_NAMESPACE: {kind: rule.route.rate_limit.value}}}


def rate_limit_filter(site: Site) -> Config:
    return extension(
        "envoy.filters.http.local_ratelimit",
        "extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        {
            "stat_prefix": "edge",
            # For requests without a limit of their own, of which the edge answers all itself.
            "token_bucket": {
                "max_tokens": MAX_KEYS,
                "tokens_per_fill": MAX_KEYS,
                "fill_interval": "1s",
            },
            "always_consume_default_token_bucket": False,
            "filter_enabled": {"default_value": _FULL},
            "filter_enforced": {"default_value": _FULL},
            "max_dynamic_descriptors": MAX_KEYS,
            "rate_limits": _actions(),
            "descriptors": [*_users(site), *_networks(site)],
        },
    )


def _actions() -> list[Config]:
    by_user = {"header_name": USER_ID_HEADER, "descriptor_key": USER_ID_HEADER}
    return [
        {"actions": [_named(_USER), {"request_headers": by_user}]},
        _by_network(_NARROW),
        _by_network(_WIDE),
    ]


def _by_network(width: str) -> Config:
    network = {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": int(width)}
    return {
        "actions": [
            {_WIDTH: {"descriptor_value": width}},
            _named(_NETWORK),
            {_ADDRESS: network},
        ]
    }


def _named(kind: str) -> Config:
    key = {"key": _NAMESPACE, "path": [{"key": kind}]}
    return {"metadata": {"descriptor_key": kind, "metadata_key": key, "source": "ROUTE_ENTRY"}}


def _users(site: Site) -> list[Config]:
    limits = sorted({rule.route.rate_limit for rule in all_rules() if not rule.is_public})
    return [
        _descriptor([{"key": _USER, "value": limit.value}, {"key": USER_ID_HEADER}], site, limit)
        for limit in limits
    ]


def _networks(site: Site) -> list[Config]:
    descriptors = []
    for narrow, wide in SITE_LIMITS.items():
        for width, limit in ((_NARROW, narrow), (_WIDE, wide)):
            entries = [
                {"key": _WIDTH, "value": width},
                {"key": _NETWORK, "value": narrow.value},
                {"key": _ADDRESS},
            ]
            descriptors.append(_descriptor(entries, site, limit))
    return descriptors


def _descriptor(entries: list[dict[str, str]], site: Site, limit: RateLimit) -> Config:
    """A bucket for each value of the entry that names none."""
    amount = site.per_minute[limit]
    # A whole minute's worth at once, then in steps that are no shorter than Envoy allows.
    steps = min(amount, 600)
    bucket = {
        "max_tokens": amount,
        "tokens_per_fill": amount // steps,
        "fill_interval": f"{60 / steps:.3f}s",
    }
    return {"entries": entries, "token_bucket": bucket}
