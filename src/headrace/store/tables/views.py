"""What people keep: saved views of an experiment, and stars."""

from sqlalchemy import Column, Index, SmallInteger, Table, UniqueConstraint

from headrace.store.tables.schema import METADATA, WITHOUT_ROWID, Id, Int, text

view = Table(
    "hr_view",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("view_id", text(64), nullable=False),
    Column("experiment", Id, nullable=False, comment="-1 for a view across experiments"),
    Column("name", text(250), nullable=False),
    Column("owner", text(250), nullable=False),
    Column("body", text(), nullable=False, comment="JSON, the page's own"),
    Column("is_default", SmallInteger, nullable=False),
    Column("created_at", Int, nullable=False),
    Column("updated_at", Int, nullable=False),
    UniqueConstraint("view_id"),
    Index(None, "experiment", "name"),
)

star = Table(
    "hr_star",
    METADATA,
    Column("owner", text(250), primary_key=True),
    Column("kind", SmallInteger, primary_key=True, autoincrement=False, comment="see store/transaction.py"),
    Column("subject", text(256), primary_key=True, comment="the public id"),
    Column("created_at", Int, nullable=False),
    **WITHOUT_ROWID,
)
