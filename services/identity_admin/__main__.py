"""`python -m services.identity_admin`: migrate up|down, grant-admin EMAIL, revoke-admin EMAIL, list-pending."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from bff_core.errors import BffError
from bff_core.settings import SettingsError
from bff_core.signals import exit_on_signals
from services.identity_admin import commands
from services.identity_admin.config import Settings
from services.identity_admin.di import email_templates
from services.identity_admin.implementations.database import DATABASE_ERRORS
from services.identity_admin.implementations.migrator import NotIdentityDatabase, NotMigrated


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m services.identity_admin", description=__doc__)
    subcommands = top.add_subparsers(dest="command", required=True)
    migrate = subcommands.add_parser("migrate", help="migrate Identity's database up or down")
    migrate.add_argument("direction", choices=("up", "down"))
    grant = subcommands.add_parser("grant-admin", help="give the admin role and approve")
    grant.add_argument("email")
    grant.add_argument("--role", help="another role than that of the settings")
    revoke = subcommands.add_parser("revoke-admin", help="take the admin role away")
    revoke.add_argument("email")
    revoke.add_argument("--role", help="another role than that of the settings")
    subcommands.add_parser("list-pending", help="print the accounts that wait for approval")
    return top


async def run(arguments: argparse.Namespace, settings: Settings) -> int:
    url = settings.require_database()
    match arguments.command:
        case "migrate":
            return await commands.migrate_database(url, arguments.direction)
        case "grant-admin":
            role, templates = arguments.role or settings.role, email_templates(settings)
            return await commands.grant_admin(url, arguments.email, role, templates)
        case "revoke-admin":
            role = arguments.role or settings.role
            return await commands.revoke_admin(url, arguments.email, role)
        case _:
            return await commands.list_pending(url)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; exit code 1 for a refusal, 2 for invalid settings."""
    parsed = parser().parse_args(arguments)
    # Its work is one transaction, which the database rolls back.
    exit_on_signals()
    try:
        return asyncio.run(run(parsed, Settings.load(os.environ)))
    except (NotMigrated, NotIdentityDatabase) as error:
        sys.stderr.write(f"refused: {error}\n")
        return 1
    except SettingsError as error:
        sys.stderr.write(f"cannot start: {error}\n")
        return 2
    except BffError as error:
        sys.stderr.write(f"failed: {error.text}\n")
        return 1
    except (*DATABASE_ERRORS, TimeoutError) as error:
        # The transaction is committed or rolled back; the text may hold a statement's values.
        sys.stderr.write(f"failed: database error {type(error).__name__}; try again\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
