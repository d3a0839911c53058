"""Datasets, and what runs have used and made."""

from sqlalchemy import Column, Table, UniqueConstraint

from headrace.store.tables.schema import METADATA, WITHOUT_ROWID, Id, Int, text

dataset = Table(
    "hr_dataset",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("experiment", Id, nullable=False),
    Column("name", text(500), nullable=False),
    Column("digest", text(36), nullable=False),
    Column("source_type", text(), nullable=False),
    Column("source", text(), nullable=False),
    Column("schema_text", text()),
    Column("profile_text", text()),
    UniqueConstraint("experiment", "name", "digest"),
)

run_dataset = Table(
    "hr_run_dataset",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("dataset", Id, primary_key=True, autoincrement=False),
    **WITHOUT_ROWID,
)

run_dataset_tag = Table(
    "hr_run_dataset_tag",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("dataset", Id, primary_key=True, autoincrement=False),
    Column("name", text(255), primary_key=True),
    Column("value", text(500), nullable=False),
    **WITHOUT_ROWID,
)

run_model_input = Table(
    "hr_run_model_input",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("model_id", text(64), primary_key=True),
    **WITHOUT_ROWID,
)

run_model_output = Table(
    "hr_run_model_output",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("model_id", text(64), primary_key=True),
    Column("step", Int, primary_key=True, autoincrement=False),
    **WITHOUT_ROWID,
)
