"""`python -m services.config_service [serve|migrate|verify-audit|export-audit]`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import msgspec
from quart import Quart

from bff_core.errors import Unavailable
from bff_core.server import run
from bff_core.settings import SettingsError
from bff_core.signals import exit_on_signals
from services.config_service.app import audit_seal, from_environment, open_database
from services.config_service.config import PREFIX, Settings
from services.config_service.domain_handlers.audit import AuditHandler
from services.config_service.implementations.database import SqlDatabase
from services.config_service.implementations.history import SqlAuditLog
from services.config_service.migrations import migrate

T = TypeVar("T")
Command = Callable[[Settings, SqlDatabase, argparse.Namespace], Coroutine[Any, Any, int]]


async def _migrate(_: Settings, database: SqlDatabase, __: argparse.Namespace) -> int:
    changed = await migrate(database)
    _print("the database was brought up to date" if changed else "the database is up to date")
    return 0


async def _verify(settings: Settings, database: SqlDatabase, options: argparse.Namespace) -> int:
    handler = AuditHandler(SqlAuditLog(database), audit_seal(settings))
    verdict = await handler.verify(noted_head=options.head)
    if verdict.fault is None:
        _print(f"valid: {verdict.length} entries, head {verdict.head}")
        return 0
    _print(f"broken: entry {verdict.fault.sequence}: {verdict.fault.problem}")
    _print(f"{verdict.length} valid entries before it, head {verdict.head}")
    return 1


async def _export(_: Settings, database: SqlDatabase, __: argparse.Namespace) -> int:
    encoder = msgspec.json.Encoder()
    async with SqlAuditLog(database).walk() as (entries, _head):
        async for entry in entries:
            row = asdict(entry)
            row |= {side: msgspec.Raw(row[side].encode()) for side in ("before", "after")}
            sys.stdout.buffer.write(encoder.encode(row) + b"\n")
    sys.stdout.buffer.flush()
    return 0


class StorageSettings(Settings):
    """For commands that use the database alone."""

    def check_secrets(self) -> None: ...


class AuditSettings(Settings):
    """For a command that verifies the seal of the audit."""

    def check_secrets(self) -> None:
        self.require_secrets({f"{PREFIX}AUDIT_KEY": self.audit_key})


_COMMANDS: dict[str, tuple[Command, type[Settings]]] = {
    "migrate": (_migrate, StorageSettings),
    "verify-audit": (_verify, AuditSettings),
    "export-audit": (_export, StorageSettings),
}


def main(arguments: Sequence[str]) -> int:
    """Run a command: 0 is success, 1 a broken audit, 2 a command that could not run."""
    options = _parse(arguments)
    if options.command in {None, "serve"}:
        run(_migrated_app)
        return 0
    exit_on_signals()
    try:
        command, kind = _COMMANDS[options.command]
        settings = kind.load(os.environ)
        return asyncio.run(
            _with_database(settings, lambda database: command(settings, database, options))
        )
    except (SettingsError, Unavailable) as error:
        text = _explain(error) if isinstance(error, Unavailable) else str(error)
        print(f"cannot do it: {text}", file=sys.stderr)  # noqa: T201 - a command's output
        return 2


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m services.config_service")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve HTTP (the default)")
    commands.add_parser("migrate", help="bring the database up to date")
    commands.add_parser("export-audit", help="print the audit as JSON lines, oldest first")
    verify = commands.add_parser("verify-audit", help="prove that the audit is whole")
    verify.add_argument(
        "--head", metavar="MAC", help="a head noted earlier, which must be in the chain"
    )
    return parser.parse_args(arguments)


def _migrated_app() -> tuple[Quart, Settings]:
    """The app of the environment, after its database was migrated.

    Raises:
        SettingsError: The environment is invalid, or the database unavailable.
    """
    app, settings = from_environment()
    try:
        asyncio.run(_with_database(settings, migrate))
    except Unavailable as error:
        raise SettingsError(_explain(error)) from error
    return app, settings


async def _with_database(
    settings: Settings, use: Callable[[SqlDatabase], Coroutine[Any, Any, T]]
) -> T:
    database = open_database(settings)
    try:
        return await use(database)
    finally:
        await database.close()


def _explain(error: Unavailable) -> str:
    return f"{error.text} ({error.details.get('reason')}: {error.fields.get('error')})"


def _print(text: str) -> None:
    print(text)  # noqa: T201 - a command's output


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
