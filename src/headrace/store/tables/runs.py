"""Runs, their params and tags, and the interned keys."""

from sqlalchemy import Column, Index, SmallInteger, Table, UniqueConstraint

from headrace.store.tables.schema import METADATA, WITHOUT_ROWID, Id, Int, text

key = Table(
    "hr_key",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("name", text(250), nullable=False),
    UniqueConstraint("name"),
    comment="names of metrics, params and tags, interned",
)

run = Table(
    "hr_run",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("run_id", text(256), nullable=False),
    Column("experiment", Id, nullable=False),
    Column("scope", Id, nullable=False, comment="2 * experiment + deleted"),
    Column("name", text(), nullable=False),
    Column("user_id", text(256), nullable=False),
    Column("status", SmallInteger, nullable=False, comment="MLflow's number"),
    Column("start_time", Int, nullable=False),
    Column("end_time", Int),
    Column("deleted_at", Int),
    Column("artifact_uri", text(), nullable=False),
    Column("attempt", SmallInteger, nullable=False, default=0, comment="the current attempt"),
    UniqueConstraint("run_id"),
    # The order of a plain search: newest first, then by run id.
    Index("hr_run_by_scope_start_time", "scope", Column("start_time").desc(), "run_id"),
    sqlite_autoincrement=True,  # ids of runs are never used again
)

param = Table(
    "hr_param",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("key_id", Id, primary_key=True, autoincrement=False),
    Column("value", text(), nullable=False),
    Column("digest", Int, nullable=False, comment="64-bit hash of value, for the index"),
    Column("number", Int, comment="code of the value read as a number; NULL if it is none"),
    Column("scope", Id, nullable=False),
    Column(
        "attempt",
        SmallInteger,
        nullable=False,
        server_default="0",
        comment="the last attempt that gave it this value",
    ),
    Index(None, "scope", "key_id", "digest", "run"),
    **WITHOUT_ROWID,
)

tag = Table(
    "hr_tag",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("key_id", Id, primary_key=True, autoincrement=False),
    Column("value", text(), nullable=False),
    Column("digest", Int, nullable=False, comment="64-bit hash of value, for the index"),
    Column("scope", Id, nullable=False),
    Index(None, "scope", "key_id", "digest", "run"),
    **WITHOUT_ROWID,
)

param_past = Table(
    "hr_param_past",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("key_id", Id, primary_key=True, autoincrement=False),
    Column(
        "attempt", SmallInteger, primary_key=True, autoincrement=False, comment="the last one with this value"
    ),
    Column("value", text(), nullable=False),
    comment="what a param was in earlier attempts, where a later one changed it",
    **WITHOUT_ROWID,
)

environment = Table(
    "hr_environment",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("digest", text(64), nullable=False),
    Column("body", text(), nullable=False, comment="JSON: see api/ingest.py"),
    UniqueConstraint("digest"),
    comment="interpreters with their packages; many runs share one",
)

run_environment = Table(
    "hr_run_environment",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("attempt", SmallInteger, primary_key=True, autoincrement=False),
    Column("environment", Id, nullable=False),
    **WITHOUT_ROWID,
)
