"""Speed of the tested core over time, from a process that times a constant loop on it.

A busy sibling of the core makes everything on it a third slower for seconds. CPU costs are therefore
compared in multiples of the loop's time at the same moments.
`python -m benchmarks.core_speed FILE PARENT` is that process. It ends with its parent.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from struct import Struct

from benchmarks.machine_speed import timed_loop
from benchmarks.processes import ROOT, TESTED_CORES

LOOP_EVERY = 0.005
_RECORD = Struct("dd")


class CoreSpeed:
    """Reads the file of the timing process: records of a loop's start and its seconds."""

    def __init__(self, records: Path) -> None:
        self._records = records

    def loop_seconds(self, intervals: Sequence[tuple[float, float]]) -> float | None:
        """Mean seconds of the loops within the intervals; None if there was none."""
        written = self._records.read_bytes()
        complete = written[: len(written) // _RECORD.size * _RECORD.size]
        began, ended = intervals[0][0], intervals[-1][1]
        near = [(at, took) for at, took in _RECORD.iter_unpack(complete) if began <= at <= ended]
        found = [took for at, took in near if any(a <= at <= b for a, b in intervals)]
        return mean(found) if found else None


@contextmanager
def measured_core() -> Iterator[CoreSpeed]:
    """Run the timing process until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder) / "records"
        records.touch()
        command = [sys.executable, "-m", "benchmarks.core_speed", str(records), str(os.getpid())]
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            yield CoreSpeed(records)
        finally:
            process.kill()
            process.wait(timeout=10)


def main() -> None:
    os.sched_setaffinity(0, TESTED_CORES)
    # The parent's id is an argument: the parent may have ended before this line.
    path, parent = Path(sys.argv[1]), int(sys.argv[2])
    with path.open("ab", buffering=0) as records:
        while os.getppid() == parent:
            records.write(_RECORD.pack(time.perf_counter(), timed_loop()))
            time.sleep(LOOP_EVERY)


if __name__ == "__main__":
    main()
