"""The spread of a run over its workers: a file at a time, and what shares a devstack together."""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

_OF_THE_SHARED_DEVSTACK = re.compile(r"\b(demo|screens): DemoStack\b")


class StackScheduling(LoadFileScheduling):
    """Gives one worker all files whose tests read the shared devstack: each other needs none.

    A devstack is fifteen processes, which cost 20 s of CPU to start and stop, and 3 s a minute.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        self._root = config.rootpath

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "devstack" if reads_shared_devstack(self._root / file) else file


@cache
def reads_shared_devstack(file: Path) -> bool:
    """True if a test of the file takes one of the fixtures `demo` and `screens`."""
    return bool(_OF_THE_SHARED_DEVSTACK.search(file.read_text("utf-8")))
