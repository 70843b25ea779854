"""Identity's tables as far as we read and write them, and the ones that are ours.

Identity's own are described, never created: `services/identity_service/models_db.py` of the
platform owns them. Ours are created by `migrations/`.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
)

from services.identity_admin.implementations.columns import Moment

# Not Identity's metadata: its create_all must not make our tables behind the migration's back.
metadata = MetaData()

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(320)),
    Column("org_id", String(255)),
    Column("roles", JSON),
    Column("email_verified", Boolean),
    Column("registered_at", Moment),
)

user_profiles = Table(
    "user_profiles",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("first_name", String(255)),
    Column("last_name", String(255)),
    Column("display_name", String(255)),
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
    Column("revoked_at", Moment),
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
    Column("created_at", Moment),
    Column("published_at", Moment),
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
    Column("created_at", Moment),
)

user_approvals = Table(
    "user_approvals",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("status", String(20)),
    Column("version", Integer),
    Column("requested_at", Moment),
    Column("decided_at", Moment),
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
    Column("decided_at", Moment),
)

user_approvals_marker = Table(
    "user_approvals_marker",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("at", Moment),
    Column("users", Integer),
)
