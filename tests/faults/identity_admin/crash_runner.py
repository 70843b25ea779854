"""Client of the process that runs crash jobs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass
class CrashRunner:
    process: subprocess.Popen[str]

    def run(self, **job: object) -> int:
        """Run a job to its end; return its exit status: 0, or -9 when it was killed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{json.dumps(job)}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def running_crash_runner() -> Iterator[CrashRunner]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.identity_admin.crash_jobs"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield CrashRunner(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)
