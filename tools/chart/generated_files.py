"""Writes the chart's generated files; `--check` only compares them.

`values.schema.json` and `files/settings.json` come from the settings classes, `files/alerts.yml` is
`ops/alerts.yml`: Helm reads no file outside of the chart.
"""

import importlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr

from bff_core.settings import Environment, ServiceSettings
from tools.chart.settings_schema import (
    Schema,
    shared_definitions,
    shared_variables,
    variable_schemas,
)
from tools.settings_tables import settings_of

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "ops" / "helm" / "huleedu-bff"
ALERTS = ROOT / "ops" / "alerts.yml"
BASE = Path(__file__).with_name("values_schema.yaml")
WRITE = "run `./dev generate`"

SET_BY_THE_CHART = ("HOST", "PORT", "SHUTDOWN_DELAY", "SHUTDOWN_GRACE")
"""Settings with the prefix of their service that have values of their own."""
COMPUTED = "REPLICAS"
"""Variable that comes from the number of pods."""
OF_ALL_SERVICES = ("JWT_", "ENVIRONMENT", COMPUTED)
"""Shared variables in which services must not differ."""
PREFIXES = ("/api", "/bff", "/v1/auth", "/v1/session")
INTERNAL = ("/healthz", "/metrics", "/ready")

Services = Mapping[str, Mapping[str, Any]]


def services(chart: Path = CHART) -> Services:
    """The processes of the chart and what they call."""
    read: Services = yaml.safe_load((chart / "files" / "services.yaml").read_text("utf-8"))
    return read


def values_schema(chart: Path = CHART) -> str:
    schema: Schema = yaml.safe_load(BASE.read_text("utf-8"))
    definitions = schema["$defs"]
    definitions |= dict(shared_definitions())
    shared = {
        name: one
        for name, one in variable_schemas(ServiceSettings).items()
        if name in shared_variables() - {COMPUTED}
    }
    definitions["settings"] = _object(shared)
    secrets: set[str] = set()
    for name, service in services(chart).items():
        settings = settings_of(name)
        secrets |= settings.secret_names()
        definitions[name] = _service(service, settings)
    reference = {"$ref": "#/$defs/secretKey"}
    definitions["secrets"] = _object(dict.fromkeys(sorted(secrets), reference))
    return json.dumps(schema, indent=1) + "\n"


def _service(service: Mapping[str, Any], settings: type[ServiceSettings]) -> Schema:
    """The values of one service."""
    taken = set(_taken(service, settings))
    variables = {name: one for name, one in variable_schemas(settings).items() if name not in taken}
    duration = variable_schemas(settings)
    prefix = _prefix(settings)
    properties = {
        "replicas": {"$ref": "#/$defs/replicas"},
        "settings": _object(variables),
        "shutdown": _object(
            {
                "delay": duration[f"{prefix}SHUTDOWN_DELAY"],
                "grace": duration[f"{prefix}SHUTDOWN_GRACE"],
            }
        ),
        "autoscaling": {"$ref": "#/$defs/autoscaling"},
        "resources": {"$ref": "#/$defs/resources"},
    }
    if "database" in service:
        properties["sqlite"] = {"$ref": "#/$defs/sqlite"}
    if "uploads" in service:
        properties["uploads"] = _object({"size": {"$ref": "#/$defs/quantity"}})
    if "health" in service:
        properties["overview"] = {"type": "boolean"}
    if service["module"] == "services.gateway":
        properties["pages"] = {"type": "boolean"}
    return _object(properties)


def _object(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "additionalProperties": False, "properties": dict(properties)}


def _taken(service: Mapping[str, Any], settings: type[ServiceSettings]) -> Iterator[str]:
    """Variables that the chart sets by itself, or that are the same for all services."""
    prefix = _prefix(settings)
    yield from (f"{prefix}{name}" for name in SET_BY_THE_CHART)
    yield from (name for name in shared_variables() if name.startswith(OF_ALL_SERVICES))
    called = (*service["calls"], *service.get("health", ()))
    yield from (settings.aliases[name] for name in called)
    if "kafka" in service["stores"]:
        yield "KAFKA_BOOTSTRAP_SERVERS"
    if "uploads" in service:
        yield service["uploads"]
    if service["module"] == "services.gateway":
        yield f"{prefix}STATIC_DIR"


def _prefix(settings: type[ServiceSettings]) -> str:
    return settings.model_config.get("env_prefix") or ""


def settings_facts(chart: Path = CHART) -> str:
    """What the templates need to know of the settings classes and the routes."""
    facts = {name: _facts(settings_of(name)) for name in services(chart)}
    facts["gateway"] |= _routes()
    return json.dumps(facts, indent=1) + "\n"


def _facts(settings: type[ServiceSettings]) -> dict[str, Any]:
    return {
        "prefix": _prefix(settings),
        "port": settings.model_fields["port"].default,
        "secrets": sorted(settings.secret_names()),
        "required": sorted(_required(settings)),
    }


def _required(settings: type[ServiceSettings]) -> Iterator[str]:
    """Secrets without which a service does not start in production, or keeps its data in a file."""
    production = settings.model_construct(environment=Environment.PRODUCTION)
    yield from production.required_secrets()
    for field, info in settings.model_fields.items():
        default = info.default
        if isinstance(default, SecretStr) and default.get_secret_value().startswith("sqlite"):
            yield f"{_prefix(settings)}{field.upper()}"


def _routes() -> dict[str, Any]:
    """The paths and times of the gateway's routes."""
    table = importlib.import_module("services.gateway.route_table")
    screens = json.loads((ROOT / "services/gateway/screens_openapi.json").read_text("utf-8"))
    streams = [path for path, item in screens["paths"].items() if "event-stream" in str(item)]
    aliases = [(alias.decode(), prefix.decode()) for alias, prefix in table.ALIASES]
    also = [
        path.replace(prefix, alias, 1)
        for path in streams
        for alias, prefix in aliases
        if path.startswith(prefix)
    ]
    fields = settings_of("gateway").model_fields
    return {
        "streams": sorted([*streams, *also]),
        "prefixes": PREFIXES,
        "internal": INTERNAL,
        "longest_timeout": max(route.timeout for route in (*table.ROUTES, *table.SLOW_ROUTES)),
        "transfer_seconds": fields["transfer_seconds"].default,
    }


def written(chart: Path = CHART) -> Mapping[Path, str]:
    """Every generated file with its text."""
    return {
        chart / "values.schema.json": values_schema(chart),
        chart / "files" / "settings.json": settings_facts(chart),
        chart / "files" / "alerts.yml": ALERTS.read_text("utf-8"),
    }


def drift(chart: Path = CHART) -> Iterator[str]:
    """Yield a line for each file that differs from its source."""
    for path, text in written(chart).items():
        if not path.is_file() or path.read_text("utf-8") != text:
            yield f"{path.relative_to(chart.parents[2])} differs from its source; {WRITE}"


def main(arguments: Sequence[str]) -> int:
    """Write the files, or compare them; exit code 1 and a line per difference, else 0."""
    if "--check" not in arguments:
        for path, text in written().items():
            path.write_text(text, "utf-8")
        return 0
    found = list(drift())
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
