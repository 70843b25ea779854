"""`./dev up --reload`: finds the processes whose code has changed."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from watchfiles import PythonFilter, awatch

from devstack.supervisor.stack import ProcessSpec


async def changed_processes(processes: Iterable[ProcessSpec]) -> AsyncIterator[list[str]]:
    """Yield the names of the processes whose Python files changed, after each burst of changes."""
    sources = {process.name: process.sources for process in processes if process.sources}
    folders = {folder for folders in sources.values() for folder in folders}
    if not folders:
        return
    async for changes in awatch(*folders, watch_filter=PythonFilter()):
        changed = [Path(path) for _, path in changes]
        names = [name for name, own in sources.items() if _are_below(changed, own)]
        if names:
            yield names


def _are_below(paths: Iterable[Path], folders: tuple[Path, ...]) -> bool:
    return any(path.is_relative_to(folder) for path in paths for folder in folders)
