"""Failures of a database are named by the driver's own class."""

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError

from bff_core.database_url import driver_error


class InsufficientPrivilege(Exception):
    """As asyncpg raises it."""


def wrapped() -> DBAPIError:
    """As SQLAlchemy raises it: around its own adapter's error, around the driver's."""
    adapted = Exception("adapted")
    adapted.__cause__ = InsufficientPrivilege()
    return DBAPIError("CREATE TABLE", None, adapted)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (wrapped(), "InsufficientPrivilege"),
        (DBAPIError("SELECT", None, KeyError()), "KeyError"),
        (OSError(), "OSError"),
    ],
)
def test_driver_s_class_is_named(error: BaseException, name: str) -> None:
    assert driver_error(error) == name


async def test_late_answer_is_named_so_and_not_by_its_cancellation() -> None:
    with pytest.raises(TimeoutError) as late:
        async with asyncio.timeout(0):
            await asyncio.sleep(60)

    assert driver_error(late.value) == "TimeoutError"
