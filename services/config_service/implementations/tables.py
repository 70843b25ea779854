"""Table definitions for queries; `migrations` creates the tables."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

metadata = MetaData()

audit = Table(
    "config_audit",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("namespace", Text, nullable=False),
    Column("version_before", Integer, nullable=False),
    Column("version_after", Integer, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("prev_mac", Text, nullable=False),
    Column("mac", Text, nullable=False),
)

head = Table(
    "config_audit_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("mac", Text, nullable=False),
)

idempotency = Table(
    "config_idempotency_keys",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("created_at", Text, nullable=False),
)
