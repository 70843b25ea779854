"""A start of the devstack, in the foreground or in the background."""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from devstack.errors import DevstackError, disk_error, full_disk
from devstack.screens.build import built_screens
from devstack.supervisor.keys import load_keys
from devstack.supervisor.stack import (
    Home,
    PlatformOptions,
    RunningStack,
    StackPlan,
    require_free_ports,
)
from devstack.supervisor.state import ProcessId, StackState, sole_owner
from devstack.supervisor.supervisor import Reports, Supervisor

_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class StartOptions:
    """The arguments of `./dev up`."""

    home: Home
    plan: StackPlan
    port_offset: int = 0
    fresh: bool = False
    reload: bool = False
    platform: PlatformOptions = field(default_factory=PlatformOptions)
    screens: bool = True


def run(
    options: StartOptions,
    on_ready: Callable[[str], None],
    on_event: Callable[[str], None],
    when_ready: Callable[[RunningStack], Awaitable[None]],
) -> None:
    """Start everything, call `when_ready` with the stack, and run until a stop is requested.

    `on_ready` gets the name of each process, `on_event` a line for each crash and restart.

    Raises:
        DevstackError: It could not start.
    """
    home = options.home
    try:
        with sole_owner(home):
            ports = options.plan.ports(options.port_offset)
            require_free_ports(ports)
            home.logs.mkdir(parents=True, exist_ok=True)
            home.log("devstack").unlink(missing_ok=True)
            if full := full_disk(home.path):
                raise DevstackError(f"{full}: free some space and start again.")
            keys = load_keys(home.keys)
            state = StackState(ProcessId.of(os.getpid()), options.port_offset, ports)
            state.save(home)
            screens = _screens(options, on_event)
            state.has_screens = screens is not None
            stack = RunningStack(home, ports, keys, state.offset, options.platform, screens)
            reports = Reports(on_ready, on_event, lambda: when_ready(stack))
            supervisor = Supervisor(stack, options.plan, state, reports)
            asyncio.run(supervisor.run(fresh=options.fresh, reload=options.reload))
    except OSError as error:
        raise disk_error(error, home.path) from error


def _screens(options: StartOptions, on_event: Callable[[str], None]) -> Path | None:
    """The folder that the shell names for the gateway; else the built screens of this checkout."""
    given = os.environ.get("API_GATEWAY_STATIC_DIR")
    if given is not None:
        return Path(given) if given else None
    if not options.screens or "gateway" not in options.plan.names():
        return None
    return built_screens(options.home.log("web"), on_event)


def run_in_background(run: Callable[[Callable[[], None]], int], log: Path) -> int:
    """Fork `run` into a session of its own; return 0 once it is ready, or its exit code.

    `run` gets the function to call when it is ready: its later output goes to the log.
    """
    reader, writer = os.pipe()
    _flush()
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
        _flush()
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
        _flush()
        os._exit(code)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
