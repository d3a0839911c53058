"""Logged models, their params and tags. Their metrics are series whose context names the model."""

from sqlalchemy import Column, Index, SmallInteger, Table, UniqueConstraint

from headrace.store.tables.schema import METADATA, WITHOUT_ROWID, Id, Int, text

model = Table(
    "hr_model",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("model_id", text(64), nullable=False),
    Column("experiment", Id, nullable=False),
    Column("scope", Id, nullable=False, comment="2 * experiment + deleted"),
    Column("name", text(), nullable=False),
    Column("model_type", text(), nullable=False),
    Column("source_run_id", text(256), nullable=False),
    Column("status", SmallInteger, nullable=False, comment="MLflow's number"),
    Column("status_message", text(), nullable=False),
    Column("created_at", Int, nullable=False),
    Column("updated_at", Int, nullable=False),
    Column("artifact_uri", text(), nullable=False),
    UniqueConstraint("model_id"),
    Index("hr_model_by_scope_created_at", "scope", Column("created_at").desc(), "model_id"),
    Index(None, "source_run_id"),
)

model_param = Table(
    "hr_model_param",
    METADATA,
    Column("model", Id, primary_key=True, autoincrement=False),
    Column("key_id", Id, primary_key=True, autoincrement=False),
    Column("value", text(), nullable=False),
    Column("number", Int, comment="code of the value read as a number; NULL if it is none"),
    **WITHOUT_ROWID,
)

model_tag = Table(
    "hr_model_tag",
    METADATA,
    Column("model", Id, primary_key=True, autoincrement=False),
    Column("key_id", Id, primary_key=True, autoincrement=False),
    Column("value", text(), nullable=False),
    **WITHOUT_ROWID,
)
