"""The services behind Envoy: limits, keep-alive and the ejection of failing replicas."""

from bff_core.client.transport import KEEP_ALIVE_SECONDS
from services.gateway.route_table import UpstreamName
from tools.edge_config.envoy.config import Config, extension, seconds, typed
from tools.edge_config.site import LIMITS, Address, Site

IDENTITY_KEYS = "identity_keys"
CONNECT_SECONDS = 1.0
_FAILURES_TO_EJECT = 5


def events_of(upstream: UpstreamName) -> str:
    """The cluster of an upstream's event streams, which are counted apart from its requests."""
    return f"{upstream}_events"


def clusters(site: Site) -> list[Config]:
    services = []
    for name, address in site.upstreams.items():
        services.append(_cluster(name.value, address, LIMITS.max_in_flight))
    teacher = site.upstreams[UpstreamName.TEACHER]
    services.append(_cluster(events_of(UpstreamName.TEACHER), teacher, LIMITS.open_streams))
    return [*services, _cluster(IDENTITY_KEYS, site.jwks_address, 16)]


def _cluster(name: str, address: Address, max_requests: int) -> Config:
    endpoint = {
        "address": {"socket_address": {"address": address.host, "port_value": address.port}}
    }
    return {
        "name": name,
        "type": "STRICT_DNS",
        "connect_timeout": seconds(CONNECT_SECONDS),
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": endpoint}]}],
        },
        "circuit_breakers": {"thresholds": [_thresholds(max_requests)]},
        "outlier_detection": _outlier_detection(),
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _http_options()
        },
    }


def _thresholds(max_requests: int) -> Config:
    """Nothing waits beyond the number of requests, and nothing is repeated."""
    return {
        "max_connections": min(LIMITS.connections, max_requests),
        "max_pending_requests": max_requests,
        "max_requests": max_requests,
        "max_retries": 0,
    }


def _outlier_detection() -> Config:
    """Ejects replicas that cannot be reached or do not answer; never more than half of them.

    An error that a service answers ejects nothing: when a service behind it fails, all replicas
    answer so. One replica alone is never ejected.
    """
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": _FAILURES_TO_EJECT,
        "enforcing_consecutive_gateway_failure": 0,
        "enforcing_consecutive_5xx": 0,
        "enforcing_success_rate": 0,
        "enforcing_local_origin_success_rate": 0,
        "max_ejection_percent": 50,
        "base_ejection_time": "5s",
        "interval": "1s",
    }


def _http_options() -> Config:
    return typed(
        "extensions.upstreams.http.v3.HttpProtocolOptions",
        {
            # Shorter than the services keep a connection: a request is not repeated.
            "common_http_protocol_options": {"idle_timeout": seconds(KEEP_ALIVE_SECONDS)},
            "explicit_http_config": {"http_protocol_options": {}},
        },
    )


def connection_limit() -> Config:
    """The overload manager, which refuses connections beyond the gateway's own number."""
    return {
        "resource_monitors": [
            extension(
                "envoy.resource_monitors.global_downstream_max_connections",
                "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                {"max_active_downstream_connections": LIMITS.max_connections},
            )
        ]
    }
