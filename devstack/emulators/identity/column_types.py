"""Column types and defaults that mean the same on SQLite and on PostgreSQL."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import DateTime, Dialect, TypeDecorator, Uuid
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Moment(TypeDecorator[datetime]):
    """timestamptz; SQLite keeps no zone, so there it is written and read back as UTC."""

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


class RandomUuid(FunctionElement[UUID]):
    """A server-side default: gen_random_uuid() and what comes closest to it."""

    type = Uuid()
    name = "random_uuid"
    inherit_cache = True


@compiles(RandomUuid)
def _on_postgresql(_element: RandomUuid, _compiler: SQLCompiler, **_kw: object) -> str:
    return "gen_random_uuid()"


@compiles(RandomUuid, "sqlite")
def _on_sqlite(_element: RandomUuid, _compiler: SQLCompiler, **_kw: object) -> str:
    # SQLAlchemy keeps a Uuid as 32 hex digits here; the brackets make it an expression default.
    return "(lower(hex(randomblob(16))))"
