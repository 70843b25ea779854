"""`./dev up --reload`: a change of the code restarts the processes that run it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from devstack.supervisor.child import CODE_ROOT
from devstack.supervisor.processes import PLAN
from devstack.supervisor.supervisor import changed_processes


async def test_change_is_that_of_the_processes_with_this_code(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    for folder in (shared, own):
        folder.mkdir()
    first, second = (
        replace(PLAN.processes[0], name=name, sources=sources)
        for name, sources in (("first", (shared,)), ("second", (shared, own)))
    )

    async def write(folder: Path) -> None:
        # Until the watcher has begun, a change is none.
        while True:
            (folder / "module.py").write_text(f"{asyncio.get_running_loop().time()}")
            await asyncio.sleep(0.2)

    found = []
    for folder in (shared, own):
        writing = asyncio.create_task(write(folder))
        changes = changed_processes([first, second])
        assert isinstance(changes, AsyncGenerator)
        async with asyncio.timeout(30), aclosing(changes):
            found.append(await anext(changes))
        writing.cancel()

    assert found == [["first", "second"], ["second"]]


def test_each_service_of_ours_watches_its_own_code() -> None:
    sources = {process.name: process.sources for process in PLAN.processes}

    for name in ("gateway", "bff_teacher", "bff_admin", "config_service"):
        assert CODE_ROOT / "services" / name in sources[name]
    assert sources["identity"] == (CODE_ROOT / "services/identity_admin",)
    assert all(folder.is_dir() for folders in sources.values() for folder in folders)
