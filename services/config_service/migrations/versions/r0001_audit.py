"""The audit, its head, and the responses stored under Idempotency-Keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

GENESIS = "0" * 64
APPEND_ONLY = "the audit is append-only"


def upgrade() -> None:
    _make_audit()
    _make_head()
    _make_idempotency()
    statements = _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES
    for statement in statements:
        op.execute(statement)


def _make_audit() -> None:
    texts = ("at", "actor", "service", "correlation_id", "namespace")
    op.create_table(
        "config_audit",
        # On SQLite only this spelling makes the column the row's own number.
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=False,
        ),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("version_before", sa.Integer(), nullable=False),
        sa.Column("version_after", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("before", "after", "reason", "prev_mac", "mac")
        ),
        sa.UniqueConstraint("namespace", "version_after"),
        sa.CheckConstraint("version_after = version_before + 1"),
    )
    op.create_index("config_audit_by_actor", "config_audit", ["actor", "sequence"])


def _make_head() -> None:
    table = op.create_table(
        "config_audit_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1"),
    )
    op.bulk_insert(table, [{"id": 1, "sequence": 0, "mac": GENESIS}])


def _make_idempotency() -> None:
    op.create_table(
        "config_idempotency_keys",
        sa.Column("actor", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False, index=True),
    )


# SQLite resolves INSERT OR REPLACE after BEFORE INSERT triggers and without DELETE triggers,
# so a row that would replace another is refused before that.
_SQLITE = (
    f"""CREATE TRIGGER config_audit_no_update BEFORE UPDATE ON config_audit
    BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END""",
    f"""CREATE TRIGGER config_audit_no_delete BEFORE DELETE ON config_audit
    BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END""",
    f"""CREATE TRIGGER config_audit_no_replace BEFORE INSERT ON config_audit
    WHEN EXISTS (SELECT 1 FROM config_audit WHERE sequence = NEW.sequence
                 OR (namespace = NEW.namespace AND version_after = NEW.version_after))
    BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END""",  # noqa: S608 - a constant
    f"""CREATE TRIGGER config_audit_head_forward BEFORE UPDATE ON config_audit_head
    WHEN NEW.id <> OLD.id OR NEW.sequence <> OLD.sequence + 1
    BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END""",
    f"""CREATE TRIGGER config_audit_head_no_delete BEFORE DELETE ON config_audit_head
    BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END""",
    f"""CREATE TRIGGER config_audit_head_no_replace BEFORE INSERT ON config_audit_head
    WHEN EXISTS (SELECT 1 FROM config_audit_head)
    BEGIN SELECT RAISE(ABORT, '{APPEND_ONLY}'); END""",  # noqa: S608 - a constant
)

# ALWAYS: in a session with the role of a replica, ordinary triggers do not fire.
_POSTGRES = (
    f"""CREATE FUNCTION config_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '{APPEND_ONLY}' USING ERRCODE = 'restrict_violation'; END $$""",
    f"""CREATE FUNCTION config_audit_head_step() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.id <> OLD.id OR NEW.sequence <> OLD.sequence + 1 THEN
        RAISE EXCEPTION '{APPEND_ONLY}' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$""",
    """CREATE TRIGGER config_audit_no_change BEFORE UPDATE OR DELETE ON config_audit
    FOR EACH ROW EXECUTE FUNCTION config_audit_refuse()""",
    """CREATE TRIGGER config_audit_no_truncate BEFORE TRUNCATE ON config_audit
    FOR EACH STATEMENT EXECUTE FUNCTION config_audit_refuse()""",
    """CREATE TRIGGER config_audit_head_forward BEFORE UPDATE ON config_audit_head
    FOR EACH ROW EXECUTE FUNCTION config_audit_head_step()""",
    """CREATE TRIGGER config_audit_head_no_delete BEFORE DELETE ON config_audit_head
    FOR EACH ROW EXECUTE FUNCTION config_audit_refuse()""",
    """CREATE TRIGGER config_audit_head_no_truncate BEFORE TRUNCATE ON config_audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION config_audit_refuse()""",
    "ALTER TABLE config_audit ENABLE ALWAYS TRIGGER config_audit_no_change",
    "ALTER TABLE config_audit ENABLE ALWAYS TRIGGER config_audit_no_truncate",
    "ALTER TABLE config_audit_head ENABLE ALWAYS TRIGGER config_audit_head_forward",
    "ALTER TABLE config_audit_head ENABLE ALWAYS TRIGGER config_audit_head_no_delete",
    "ALTER TABLE config_audit_head ENABLE ALWAYS TRIGGER config_audit_head_no_truncate",
)
