"""Tables of events in the ledger's database."""

from sqlalchemy import Column, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from services.bff_teacher.confirmations.tables import metadata

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
