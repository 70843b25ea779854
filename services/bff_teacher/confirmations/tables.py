"""Tables of the ledger's database."""

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

metadata = MetaData()
schema_version = Table(
    "bff_teacher_ledger_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
)
attempts = Table(
    "bff_teacher_confirmation_attempts",
    metadata,
    Column("batch_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("decisions", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("forced", Boolean, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("ended_at", Text),
    # Makes attempts exclusive: only one can take the number after the latest.
    PrimaryKeyConstraint("batch_id", "number"),
)
titles = Table(
    "bff_teacher_batch_titles",
    metadata,
    Column("batch_id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    # Empty once it was cleared; the row stays, so that no version is used twice.
    Column("title", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", Text, nullable=False),
)
creations = Table(
    "bff_teacher_created_batches",
    metadata,
    Column("user_id", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("class_id", Text),
    Column("class_name", Text),
    Column("essay_count", Integer, nullable=False),
    Column("title", Text),
    Column("storage_id", Text),
    # In lower case, once it is known.
    Column("batch_id", Text, index=True),
    Column("outcome", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    # Makes submissions unique: a second one with the same key finds the first.
    PrimaryKeyConstraint("user_id", "idempotency_key"),
)
uploads = Table(
    "bff_teacher_uploads",
    metadata,
    Column("upload_key", Text, primary_key=True),
    Column("batch_id", Text, nullable=False, index=True),
    Column("user_id", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sent_at", Text, nullable=False),
    # The place within one request.
    Column("position", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("file_upload_id", Text),
    Column("updated_at", Text),
)
starts = Table(
    "bff_teacher_starts",
    metadata,
    Column("batch_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("reason", Text),
    Column("started_at", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("denial", Text),
    Column("ended_at", Text),
    # Makes starts exclusive, as those of confirmations.
    PrimaryKeyConstraint("batch_id", "number"),
)
facts = Table(
    "bff_teacher_event_facts",
    metadata,
    Column("batch_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    # An essay, an upload or the like; empty for a fact of the whole batch.
    Column("item", Text, nullable=False),
    Column("at", Text, nullable=False, index=True),
    Column("data", Text, nullable=False),
    Column("source_topic", Text, nullable=False),
    # The fact with the greatest remains; bytes, because a text's order depends on the database.
    Column("precedence", LargeBinary, nullable=False),
    PrimaryKeyConstraint("batch_id", "kind", "item"),
)
rejects = Table(
    "bff_teacher_event_rejects",
    metadata,
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("rejected_at", Text, nullable=False, index=True),
    # A record that comes again is rejected once.
    PrimaryKeyConstraint("topic", "partition", "offset"),
)
