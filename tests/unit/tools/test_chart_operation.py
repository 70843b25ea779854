"""Migrations, the route, scaling and monitoring of the chart."""

from pathlib import Path

import pytest
import yaml

from tests.chart_kit import SERVICES, environment, needs_helm, of_kind, with_value
from tools.chart.manifests import ChartRefused, Manifest, rendered, values_of
from tools.metric_inventory import all_metrics
from tools.settings_tables import settings_of

pytestmark = needs_helm
ROOT = Path(__file__).parents[3]


def test_migrations_run_before_the_pods_are_replaced(cloud: list[Manifest]) -> None:
    jobs = of_kind(cloud, "Job")

    assert set(jobs) == {"bff_teacher_migration", "config_service_migration"}
    for job in jobs.values():
        notes = job["metadata"]["annotations"]
        assert notes["helm.sh/hook"] == "pre-install,pre-upgrade"
        assert job["spec"]["activeDeadlineSeconds"] > 0
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert container["command"][-1] == "migrate"


def test_migration_s_policy_is_there_before_its_job(cloud: list[Manifest]) -> None:
    policies, jobs = of_kind(cloud, "NetworkPolicy"), of_kind(cloud, "Job")

    for name, job in jobs.items():
        weights = [
            int(one["metadata"]["annotations"]["helm.sh/hook-weight"])
            for one in (policies[name], job)
        ]
        assert weights == sorted(set(weights))


def test_sqlite_is_one_pod_with_its_volume_and_no_job() -> None:
    k3s = rendered(values_of(("values-k3s.yaml",)))

    assert not of_kind(k3s, "Job")
    assert set(of_kind(k3s, "PersistentVolumeClaim")) == {"bff_teacher", "config_service"}
    for name in ("bff_teacher", "config_service"):
        deployment = of_kind(k3s, "Deployment")[name]
        assert deployment["spec"]["replicas"] == 1
        assert deployment["spec"]["strategy"] == {"type": "Recreate"}
        assert environment(deployment)["REPLICAS"] == "1"


def timeouts_for(route: Manifest, path: str) -> dict[str, str] | None:
    """The timeouts of the rule that a Gateway chooses: exact first, then the longest prefix."""
    best: tuple[bool, int] = (False, -1)
    chosen: Manifest | None = None
    for rule in route["spec"]["rules"]:
        for match in rule["matches"]:
            kind, value = match["path"]["type"], match["path"]["value"]
            prefix = value.rstrip("/") + "/"
            fits = path == value or (kind == "PathPrefix" and f"{path}/".startswith(prefix))
            if fits and (kind == "Exact", len(value)) > best:
                best, chosen = (kind == "Exact", len(value)), rule
    if chosen is None or "backendRefs" not in chosen:
        return None
    timeouts: dict[str, str] = chosen["timeouts"]
    return timeouts


def test_streams_have_no_timeout(cloud: list[Manifest]) -> None:
    route = of_kind(cloud, "HTTPRoute")["gateway"]

    for path in ("/bff/v1/teacher/events", "/api/bff/v1/teacher/events"):
        assert timeouts_for(route, path) == {"request": "0s", "backendRequest": "0s"}


def test_no_route_is_cut_off_before_the_gateway_would_end_it(cloud: list[Manifest]) -> None:
    from services.gateway.route_table import ROUTES, SESSION_PATH, SLOW_ROUTES  # noqa: PLC0415

    route = of_kind(cloud, "HTTPRoute")["gateway"]
    transfer = settings_of("gateway").model_fields["transfer_seconds"].default

    for path, seconds in [
        *((f"{one.path}/x" if one.is_prefix else one.path, one.timeout) for one in ROUTES),
        *((f"{one.path}/batches/1/files", one.timeout) for one in SLOW_ROUTES),
        (SESSION_PATH, 10.0),
        ("/app/dashboard", 10.0),
    ]:
        timeouts = timeouts_for(route, path)
        assert timeouts is not None, path
        assert float(timeouts["request"].removesuffix("s")) > seconds + transfer


@pytest.mark.parametrize("pages", [True, False])
@pytest.mark.parametrize("path", ["/metrics", "/ready", "/healthz", "/metrics/"])
def test_paths_of_the_cluster_are_not_published(path: str, pages: bool) -> None:
    changed = with_value(("values-cloud.yaml",), {"gateway": {"pages": pages}})

    assert timeouts_for(of_kind(changed, "HTTPRoute")["gateway"], path) is None


