"""A devstack of three tiny processes: `python fake_devstack.py up ...`, steered by FAKE_* variables."""

import os
import sys
from pathlib import Path

from devstack.cli.commands import main
from devstack.supervisor.processes import http_probe
from devstack.supervisor.stack import ProcessSpec, RunningStack, StackPlan

STUB = str(Path(__file__).with_name("stub_process.py"))
PORTS = dict(
    zip(("base", "middle", "edge"), map(int, os.environ["FAKE_PORTS"].split(",")), strict=True)
)


def process(name: str, *depends_on: str) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        command=lambda stack: (sys.executable, STUB, str(stack.ports[name])),
        port=PORTS[name],
        probe=http_probe("/healthz"),
        env=lambda _stack: {"STUB_MODE": os.environ.get(f"FAKE_{name.upper()}", "serve")},
        depends_on=depends_on,
        about=f"the {name}",
    )


def seed(stack: RunningStack, *, fresh: bool) -> tuple[str, ...]:
    code = os.environ.get("FAKE_SEED", "0")
    note = f"open({str(stack.home.path / 'seeds')!r}, 'a').write('fresh ' if {fresh} else 'new ')"
    return (sys.executable, "-c", f"{note}; raise SystemExit({code})")


if __name__ == "__main__":
    processes = (process("base"), process("middle", "base"), process("edge", "middle"))
    main(StackPlan(processes, seed=seed, seed_env=lambda _stack: {}))
