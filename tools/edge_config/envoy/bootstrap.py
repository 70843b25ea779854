"""The whole of Envoy's configuration."""

from tools.edge_config.envoy.clusters import clusters, connection_limit
from tools.edge_config.envoy.config import Config, extension, seconds
from tools.edge_config.envoy.headers import CORRELATION_ID, header_filter, local_replies
from tools.edge_config.envoy.rate_limits import rate_limit_filter
from tools.edge_config.envoy.routes import BUFFER, virtual_host
from tools.edge_config.envoy.tokens import jwt_filter, rbac_filter
from tools.edge_config.rules import MAX_BUFFERED_BYTES, all_rules
from tools.edge_config.site import LIMITS, Address, Site

MAX_HEADERS = 100
MAX_EXPRESSION_SIZE = 5000


def bootstrap(site: Site) -> Config:
    """A bootstrap without an admin interface; it needs no control plane."""
    return {
        "static_resources": {"listeners": [_listener(site)], "clusters": clusters(site)},
        "overload_manager": connection_limit(),
        "layered_runtime": {"layers": [{"name": "edge", "static_layer": _runtime()}]},
    }


def _runtime() -> Config:
    """Expressions here are larger than Envoy's default; RE2 reads all in linear time."""
    return {
        "re2.max_program_size.error_level": MAX_EXPRESSION_SIZE,
        # Or what follows a chunk's bytes is passed over up to the next line.
        "envoy.reloadable_features.strict_chunk_parsing": True,
        "envoy.reloadable_features.http_reject_path_with_fragment": True,
    }


def _listener(site: Site) -> Config:
    address = Address.of_text(site.listen)
    manager = extension(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        _connection_manager(site),
    )
    return {
        "name": "edge",
        "address": {"socket_address": {"address": address.host, "port_value": address.port}},
        "per_connection_buffer_limit_bytes": MAX_BUFFERED_BYTES,
        "filter_chains": [{"filters": [manager]}],
    }


def _connection_manager(site: Site) -> Config:
    return {
        "stat_prefix": "edge",
        **_http(site),
        **_paths(),
        **_addresses(site),
        "http_filters": _filters(site),
        "route_config": {
            "name": "edge",
            "virtual_hosts": [virtual_host(site)],
        },
        "local_reply_config": local_replies(site),
        "access_log": [_access_log()],
    }


def _http(site: Site) -> Config:
    """One version of HTTP, as the gateway has it, and bounds for everything that takes time."""
    longest = max(rule.route.timeout for rule in all_rules())
    return {
        "codec_type": "HTTP1",
        "server_header_transformation": "PASS_THROUGH",
        "max_request_headers_kb": max(1, LIMITS.max_header_bytes // 1024),
        "request_headers_timeout": seconds(site.head_seconds),
        "request_timeout": seconds(longest),
        "common_http_protocol_options": {
            "idle_timeout": "60s",
            "max_headers_count": MAX_HEADERS,
            "headers_with_underscores_action": "DROP_HEADER",
        },
        "delayed_close_timeout": seconds(site.linger_seconds),
        "stream_idle_timeout": seconds(LIMITS.stream_idle_seconds),
    }


def _paths() -> Config:
    """A path is compared as it came: nothing rewrites one before the routes refuse or admit it."""
    return {
        "normalize_path": False,
        "merge_slashes": False,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
    }


def _addresses(site: Site) -> Config:
    return {
        "use_remote_address": True,
        "xff_num_trusted_hops": site.trusted_hops,
        "skip_xff_append": True,
        "generate_request_id": True,
        "preserve_external_request_id": False,
    }


def _filters(site: Site) -> list[Config]:
    """In the order of a request; an answer passes them the other way round."""
    buffer = extension(
        BUFFER,
        "extensions.filters.http.buffer.v3.Buffer",
        {"max_request_bytes": MAX_BUFFERED_BYTES},
    )
    router = extension(
        "envoy.filters.http.router",
        "extensions.filters.http.router.v3.Router",
        {"suppress_envoy_headers": True},
    )
    cors = extension("envoy.filters.http.cors", "extensions.filters.http.cors.v3.Cors")
    return [
        cors,
        header_filter(site),
        jwt_filter(site),
        rate_limit_filter(site),
        buffer,
        rbac_filter(),
        router,
    ]


def _access_log() -> Config:
    """A line without addresses of pages: a query may hold names."""
    fields = {
        "event": "request",
        "timestamp": "%START_TIME%",
        "correlation_id": CORRELATION_ID,
        "user_id": "%REQ(X-USER-ID)%",
        "method": "%REQ(:METHOD)%",
        "route": "%ROUTE_NAME%",
        "status": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "reason": "%RESPONSE_CODE_DETAILS%",
        "milliseconds": "%DURATION%",
    }
    return extension(
        "envoy.access_loggers.stdout",
        "extensions.access_loggers.stream.v3.StdoutAccessLog",
        {"log_format": {"json_format": fields}},
    )
