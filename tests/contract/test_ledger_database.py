"""The ledger's database before its first use."""

from pathlib import Path

from services.bff_teacher.confirmations.database import LedgerDatabase


async def test_a_ping_creates_no_file(tmp_path: Path) -> None:
    database = LedgerDatabase(f"sqlite+aiosqlite:///{tmp_path / 'ledger.sqlite3'}", timeout=1.0)

    assert await database.ping()
    await database.aclose()
    assert not (tmp_path / "ledger.sqlite3").is_file()
