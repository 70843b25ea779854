"""Column types that mean the same on PostgreSQL and on SQLite."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Dialect,
    String,
    TypeDecorator,
    case,
    func,
    type_coerce,
)


class Moment(TypeDecorator[datetime]):
    """timestamptz; SQLite keeps no zone, so there it is written and read as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's shape
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def exact(column: ColumnElement[Any], dialect: Dialect) -> ColumnElement[Any]:
    """To be copied from another table: SQLite compares times as texts, and its own lack digits."""
    if dialect.name != "sqlite":
        return column
    written = type_coerce(column, String)
    return case((func.instr(written, ".") > 0, written), else_=written + ".000000")
