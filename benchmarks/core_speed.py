"""How fast the tested core is: a neighbour on its other half makes all that runs there a third slower.

That lasts for seconds, and the callers' core has neighbours of its own. So one process beats on the
tested core all the while, and what contestants spend is compared in beats of the same moments.
`python -m benchmarks.core_speed FILE PARENT` is that process; it ends with the one that started it.
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

from benchmarks.processes import ROOT, TESTED_CORES
from benchmarks.pulse import work

EVERY = 0.005
_BEAT = Struct("dd")


class CoreSpeed:
    """Reads what the process writes: pairs of when a beat was, and the seconds it took."""

    def __init__(self, beats: Path) -> None:
        self._beats = beats

    def beat(self, stretches: Sequence[tuple[float, float]]) -> float | None:
        """Mean seconds of a beat within these stretches; None if there was none."""
        began, ended = stretches[0][0], stretches[-1][1]
        near = [(at, took) for at, took in self._all() if began <= at <= ended]
        found = [took for at, took in near if any(a <= at <= b for a, b in stretches)]
        return mean(found) if found else None

    def _all(self) -> list[tuple[float, float]]:
        written = self._beats.read_bytes()
        return list(_BEAT.iter_unpack(written[: len(written) // _BEAT.size * _BEAT.size]))


@contextmanager
def watched_core() -> Iterator[CoreSpeed]:
    with tempfile.TemporaryDirectory() as folder:
        beats = Path(folder) / "beats"
        beats.touch()
        command = [sys.executable, "-m", "benchmarks.core_speed", str(beats), str(os.getpid())]
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            yield CoreSpeed(beats)
        finally:
            process.kill()
            process.wait(timeout=10)


def main() -> None:
    os.sched_setaffinity(0, TESTED_CORES)
    # Told, not asked for: whoever started this may be gone before it comes here.
    path, parent = Path(sys.argv[1]), int(sys.argv[2])
    with path.open("ab", buffering=0) as beats:
        while os.getppid() == parent:
            beats.write(_BEAT.pack(time.perf_counter(), work()))
            time.sleep(EVERY)


if __name__ == "__main__":
    main()
