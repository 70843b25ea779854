"""The spread of a run over its workers: a file at a time, and what shares a devstack together."""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

_OF_THE_SHARED_DEVSTACK = re.compile(r"\b(demo|screens): DemoStack\b")


class StackScheduling(LoadFileScheduling):  # type: ignore[misc]  # the base has no types
    """Gives one worker all files whose tests share a devstack: no other needs to start one.

    They are those that read the devstack of the run, and those of a folder with a fixture for the
    package. A devstack is fifteen processes: 20 s of CPU to start and stop, and 3 s a minute.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        self._root = config.rootpath

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if reads_shared_devstack(self._root / file):
            return "devstack"
        folder, _, _ = file.rpartition("/")
        return folder if shares_by_package(self._root / folder) else file


@cache
def reads_shared_devstack(file: Path) -> bool:
    """True if a test of the file takes one of the fixtures `demo` and `screens`."""
    return bool(_OF_THE_SHARED_DEVSTACK.search(file.read_text("utf-8")))


@cache
def shares_by_package(folder: Path) -> bool:
    """True if a fixture of the folder's own lives as long as its tests run."""
    own = folder / "conftest.py"
    return own.is_file() and 'scope="package"' in own.read_text("utf-8")
