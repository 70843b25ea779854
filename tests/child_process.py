"""The end of a child process that a test has started."""

import signal
import subprocess
from typing import Any

STOP_SECONDS = 10.0


def end(
    process: "subprocess.Popen[Any]",
    *,
    by: signal.Signals = signal.SIGTERM,
    seconds: float = STOP_SECONDS,
) -> None:
    """End the process by a signal, and by SIGKILL if it stays; harmless when it has ended."""
    process.send_signal(by)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(seconds)


def kill(process: "subprocess.Popen[Any]") -> None:
    """As `kill -9`, and wait until it is gone; harmless when it has ended."""
    end(process, by=signal.SIGKILL)
