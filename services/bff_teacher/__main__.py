"""`python -m services.bff_teacher [serve|migrate|rebuild-events]`."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import aclosing
from importlib import import_module

from bff_core.errors import Unavailable
from bff_core.server import run
from bff_core.settings import SettingsError
from bff_core.signals import exit_on_signals
from services.bff_teacher.app import from_environment
from services.bff_teacher.config import Settings
from services.bff_teacher.di.services import open_ledger
from services.bff_teacher.events.source import SourceLost
from services.bff_teacher.events.store import SqlEventFacts
from services.bff_teacher.events.topics import CONTRACTS


class EventSettings(Settings):
    """For a command that uses Kafka and the database alone."""

    def check_secrets(self) -> None: ...


async def rebuild_events(settings: Settings) -> int:
    """Take the group back to its beginning, then forget the facts; the number of partitions.

    In this order, a command that is interrupted loses nothing: facts that are read twice are kept
    once.

    Raises:
        SettingsError: No Kafka is set.
        SourceLost: The broker cannot be reached, or a replica still runs.
        Unavailable: The database cannot be used.
        ImportError: The extra `kafka` is not installed.
    """
    if not settings.kafka_bootstrap_servers:
        raise SettingsError("KAFKA_BOOTSTRAP_SERVERS is not set")
    kafka = import_module("services.bff_teacher.events.kafka")
    offsets = import_module("services.bff_teacher.events.offsets")
    options = kafka.KafkaOptions(**settings.kafka_options)
    partitions: int = await offsets.rewind(options, CONTRACTS)
    async with aclosing(open_ledger(settings)) as database:
        await SqlEventFacts(database).clear()
    return partitions


class LedgerSettings(Settings):
    """For a command that uses the database alone."""

    def check_secrets(self) -> None: ...


async def migrate(settings: Settings) -> None:
    """Make the tables that are missing; the first use would make them, too, under the same lock.

    Raises:
        Unavailable: The database cannot be used, or has the tables of another release.
    """
    async with aclosing(open_ledger(settings)) as database, database.transaction():
        pass


def main(arguments: Sequence[str]) -> int:
    """Run a command: 0 is success, 2 a command that could not run."""
    parser = argparse.ArgumentParser(prog="python -m services.bff_teacher")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve HTTP (the default)")
    commands.add_parser("migrate", help="make the tables that the database lacks")
    commands.add_parser(
        "rebuild-events", help="read the platform's events anew; no replica may run"
    )
    command = _COMMANDS.get(parser.parse_args(arguments).command)
    if command is None:
        run(from_environment)
        return 0
    exit_on_signals()
    try:
        print(command())  # noqa: T201 - the output
    except (SettingsError, SourceLost, ImportError) as error:
        return _fail(str(error))
    except Unavailable as error:
        return _fail(f"{error.text} ({error.details.get('reason')}: {error.fields.get('error')})")
    return 0


def _migrate() -> str:
    asyncio.run(migrate(LedgerSettings.load(os.environ)))
    return "the database is up to date"


def _rebuild_events() -> str:
    partitions = asyncio.run(rebuild_events(EventSettings.load(os.environ)))
    return f"{partitions} partitions will be read from their beginning"


_COMMANDS: dict[str, Callable[[], str]] = {"migrate": _migrate, "rebuild-events": _rebuild_events}


def _fail(reason: str) -> int:
    print(f"cannot do it: {reason}", file=sys.stderr)  # noqa: T201 - a command's output
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
