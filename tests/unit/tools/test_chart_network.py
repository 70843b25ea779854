"""The network policies of the chart allow the arrows of the architecture, and no other."""

import re
from pathlib import Path

import pytest

from tests.chart_kit import SERVICES, environment, needs_helm, of_kind, with_value
from tools.chart.manifests import Manifest
from tools.settings_tables import settings_of

pytestmark = needs_helm
ROOT = Path(__file__).parents[3]
CHART_CALLS = {
    ("gateway", "bff_teacher"),
    ("gateway", "bff_admin"),
    ("bff_teacher", "config_service"),
    ("bff_admin", "config_service"),
}
HEALTH_CHECKS = {("bff_admin", "gateway"), ("bff_admin", "bff_teacher")}
PICTURE = {
    "gateway": {"identity": 7005},
    "bff_teacher": {
        "ras": 4003,
        "cms": 5002,
        "files": 7001,
        "content": 8000,
        "bos": 5000,
        "entitlements": 8083,
        "identity": 7005,
        "platform_gateway": 8080,
    },
    "bff_admin": {"identity": 7005, "entitlements": 8083},
    "config_service": {"identity": 7005},
}
"""What each service calls of the platform, and the ports of the value files."""
ASKED_FOR_HEALTH = {"ras": 4003, "cms": 5002, "files": 7001, "content": 8000, "bos": 5000}
STORES = {
    "gateway": {"redis"},
    "bff_teacher": {"redis", "postgresql", "kafka"},
    "bff_admin": {"redis"},
    "config_service": {"redis", "postgresql"},
}
CLOUD_STORES = {"redis": "10.20.0.0/24", "postgresql": "10.20.1.0/24", "kafka": "10.20.2.0/24"}


def ingress(policy: Manifest) -> set[str]:
    """The components that may call."""
    return {
        peer["podSelector"]["matchLabels"]["app.kubernetes.io/component"]
        for rule in policy["spec"].get("ingress") or ()
        for peer in rule["from"]
        if "app.kubernetes.io/component" in peer.get("podSelector", {}).get("matchLabels", {})
    }


def egress(policy: Manifest) -> set[tuple[str, int]]:
    """The destinations of a policy: a component, a network or a namespace, with the port."""
    found = set()
    for rule in policy["spec"]["egress"]:
        assert rule["to"], "a rule without a destination allows all"
        assert rule["ports"], "a rule without ports allows all"
        found |= {(_peer(peer), port["port"]) for peer in rule["to"] for port in rule["ports"]}
    return found


def _peer(peer: Manifest) -> str:
    if "ipBlock" in peer:
        return str(peer["ipBlock"]["cidr"])
    pods = peer.get("podSelector", {}).get("matchLabels", {})
    namespaces = peer.get("namespaceSelector", {}).get("matchLabels", {})
    return str(pods.get("app.kubernetes.io/component") or namespaces["kubernetes.io/metadata.name"])


@pytest.mark.parametrize("overview", [True, False])
def test_policies_allow_the_arrows_of_the_picture_and_no_other(overview: bool) -> None:
    changed = with_value(("values-cloud.yaml",), {"bff_admin": {"overview": overview}})
    policies = of_kind(changed, "NetworkPolicy")
    calls = CHART_CALLS | (HEALTH_CHECKS if overview else set())

    for name in SERVICES:
        wanted = {("kube-system", 53)}
        wanted |= {
            (to, settings_of(to).model_fields["port"].default) for of, to in calls if of == name
        }
        platform = PICTURE[name] | (ASKED_FOR_HEALTH if overview and name == "bff_admin" else {})
        wanted |= {("huleedu", port) for port in platform.values()}
        ports = {"redis": 6379, "postgresql": 5432, "kafka": 9093}
        wanted |= {(CLOUD_STORES[store], ports[store]) for store in STORES[name]}

        assert egress(policies[name]) == wanted
        assert ingress(policies[name]) == {of for of, to in calls if to == name}
        assert policies[name]["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_every_server_of_a_redis_cluster_may_be_reached() -> None:
    ports = [7000, 7001, 7002]
    networks = ["10.20.0.0/24", "10.21.0.0/24"]
    peers = [{"ipBlock": {"cidr": one}} for one in networks]
    changed = with_value(("values-cloud.yaml",), {"redis": {"ports": ports, "peers": peers}})

    policies = of_kind(changed, "NetworkPolicy")

    for name in SERVICES:
        reached = {(network, port) for network in networks for port in ports}
        assert reached <= egress(policies[name])


def test_the_picture_has_the_arrows_of_the_policies() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    picture = page[page.index("## Overview") : page.index("## Packages")]

    names = {
        "ras": "RAS",
        "cms": "CMS",
        "files": "File",
        "content": "Content",
        "bos": "BOS",
        "entitlements": "Entitlements",
        "identity": "Identity",
        "platform_gateway": "platform gateway",
    }
    for destination, shown in names.items():
        assert re.search(rf"{shown} :\d+", picture), destination
    for store in ("PostgreSQL", "Kafka", "Redis"):
        assert store in picture
    assert "`/healthz`" in picture


def test_only_what_has_an_address_is_allowed(objects: list[Manifest]) -> None:
    policies = of_kind(objects, "NetworkPolicy")
    for name, one in of_kind(objects, "Deployment").items():
        urls = [value for value in environment(one).values() if value.startswith("http://")]
        addressed = {int(found[1]) for url in urls if (found := re.search(r":(\d+)(/|$)", url))}
        allowed = {port for _, port in egress(policies[name])} - {53, 6379, 5432, 9093}

        assert allowed == addressed


def test_pods_from_elsewhere_reach_the_gateway_alone(cloud: list[Manifest]) -> None:
    for name, policy in of_kind(cloud, "NetworkPolicy").items():
        from_elsewhere = {
            peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
            for rule in policy["spec"].get("ingress") or ()
            for peer in rule["from"]
            if "namespaceSelector" in peer
        }
        wanted = {"gateway": {"envoy-gateway-system", "monitoring"}}.get(name, {"monitoring"})
        assert from_elsewhere == (set() if name.endswith("_migration") else wanted)


def test_migrations_reach_the_database_alone(cloud: list[Manifest]) -> None:
    policies = of_kind(cloud, "NetworkPolicy")

    for name in ("bff_teacher_migration", "config_service_migration"):
        assert egress(policies[name]) == {("kube-system", 53), ("10.20.1.0/24", 5432)}
        assert ingress(policies[name]) == set()
