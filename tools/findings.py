"""Places in the code that a check refuses, and the Python files that checks read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Alembic writes the migrations.
SKIPPED_PARTS = frozenset({"migrations", "__pycache__", "node_modules"})


@dataclass(frozen=True, slots=True)
class Finding:
    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}".removeprefix(f"{ROOT}/")


def python_files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        found = [place] if place.is_file() else sorted(place.rglob("*.py"))
        yield from (path for path in found if not SKIPPED_PARTS & set(path.parts))


def checked_files(arguments: Sequence[str], folders: Iterable[str]) -> Iterator[Path]:
    """The Python files of the given paths, or of the repository's folders without any."""
    places = [Path(argument) for argument in arguments] or [ROOT / name for name in folders]
    return python_files(places)
