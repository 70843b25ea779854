"""Tables of Identity that this module uses, and the tables that it adds.

`services/identity_service/models_db.py` of the platform creates Identity's tables; only the columns
that are used here are declared, for queries. `migrations/` creates the tables of this module.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    String,
    Text,
    TypeDecorator,
    Uuid,
    case,
    column,
    func,
    table,
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


users = table(
    "users",
    column("id", Uuid),
    column("email", String),
    column("org_id", String),
    column("password_hash", String),
    column("roles", JSON),
    column("email_verified", Boolean),
    column("registered_at", UtcDateTime),
    column("failed_login_attempts", Integer),
)

user_profiles = table(
    "user_profiles",
    column("user_id", Uuid),
    column("first_name", String),
    column("last_name", String),
    column("display_name", String),
    column("created_at", UtcDateTime),
    column("updated_at", UtcDateTime),
)

password_reset_tokens = table(
    "password_reset_tokens",
    column("id", Uuid),
    column("user_id", Uuid),
    column("token", String),
    column("expires_at", UtcDateTime),
    column("created_at", UtcDateTime),
)

refresh_sessions = table(
    "refresh_sessions",
    column("jti", String),
    column("user_id", Uuid),
)

user_sessions = table(
    "user_sessions",
    column("id", Uuid),
    column("user_id", Uuid),
    column("revoked_at", UtcDateTime),
)

event_outbox = table(
    "event_outbox",
    column("id", Uuid),
    column("aggregate_id", String),
    column("aggregate_type", String),
    column("event_type", String),
    column("event_data", JSON),
    column("event_key", String),
    column("topic", String),
    column("created_at", UtcDateTime),
    column("published_at", UtcDateTime),
    column("retry_count", Integer),
    column("last_error", Text),
)

audit_logs = table(
    "audit_logs",
    column("id", Uuid),
    column("user_id", Uuid),
    column("action", String),
    column("details", JSON),
    column("correlation_id", Uuid),
    column("created_at", UtcDateTime),
)

user_approvals = table(
    "user_approvals",
    column("user_id", Uuid),
    column("status", String),
    column("version", Integer),
    column("requested_at", UtcDateTime),
    column("decided_at", UtcDateTime),
    column("decided_by", Uuid),
    column("reason", Text),
)

user_decisions = table(
    "user_decisions",
    column("sequence", BigInteger),
    column("user_id", Uuid),
    column("action", String),
    column("from_status", String),
    column("to_status", String),
    column("version", Integer),
    column("actor_id", Uuid),
    column("reason", Text),
    column("correlation_id", Uuid),
    column("decided_at", UtcDateTime),
)

user_revocations = table(
    "user_revocations",
    column("user_id", Uuid),
    column("revoked_at", UtcDateTime),
    column("published_at", UtcDateTime),
)

user_invitations = table(
    "user_invitations",
    column("user_id", Uuid),
    column("actor_id", Uuid),
    column("key", String),
    column("fingerprint", String),
    column("invited_at", UtcDateTime),
    column("expires_at", UtcDateTime),
)

user_approvals_marker = table(
    "user_approvals_marker",
    column("name", String),
    column("at", UtcDateTime),
    column("users", Integer),
)