def test_scaling_uses_metrics_that_exist(cloud: list[Manifest]) -> None:
    known = {metric.name for metric in all_metrics()}
    scalers = of_kind(cloud, "HorizontalPodAutoscaler")

    named = {
        name: metric["pods"]["metric"]["name"]
        for name, one in scalers.items()
        for metric in one["spec"]["metrics"]
        if metric["type"] == "Pods"
    }
    assert set(scalers) == {"gateway", "bff_teacher", "bff_admin"}
    assert set(named) == {"gateway", "bff_teacher"}
    assert set(named.values()) <= known


def test_scaled_deployments_leave_their_number_to_the_scaler(objects: list[Manifest]) -> None:
    scaled = {*of_kind(objects, "HorizontalPodAutoscaler"), *of_kind(objects, "ScaledObject")}

    for name, one in of_kind(objects, "Deployment").items():
        assert ("replicas" in one["spec"]) is (name not in scaled)


def test_keda_takes_the_place_of_the_autoscaler() -> None:
    keda = rendered(values_of(("values-cloud.yaml", "values-keda.yaml")))

    scaled = of_kind(keda, "ScaledObject")
    assert not of_kind(keda, "HorizontalPodAutoscaler")
    query = scaled["bff_teacher"]["spec"]["triggers"][1]["metadata"]["query"]
    assert query == 'sum(bff_teacher_live_streams_open{namespace="bff", job="bff_teacher"})'


def test_rules_are_those_of_the_alerts_file(cloud: list[Manifest]) -> None:
    rules = of_kind(cloud, "PrometheusRule")[""]
    alerts = yaml.safe_load((ROOT / "ops" / "alerts.yml").read_text("utf-8"))
    where = "https://git.example.com/huleedu-bff/blob/main/docs/operations.md#"

    for group in alerts["groups"]:
        for rule in group["rules"]:
            notes = rule["annotations"]
            notes["runbook_url"] = notes["runbook_url"].replace("docs/operations.md#", where)
    assert rules["spec"] == alerts


def test_jobs_of_prometheus_are_the_services_names(cloud: list[Manifest]) -> None:
    monitor = of_kind(cloud, "ServiceMonitor")[""]
    label = monitor["spec"]["jobLabel"]

    services = [one for one in cloud if one["kind"] == "Service"]
    selected = [
        one["metadata"]["labels"][label]
        for one in services
        if monitor["spec"]["selector"]["matchLabels"].items() <= one["metadata"]["labels"].items()
    ]
    assert sorted(selected) == ["bff_admin", "bff_teacher", "config_service", "gateway"]
    assert {one["port"] for one in monitor["spec"]["endpoints"]} == {"http"}


def test_every_service_has_a_budget_and_is_spread(objects: list[Manifest]) -> None:
    assert set(of_kind(objects, "PodDisruptionBudget")) == set(SERVICES)
    for one in of_kind(objects, "Deployment").values():
        spread = one["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert {rule["topologyKey"] for rule in spread} == {
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        }


def test_selectors_are_the_labels_of_the_pods(objects: list[Manifest]) -> None:
    deployments = of_kind(objects, "Deployment")
    for kind in ("Service", "PodDisruptionBudget", "NetworkPolicy", "Deployment"):
        for name, one in of_kind(objects, kind).items():
            if name.endswith("_migration"):
                continue
            spec = one["spec"]
            selector = spec.get("podSelector", spec.get("selector"))
            wanted = selector.get("matchLabels", selector)
            labels = deployments[name]["spec"]["template"]["metadata"]["labels"]

            assert wanted.items() <= labels.items()


def test_rs256_needs_no_shared_secret(cloud: list[Manifest]) -> None:
    for one in of_kind(cloud, "Deployment").values():
        assert "JWT_SECRET_KEY_FILE" not in environment(one)


def test_missing_signing_secret_is_named() -> None:
    with pytest.raises(ChartRefused, match="needs the secret JWT_SECRET_KEY"):
        rendered({"secrets": {"JWT_SECRET_KEY": None}})
