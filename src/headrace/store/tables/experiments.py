"""Experiments and their tags."""

from sqlalchemy import Column, Index, SmallInteger, Table, UniqueConstraint

from headrace.store.tables.schema import METADATA, WITHOUT_ROWID, Id, Int, text

experiment = Table(
    "hr_experiment",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("name", text(500), nullable=False),
    Column("artifact_location", text(2048), nullable=False),
    Column("deleted", SmallInteger, nullable=False, default=0),
    Column("created_at", Int, nullable=False),
    Column("updated_at", Int, nullable=False),
    UniqueConstraint("name"),
    Index(None, "deleted", "created_at"),
    sqlite_autoincrement=True,  # ids of experiments are never used again
)

experiment_tag = Table(
    "hr_experiment_tag",
    METADATA,
    Column("experiment", Id, primary_key=True, autoincrement=False),
    Column("name", text(250), primary_key=True),
    Column("value", text(), nullable=False),
    **WITHOUT_ROWID,
)
