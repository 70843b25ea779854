"""`python -m services.config_service [serve|migrate|verify-audit|export-audit]`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from quart import Quart

from bff_core.errors import Unavailable
from bff_core.server import run
from bff_core.settings import SettingsError
from services.config_service.app import database_of, from_environment, seal_of
from services.config_service.config import Settings
from services.config_service.domain_handlers.audit import AuditHandler
from services.config_service.implementations.audit_log import SqlAudit
from services.config_service.implementations.database import Database
from services.config_service.migrations import migrate

Command = Callable[[Settings, Database, argparse.Namespace], Coroutine[Any, Any, int]]


async def _migrate(_: Settings, database: Database, __: argparse.Namespace) -> int:
    done = await migrate(database)
    _say("the database is up to date" if not done else "the database was brought up to date")
    return 0


async def _verify(settings: Settings, database: Database, told: argparse.Namespace) -> int:
    handler = AuditHandler(SqlAudit(database), seal_of(settings))
    verdict = await handler.verify(noted=told.head)
    if verdict.fault is None:
        _say(f"valid: {verdict.length} entries, head {verdict.head}")
        return 0
    _say(f"broken: entry {verdict.fault.sequence}: {verdict.fault.problem}")
    _say(f"{verdict.length} entries stand before it, head {verdict.head}")
    return 1


async def _export(_: Settings, database: Database, __: argparse.Namespace) -> int:
    encoder = msgspec.json.Encoder()
    async with SqlAudit(database).walk() as (entries, _head):
        async for entry in entries:
            row = asdict(entry)
            row |= {side: msgspec.Raw(row[side].encode()) for side in ("before", "after")}
            sys.stdout.buffer.write(encoder.encode(row) + b"\n")
    sys.stdout.buffer.flush()
    return 0


_COMMANDS: dict[str, Command] = {
    "migrate": _migrate,
    "verify-audit": _verify,
    "export-audit": _export,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.config_service")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve under Hypercorn (what happens without a command)")
    commands.add_parser("migrate", help="bring the database up to date")
    commands.add_parser("export-audit", help="print the audit as JSON lines, oldest first")
    verify = commands.add_parser("verify-audit", help="prove that the audit is whole")
    verify.add_argument(
        "--head", metavar="MAC", help="a head noted earlier, which must be in the chain"
    )
    return parser


def _up_to_date() -> tuple[Quart, Settings]:
    """The app, when its database can be used: otherwise one line says why not."""
    app, settings = from_environment()
    try:
        asyncio.run(_with_database(settings, migrate))
    except Unavailable as error:
        raise SettingsError(_explained(error)) from error
    return app, settings


async def _with_database(
    settings: Settings, use: Callable[[Database], Coroutine[Any, Any, Any]]
) -> Any:
    database = database_of(settings)
    try:
        return await use(database)
    finally:
        await database.close()


def _explained(error: Unavailable) -> str:
    return f"{error.text} ({error.details.get('reason')})"


def main(arguments: Sequence[str]) -> int:
    """Run a command; 0 is well, 1 a broken audit, 2 that it could not be tried."""
    told = _parser().parse_args(arguments)
    if told.command in {None, "serve"}:
        run(_up_to_date)
        return 0
    try:
        settings = Settings.load(os.environ)
        command = _COMMANDS[told.command]
        result = asyncio.run(_with_database(settings, lambda base: command(settings, base, told)))
    except (SettingsError, Unavailable) as error:
        _complain(_explained(error) if isinstance(error, Unavailable) else str(error))
        return 2
    return int(result)


def _say(text: str) -> None:
    print(text)  # noqa: T201 - a command's answer


def _complain(text: str) -> None:
    print(f"cannot do it: {text}", file=sys.stderr)  # noqa: T201 - a command's answer


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
