"""The devstack's processes without its supervisor: a test kills and starts each as it likes."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from devstack.supervisor.child import CODE_ROOT
from devstack.supervisor.environment import inherited_environment
from devstack.supervisor.keys import load_keys
from devstack.supervisor.processes import PLAN
from devstack.supervisor.stack import Home, PlatformOptions, ProcessSpec, RunningStack
from tests import child_process
from tests.e2e.demo_stack import free_offset

READY_SECONDS = 180.0
STOP_SECONDS = 20.0
_POLL_SECONDS = 0.05

Environment = Mapping[str, str | None]
"""Variables that replace those of the devstack; None removes one."""
# Its tests are about what the services' routes tell.
_PLAN = PLAN.without("kafka")


@dataclass
class KillableStack:
    """Processes by the names of `./dev status`, and the variables of each that differ."""

    running: RunningStack
    names: Sequence[str]
    environ: dict[str, Environment] = field(default_factory=dict)
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def url(self, name: str) -> str:
        return self.running.url(name)

    def start_all(self) -> None:
        for name in self.names:
            self.start(name)

    def start(self, name: str) -> None:
        spec = _spec(name)
        given: dict[str, str | None] = {**inherited_environment(), **spec.env(self.running)}
        given |= self.environ.get(name, {})
        with self.running.home.log(name).open("ab") as log:
            self._children[name] = subprocess.Popen(
                spec.command(self.running),
                env={variable: value for variable, value in given.items() if value is not None},
                cwd=CODE_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        child = self._children[name]
        child.send_signal(number)
        child.wait(timeout=STOP_SECONDS)

    def wait_until_ready(self, *names: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        for name in names or self._children:
            spec, port = _spec(name), self.running.ports[name]
            while fault := _fault(spec, port):
                late = time.monotonic() > deadline or self._children[name].poll() is not None
                assert not late, f"{name}: {fault}\n{self.running.home.log(name).read_text()}"
                time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        for child in self._children.values():
            child_process.kill(child)


@contextmanager
def killable_stack(folder: Path, *, without: Collection[str] = ()) -> Iterator[KillableStack]:
    """The devstack but some processes, on ports of its own with new data; nothing is started."""
    home = Home(folder)
    offset = free_offset()
    home.logs.mkdir(parents=True)
    home.data.mkdir()
    running = RunningStack(
        home,
        _PLAN.ports(offset),
        load_keys(home.keys),
        offset,
        PlatformOptions(cms_class_info="fixed", ras_cache_seconds=1),
    )
    _seed(running)
    stack = KillableStack(running, [one for one in _PLAN.names() if one not in without])
    try:
        yield stack
    finally:
        stack.close()


def _seed(running: RunningStack) -> None:
    assert PLAN.seed is not None
    assert PLAN.seed_env is not None
    command = PLAN.seed(running, fresh=True)
    environ = {**os.environ, **PLAN.seed_env(running)}
    subprocess.run(command, env=environ, cwd=CODE_ROOT, timeout=READY_SECONDS, check=True)


def _fault(spec: ProcessSpec, port: int) -> str | None:
    async def probed() -> str | None:
        return await spec.probe(port)

    # In a thread of its own: a browser of the test may have an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(probed())).result()


def _spec(name: str) -> ProcessSpec:
    return next(spec for spec in PLAN.processes if spec.name == name)
