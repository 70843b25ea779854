"""A start of the devstack, in the foreground or in the background."""

import asyncio
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from devstack.errors import DevstackError, disk_error
from devstack.supervisor.keys import load_keys
from devstack.supervisor.stack import (
    Home,
    PlatformOptions,
    RunningStack,
    StackPlan,
    require_free_ports,
)
from devstack.supervisor.state import ProcessId, StackState, sole_owner
from devstack.supervisor.supervisor import Supervisor

MIN_DISK_BYTES = 32 * 1024 * 1024
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class StartOptions:
    """The arguments of `./dev up`."""

    home: Home
    plan: StackPlan
    port_offset: int = 0
    fresh: bool = False
    platform: PlatformOptions = field(default_factory=PlatformOptions)


def run(
    options: StartOptions,
    on_ready: Callable[[str], None],
    when_ready: Callable[[RunningStack], Awaitable[None]],
) -> None:
    """Start everything, call `when_ready` with the stack, and run until a stop is requested.

    Raises:
        DevstackError: It could not start, or one of the processes ended.
    """
    home, plan = options.home, options.plan
    try:
        with sole_owner(home):
            stack = _prepare(options)
            state = StackState(ProcessId.of(os.getpid()), stack.offset, dict(stack.ports))
            state.save(home)
            supervisor = Supervisor(stack, plan, state, on_ready, lambda: when_ready(stack))
            asyncio.run(supervisor.run(fresh=options.fresh))
    except BrokenPipeError:
        # The terminal that showed our output is closed.
        return
    except OSError as error:
        raise disk_error(error, home.path) from error


def _prepare(options: StartOptions) -> RunningStack:
    home = options.home
    ports = options.plan.ports(options.port_offset)
    require_free_ports(ports)
    home.logs.mkdir(parents=True, exist_ok=True)
    home.log("devstack").unlink(missing_ok=True)
    free = shutil.disk_usage(home.path).free
    if free < MIN_DISK_BYTES:
        raise DevstackError(
            f"The disk of {home.path} is full ({free // 1024**2} MiB left,"
            f" {MIN_DISK_BYTES // 1024**2} are needed): free some space and start again."
        )
    keys = load_keys(home.keys)
    return RunningStack(home, ports, keys, options.port_offset, options.platform)


def run_in_background(run: Callable[[Callable[[], None]], int], log: Path) -> int:
    """Fork `run` into a session of its own; return 0 once it is ready, or its exit code.

    `run` gets the function to call when it is ready: its later output goes to the log.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _run_as_daemon(run, writer, log)
    os.close(writer)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if os.read(reader, 1):
            return 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except KeyboardInterrupt:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        return _INTERRUPTED


def _run_as_daemon(run: Callable[[Callable[[], None]], int], writer: int, log: Path) -> None:
    """Never returns: the caller's frames belong to the other process."""

    def report_ready() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
        for target, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, output), (2, output)):
            os.dup2(source, target)
        os.write(writer, b"!")
        os.close(writer)

    code = 1
    try:
        os.setsid()
        code = run(report_ready)
    except BaseException:  # noqa: BLE001  # The outermost frame of this process.
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
