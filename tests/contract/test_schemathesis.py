"""Whatever schemathesis thinks of: every answer is in the document, and every promise is kept.

All phases and all checks, against the five services as they run in the devstack; what is expected
otherwise stands in `schemathesis/<service>.toml` with its reason. `HYPOTHESIS_PROFILE=full` asks
thirty times as often.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devstack.seed.people import ADMIN, ANNA
from devstack.supervisor.keys import load_keys
from tests.e2e.demo_stack import DemoStack, demo_stack
from tools.openapi_export import ROOT, SERVICES, snapshot_of

FULL = os.environ.get("HYPOTHESIS_PROFILE") == "full"
FOLDER = Path(__file__).parent / "schemathesis"
UNLIMITED = {f"API_GATEWAY_{name}_PER_MINUTE": "1000000" for name in ("USER", "SIGN_IN", "SESSION")}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a service listens, who asks, and what is left out."""

    port: int
    as_admin: bool = True
    as_service: bool = False
    without: str = r"^/bff/"
    """Paths whose handlers are asked by another service's document, or are not ours."""
    phases: str = "examples,coverage,fuzzing,stateful"


TARGETS = {
    "bff_teacher": Target(4101, as_admin=False),
    "bff_admin": Target(4102),
    "config_service": Target(4103, as_service=True),
    # Mounted, as it is in use: health is the host's own, in the host's words.
    "identity_admin": Target(7005, as_service=True, without=r"^/(healthz|ready)$"),
    # Only screens link to each other.
    "gateway": Target(8080, as_admin=False, without=r"^/bff/", phases="examples,coverage,fuzzing"),
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    """A devstack of its own: what is asked here changes it, and more often than limits allow."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in UNLIMITED.items():
            environment.setenv(name, value)
        with demo_stack(tmp_path_factory.mktemp("devstack")) as (stack, _):
            yield stack


def headers(stack: DemoStack, target: Target) -> Iterator[str]:
    yield f"Authorization: Bearer {stack.token(ADMIN if target.as_admin else ANNA)}"
    if target.as_service:
        keys = load_keys(stack.home / "keys.json")
        yield f"X-Internal-API-Key: {keys.internal_api_key}"
        yield "X-Service-ID: bff-admin-service"


def command(stack: DemoStack, service: str, target: Target) -> list[str]:
    bounds = () if FULL else ("--max-examples", "3")
    return [
        str(Path(sys.executable).parent / "schemathesis"),
        *("--config-file", str(FOLDER / f"{service}.toml")),
        *("run", str(snapshot_of(service)), "--url", stack.url(target.port)),
        *(word for header in headers(stack, target) for word in ("--header", header)),
        *("--exclude-path-regex", target.without, "--request-timeout", "10"),
        *("--phases", target.phases),
        *("--generation-deterministic", "--no-color", *bounds),
    ]


@pytest.mark.fuzz
@pytest.mark.parametrize("service", SERVICES)
def test_every_answer_is_as_the_document_says(
    stack: DemoStack, service: str, tmp_path: Path
) -> None:
    hooks = {"SCHEMATHESIS_HOOKS": "tests.contract.schemathesis.hooks", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command(stack, service, TARGETS[service]),
        # It keeps what it found in the folder where it runs.
        cwd=tmp_path,
        env=os.environ | hooks,
        capture_output=True,
        text=True,
        timeout=1800 if FULL else 180,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    for phase in ("Examples", "Coverage", "Fuzzing"):
        assert f"✅ {phase}" in done.stdout
    # The gateway's own routes need what only a mail or a password manager knows.
    assert ("✅ Stateful" in done.stdout) == (service != "gateway")
