"""The Identity service's own tables, column for column, for SQLite and PostgreSQL.

Mirrors `services/identity_service/models_db.py` of the platform at migration `275f264d0c64`.
"""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    func,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class UtcDateTime(TypeDecorator[datetime]):
    """timestamptz; SQLite keeps no zone, so it stores and reads UTC."""

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
    """A server-side default: gen_random_uuid(), and its nearest equivalent on SQLite."""

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


metadata = MetaData()


def _id() -> Column[object]:
    return Column("id", Uuid, primary_key=True, default=uuid4, server_default=RandomUuid())


def _owner(*, index: bool = False, primary_key: bool = False) -> Column[object]:
    owner = ForeignKey("users.id", ondelete="CASCADE")
    return Column("user_id", Uuid, owner, nullable=False, index=index, primary_key=primary_key)


def _now(name: str) -> Column[object]:
    return Column(name, UtcDateTime, nullable=False, server_default=func.current_timestamp())


users = Table(
    "users",
    metadata,
    _id(),
    Column("email", String(320), nullable=False, unique=True, index=True),
    Column("org_id", String(255), index=True),
    Column("password_hash", String(255), nullable=False),
    Column("roles", JSON),
    Column("email_verified", Boolean, nullable=False, server_default=text("false")),
    _now("registered_at"),
    Column("failed_login_attempts", Integer, nullable=False, server_default=text("0")),
    Column("locked_until", UtcDateTime),
    Column("last_login_at", UtcDateTime),
    Column("last_failed_login_at", UtcDateTime),
)

user_profiles = Table(
    "user_profiles",
    metadata,
    _owner(primary_key=True),
    Column("first_name", String(255)),
    Column("last_name", String(255)),
    Column("display_name", String(255)),
    Column("locale", String(10)),
    _now("created_at"),
    _now("updated_at"),
)

# Decides whether a refresh token works. No foreign key, as on the platform.
refresh_sessions = Table(
    "refresh_sessions",
    metadata,
    Column("jti", String(255), primary_key=True),
    Column("user_id", Uuid, nullable=False, index=True),
    Column("exp_ts", Integer, nullable=False),
    _now("created_at"),
)

# For display only: revoking here does not stop a refresh token.
user_sessions = Table(
    "user_sessions",
    metadata,
    _id(),
    _owner(),
    Column("jti", String(255), nullable=False, unique=True),
    Column("device_name", String(255)),
    Column("device_type", String(50)),
    Column("ip_address", String(45)),
    Column("user_agent", Text),
    _now("last_activity"),
    _now("created_at"),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Index("idx_user_sessions_user_id", "user_id"),
    Index("idx_user_sessions_jti", "jti"),
    Index("idx_user_sessions_expires_at", "expires_at"),
)


def _mailed_tokens(name: str) -> Table:
    return Table(
        name,
        metadata,
        _id(),
        _owner(index=True),
        Column("token", String(255), nullable=False, unique=True, index=True),
        Column("expires_at", UtcDateTime, nullable=False, index=True),
        _now("created_at"),
        Column("used_at", UtcDateTime),
    )


email_verification_tokens = _mailed_tokens("email_verification_tokens")
password_reset_tokens = _mailed_tokens("password_reset_tokens")

_UNPUBLISHED = text("published_at IS NULL")

event_outbox = Table(
    "event_outbox",
    metadata,
    Column("id", Uuid, primary_key=True, default=uuid4),
    Column("aggregate_id", String(255), nullable=False, index=True),
    Column("aggregate_type", String(100), nullable=False),
    Column("event_type", String(255), nullable=False),
    Column("event_data", JSON, nullable=False),
    Column("event_key", String(255)),
    Column("topic", String(255), nullable=False),
    _now("created_at"),
    Column("published_at", UtcDateTime),
    Column("retry_count", Integer, nullable=False, default=0, server_default=text("0")),
    Column("last_error", Text),
    Index("ix_event_outbox_topic", "topic"),
    Index("ix_event_outbox_aggregate", "aggregate_type", "aggregate_id"),
    Index("ix_event_outbox_event_type", "event_type"),
    Index(
        "ix_event_outbox_unpublished_topic",
        "published_at",
        "topic",
        "created_at",
        postgresql_where=_UNPUBLISHED,
        sqlite_where=_UNPUBLISHED,
    ),
)

audit_logs = Table(
    "audit_logs",
    metadata,
    _id(),
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="SET NULL")),
    Column("action", String(50), nullable=False),
    Column("details", JSON),
    Column("ip_address", String(45)),
    Column("user_agent", Text),
    Column("correlation_id", Uuid),
    _now("created_at"),
    Index("idx_audit_logs_user_id", "user_id"),
    Index("idx_audit_logs_action", "action"),
    Index("idx_audit_logs_created_at", "created_at"),
)
