"""Tables of Identity that this module uses, and the tables that it adds.

`services/identity_service/models_db.py` of the platform creates Identity's tables; only the columns
that are used here are declared. `migrations/` creates the tables of this module.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    case,
    func,
    type_coerce,
)


class UtcDateTime(TypeDecorator[datetime]):
    """Timestamp with time zone; SQLite stores no zone, so it is written and read there as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - signature of SQLAlchemy
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def full_precision(column: ColumnElement[Any], dialect: Dialect) -> ColumnElement[Any]:
    """Timestamp to copy into another table.

    SQLite compares timestamps as text, and its default values have no microseconds: they are added.
    """
    if dialect.name != "sqlite":
        return column
    text = type_coerce(column, String)
    return case((func.instr(text, ".") > 0, text), else_=text + ".000000")


# Separate from Identity's metadata: Identity's create_all must not create the tables of this module.
metadata = MetaData()

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(320)),
    Column("org_id", String(255)),
    Column("password_hash", String(255)),
    Column("roles", JSON),
    Column("email_verified", Boolean),
    Column("registered_at", UtcDateTime),
    Column("failed_login_attempts", Integer),
)

user_profiles = Table(
    "user_profiles",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("first_name", String(255)),
    Column("last_name", String(255)),
    Column("display_name", String(255)),
    Column("created_at", UtcDateTime),
    Column("updated_at", UtcDateTime),
)

password_reset_tokens = Table(
    "password_reset_tokens",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("token", String(255)),
    Column("expires_at", UtcDateTime),
    Column("created_at", UtcDateTime),
)

refresh_sessions = Table(
    "refresh_sessions",
    metadata,
    Column("jti", String(255), primary_key=True),
    Column("user_id", Uuid),
)

user_sessions = Table(
    "user_sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("revoked_at", UtcDateTime),
)

event_outbox = Table(
    "event_outbox",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("aggregate_id", String(255)),
    Column("aggregate_type", String(100)),
    Column("event_type", String(255)),
    Column("event_data", JSON),
    Column("event_key", String(255)),
    Column("topic", String(255)),
    Column("created_at", UtcDateTime),
    Column("published_at", UtcDateTime),
    Column("retry_count", Integer),
    Column("last_error", Text),
)

audit_logs = Table(
    "audit_logs",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("action", String(50)),
    Column("details", JSON),
    Column("correlation_id", Uuid),
    Column("created_at", UtcDateTime),
)

user_approvals = Table(
    "user_approvals",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("status", String(20)),
    Column("version", Integer),
    Column("requested_at", UtcDateTime),
    Column("decided_at", UtcDateTime),
    Column("decided_by", Uuid),
    Column("reason", Text),
)

user_decisions = Table(
    "user_decisions",
    metadata,
    Column("sequence", BigInteger, primary_key=True),
    Column("user_id", Uuid),
    Column("action", String(20)),
    Column("from_status", String(20)),
    Column("to_status", String(20)),
    Column("version", Integer),
    Column("actor_id", Uuid),
    Column("reason", Text),
    Column("correlation_id", Uuid),
    Column("decided_at", UtcDateTime),
)

user_revocations = Table(
    "user_revocations",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("revoked_at", UtcDateTime),
    Column("published_at", UtcDateTime),
)

user_invitations = Table(
    "user_invitations",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("actor_id", Uuid),
    Column("key", String(255)),
    Column("fingerprint", String(64)),
    Column("invited_at", UtcDateTime),
    Column("expires_at", UtcDateTime),
)

user_approvals_marker = Table(
    "user_approvals_marker",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("at", UtcDateTime),
    Column("users", Integer),
)
