"""One long-lived process that runs jobs in children and says how they ended."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass
class Butcher:
    process: subprocess.Popen[str]

    def run(self, **job: object) -> int:
        """The job's exit status: 0, or -9 when it was killed on its way. Jobs end by themselves."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{json.dumps(job)}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def running_butcher() -> Iterator[Butcher]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.identity_admin.killing"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Butcher(process)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)
