"""The Identity service's own tables, column for column, for SQLite and PostgreSQL.

Mirrors `services/identity_service/models_db.py` of the platform at migration `275f264d0c64`.
"""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class UtcDateTime(sa.TypeDecorator[datetime]):
    """timestamptz; SQLite keeps no zone, so it stores and reads UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's shape
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class RandomUuid(FunctionElement[UUID]):
    """A server-side default: gen_random_uuid(), and its nearest equivalent on SQLite."""

    type = sa.Uuid()
    name = "random_uuid"
    inherit_cache = True


@compiles(RandomUuid)
def _on_postgresql(_element: RandomUuid, _compiler: SQLCompiler, **_kw: object) -> str:
    return "gen_random_uuid()"


@compiles(RandomUuid, "sqlite")
def _on_sqlite(_element: RandomUuid, _compiler: SQLCompiler, **_kw: object) -> str:
    # SQLAlchemy keeps a Uuid as 32 hex digits here; the brackets make it an expression default.
    return "(lower(hex(randomblob(16))))"


metadata = sa.MetaData()


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid, primary_key=True, default=uuid4, server_default=RandomUuid())


def _owner(*, index: bool = False, primary_key: bool = False) -> sa.Column[object]:
    owner = sa.ForeignKey("users.id", ondelete="CASCADE")
    return sa.Column(
        "user_id", sa.Uuid, owner, nullable=False, index=index, primary_key=primary_key
    )


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, UtcDateTime, nullable=False, server_default=sa.func.current_timestamp())


users = sa.Table(
    "users",
    metadata,
    _id(),
    sa.Column("email", sa.String(320), nullable=False, unique=True, index=True),
    sa.Column("org_id", sa.String(255), index=True),
    sa.Column("password_hash", sa.String(255), nullable=False),
    sa.Column("roles", sa.JSON),
    sa.Column("email_verified", sa.Boolean, nullable=False, server_default=sa.text("false")),
    _now("registered_at"),
    sa.Column("failed_login_attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("locked_until", UtcDateTime),
    sa.Column("last_login_at", UtcDateTime),
    sa.Column("last_failed_login_at", UtcDateTime),
)

user_profiles = sa.Table(
    "user_profiles",
    metadata,
    _owner(primary_key=True),
    sa.Column("first_name", sa.String(255)),
    sa.Column("last_name", sa.String(255)),
    sa.Column("display_name", sa.String(255)),
    sa.Column("locale", sa.String(10)),
    _now("created_at"),
    _now("updated_at"),
)

# Decides whether a refresh token works. No foreign key, as on the platform.
refresh_sessions = sa.Table(
    "refresh_sessions",
    metadata,
    sa.Column("jti", sa.String(255), primary_key=True),
    sa.Column("user_id", sa.Uuid, nullable=False, index=True),
    sa.Column("exp_ts", sa.Integer, nullable=False),
    _now("created_at"),
)

# For display only: revoking here does not stop a refresh token.
user_sessions = sa.Table(
    "user_sessions",
    metadata,
    _id(),
    _owner(),
    sa.Column("jti", sa.String(255), nullable=False, unique=True),
    sa.Column("device_name", sa.String(255)),
    sa.Column("device_type", sa.String(50)),
    sa.Column("ip_address", sa.String(45)),
    sa.Column("user_agent", sa.Text),
    _now("last_activity"),
    _now("created_at"),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime),
    sa.Index("idx_user_sessions_user_id", "user_id"),
    sa.Index("idx_user_sessions_jti", "jti"),
    sa.Index("idx_user_sessions_expires_at", "expires_at"),
)


def _mailed_tokens(name: str) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        _id(),
        _owner(index=True),
        sa.Column("token", sa.String(255), nullable=False, unique=True, index=True),
        sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
        _now("created_at"),
        sa.Column("used_at", UtcDateTime),
    )


email_verification_tokens = _mailed_tokens("email_verification_tokens")
password_reset_tokens = _mailed_tokens("password_reset_tokens")

_UNPUBLISHED = sa.text("published_at IS NULL")

event_outbox = sa.Table(
    "event_outbox",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True, default=uuid4),
    sa.Column("aggregate_id", sa.String(255), nullable=False, index=True),
    sa.Column("aggregate_type", sa.String(100), nullable=False),
    sa.Column("event_type", sa.String(255), nullable=False),
    sa.Column("event_data", sa.JSON, nullable=False),
    sa.Column("event_key", sa.String(255)),
    sa.Column("topic", sa.String(255), nullable=False),
    _now("created_at"),
    sa.Column("published_at", UtcDateTime),
    sa.Column("retry_count", sa.Integer, nullable=False, default=0, server_default=sa.text("0")),
    sa.Column("last_error", sa.Text),
    sa.Index("ix_event_outbox_topic", "topic"),
    sa.Index("ix_event_outbox_aggregate", "aggregate_type", "aggregate_id"),
    sa.Index("ix_event_outbox_event_type", "event_type"),
    sa.Index(
        "ix_event_outbox_unpublished_topic",
        "published_at",
        "topic",
        "created_at",
        postgresql_where=_UNPUBLISHED,
        sqlite_where=_UNPUBLISHED,
    ),
)

audit_logs = sa.Table(
    "audit_logs",
    metadata,
    _id(),
    sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", ondelete="SET NULL")),
    sa.Column("action", sa.String(50), nullable=False),
    sa.Column("details", sa.JSON),
    sa.Column("ip_address", sa.String(45)),
    sa.Column("user_agent", sa.Text),
    sa.Column("correlation_id", sa.Uuid),
    _now("created_at"),
    sa.Index("idx_audit_logs_user_id", "user_id"),
    sa.Index("idx_audit_logs_action", "action"),
    sa.Index("idx_audit_logs_created_at", "created_at"),
)
