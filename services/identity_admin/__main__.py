"""`python -m services.identity_admin`: migrate up|down, grant-admin EMAIL, list-pending."""

import argparse
import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

from bff_core.errors import BffError
from bff_core.settings import SettingsError
from services.identity_admin import commands
from services.identity_admin.config import Settings
from services.identity_admin.di import mails_of
from services.identity_admin.implementations.database import FAILURES
from services.identity_admin.implementations.migrator import NotIdentitysDatabase, NotMigrated


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m services.identity_admin", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True)
    migrating = verbs.add_parser("migrate", help="bring Identity's database up, or down again")
    migrating.add_argument("direction", choices=("up", "down"))
    granting = verbs.add_parser("grant-admin", help="make somebody an admin, and approve them")
    granting.add_argument("email")
    verbs.add_parser("list-pending", help="print who waits for approval")
    return top


def task(wanted: argparse.Namespace, settings: Settings, url: str) -> Coroutine[Any, Any, int]:
    if wanted.verb == "migrate":
        return commands.migrate_database(url, wanted.direction)
    if wanted.verb == "grant-admin":
        return commands.grant_admin(url, wanted.email, settings.role, mails_of(settings))
    return commands.list_pending(url)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 for what was refused, 2 for settings that do not fit."""
    wanted = parser().parse_args(arguments)
    try:
        settings = Settings.load(os.environ)
        return asyncio.run(task(wanted, settings, settings.require_database()))
    except SettingsError as error:
        sys.stderr.write(f"cannot start: {error}\n")
        return 2
    except (NotMigrated, NotIdentitysDatabase) as error:
        sys.stderr.write(f"refused: {error}\n")
        return 1
    except BffError as error:
        sys.stderr.write(f"failed: {error.text}\n")
        return 1
    except (*FAILURES, TimeoutError) as error:
        # Whatever was done is committed or undone; the text may hold a statement's values.
        sys.stderr.write(f"failed: the database said {type(error).__name__}; try again\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
