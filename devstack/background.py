"""Run a devstack behind the terminal's back, once it is ready."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

_INTERRUPTED = 130


def run_in_background(run: Callable[[Callable[[], None]], int], log: Path) -> int:
    """Run it in a session of its own; come back when it says so, or with its exit code when it ends.

    `run` gets the function to call when it is ready: from then on its output goes to the log.
    """
    answer, ready = os.pipe()
    _flush()
    pid = os.fork()
    if pid == 0:
        os.close(answer)
        _be_the_background(run, ready, log)
    os.close(ready)
    return _wait_for(pid, answer)


def _be_the_background(run: Callable[[Callable[[], None]], int], ready: int, log: Path) -> None:
    """Never returns: what called us belongs to the other process."""
    code = 1
    try:
        os.setsid()
        code = run(lambda: _let_go(ready, log))
    except BaseException:  # noqa: BLE001  # The last frame of this process: its edge.
        traceback.print_exc()
    finally:
        _flush()
        os._exit(code)


def _let_go(ready: int, log: Path) -> None:
    _flush()
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)
    os.close(output)
    os.write(ready, b"!")
    os.close(ready)


def _wait_for(pid: int, answer: int) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if os.read(answer, 1):
            return 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except KeyboardInterrupt:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        return _INTERRUPTED


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
