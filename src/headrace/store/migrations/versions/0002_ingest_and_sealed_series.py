"""headrace's own API: numbered writers with their ledger, sealed chunks, attempts and forks, leases, stop requests, jobs, views, stars.

What the tables mean is said in `headrace.store.tables`; this file keeps what this revision added.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from headrace.store.column_types import ON_MYSQL, WITHOUT_ROWID, Bytes, text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add tables and columns. What is replaced no earlier version has written to (writers, leases) or read (changes)."""
    op.add_column(
        "hr_series",
        sa.Column(
            "sealed",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="points that lie in chunks of this series",
        ),
    )
    op.create_index("hr_model_by_source_run_id", "hr_model", ["source_run_id"])
    op.drop_table("hr_change")
    op.drop_table("hr_writer")
    op.drop_table("hr_lease")
    _create_writers()
    _create_control()
    _create_series()
    _create_runs()
    _create_views()


def _create_table(name: str, *parts: sa.schema.SchemaItem, **options: Any) -> None:
    op.create_table(name, *parts, **ON_MYSQL, **options)


def _id_type() -> TypeEngine[int]:
    # SQLite gives out row ids only for a column of exactly the type INTEGER.
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _own_id(name: str = "id") -> sa.Column[int]:
    return sa.Column(name, _id_type(), primary_key=True, autoincrement=True)


def _id(name: str, comment: str | None = None) -> sa.Column[int]:
    return sa.Column(name, _id_type(), nullable=False, comment=comment)


def _fixed_id(name: str, comment: str | None = None) -> sa.Column[int]:
    """Return a column of a primary key that the database never fills in by itself."""
    return sa.Column(name, _id_type(), autoincrement=False, nullable=False, comment=comment)


def _int(name: str, *, nullable: bool = False, comment: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable, comment=comment)


def _small(name: str, comment: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger(), autoincrement=False, nullable=False, comment=comment)


def _str(name: str, length: int | None = None, comment: str | None = None) -> sa.Column[str]:
    return sa.Column(name, text(length), nullable=False, comment=comment)


def _bytes(name: str, comment: str) -> sa.Column[bytes]:
    return sa.Column(name, Bytes, nullable=False, comment=comment)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"{table}_pk")


def _create_writers() -> None:
    _create_table(
        "hr_writer",
        _own_id("number"),
        _str("id", 64, "the name that the client gave itself"),
        _int("seq", comment="the last batch applied"),
        _int("records", comment="records in all batches so far"),
        _bytes("result", "the answer to the last batch"),
        _int("seen_at"),
        _key("hr_writer", "number"),
        sa.UniqueConstraint("id", name="hr_writer_one_id"),
        sqlite_autoincrement=True,
    )
    _create_table(
        "hr_ledger",
        _fixed_id("run", "0 for records of runs that are not there"),
        _fixed_id("writer"),
        _int("stored"),
        _int("collapsed", comment="replaced by a later record of the same batch"),
        _int("repeated", comment="said what was stored already"),
        _int("late", comment="stored although the run is deleted; part of stored"),
        _int("rejected"),
        _key("hr_ledger", "run", "writer"),
        comment="what became of each writer's records, per run",
        **WITHOUT_ROWID,
    )
    _create_table(
        "hr_rejection",
        _fixed_id("run"),
        _fixed_id("writer"),
        sa.Column(
            "record",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="the first record, counted per writer",
        ),
        _int("count"),
        _str("run_id", 256),
        _str("what"),
        _str("reason"),
        _int("at"),
        _key("hr_rejection", "run", "writer", "record"),
        **WITHOUT_ROWID,
    )


def _create_control() -> None:
    _create_table(
        "hr_change",
        sa.Column("clock", sa.BigInteger(), autoincrement=False, nullable=False),
        _small("kind", "what changed: see store/changes.py"),
        _fixed_id("subject", "id of the experiment, run or model"),
        _fixed_id("experiment", "where it is or was: a run that is moved stands here for both"),
        _key("hr_change", "clock", "kind", "subject", "experiment"),
        comment="what each commit touched, the newest commits only",
        **WITHOUT_ROWID,
    )
    _create_table(
        "hr_lease",
        _fixed_id("run"),
        _int("until"),
        _int("length", comment="milliseconds"),
        _key("hr_lease", "run"),
    )
    _create_table(
        "hr_stop",
        _fixed_id("run"),
        _int("asked_at"),
        _str("asked_by", 250),
        _str("reason"),
        _int("seen_at", nullable=True, comment="when the run said that it had heard"),
        _key("hr_stop", "run"),
    )
    _create_table(
        "hr_job",
        _own_id(),
        _str("job_id", 64),
        _str("kind", 64),
        _small("state", "see api/jobs.py"),
        _str("request", comment="JSON"),
        _str("actor", 250),
        _int("total"),
        _int("done"),
        _int("failed"),
        _str("message", comment="JSON: what failed and why, the first few"),
        _int("created_at"),
        _int("updated_at"),
        _key("hr_job", "id"),
        sa.UniqueConstraint("job_id", name="hr_job_one_job_id"),
    )
    op.create_index("hr_job_by_state_id", "hr_job", ["state", "id"])
    _create_table(
        "hr_job_part",
        _fixed_id("job"),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        _str("subjects", comment="JSON: ids of runs or experiments, in order"),
        _key("hr_job_part", "job", "number"),
        comment="what a job still has to do, written when it is made; a part is removed when it is done",
    )


def _create_series() -> None:
    _create_table(
        "hr_chunk",
        _fixed_id("series"),
        _fixed_id("id"),
        _bytes("bounds", "what store/chunks.py says of the whole chunk"),
        _key("hr_chunk", "series", "id"),
        comment="sealed points: what a chart needs of each chunk, narrow",
        **WITHOUT_ROWID,
    )
    _create_table(
        "hr_chunk_data",
        _own_id(),
        _bytes("blocks", "bounds of its sub-blocks"),
        _bytes("points", "the points, columnar and compressed"),
        _key("hr_chunk_data", "id"),
        comment="sealed points: the bytes of each chunk",
        sqlite_autoincrement=True,
    )
    _create_table(
        "hr_attempt",
        _fixed_id("run"),
        _small("attempt"),
        _str("name", 250, "the launcher's name for it: job id and restart count"),
        _int("from_step", nullable=True, comment="where it went on, if the launcher said so"),
        _int("started_at"),
        _key("hr_attempt", "run", "attempt"),
        sa.UniqueConstraint("run", "name", name="hr_attempt_one_run_name"),
        **WITHOUT_ROWID,
    )
    _create_table(
        "hr_fork",
        _fixed_id("run"),
        _id("parent"),
        _int("step", comment="the parent's history is seen below this step"),
        _key("hr_fork", "run"),
    )
    op.create_index("hr_fork_by_parent", "hr_fork", ["parent"])


def _create_runs() -> None:
    op.add_column(
        "hr_param",
        sa.Column(
            "attempt",
            sa.SmallInteger(),
            nullable=False,
            server_default="0",
            comment="the last attempt that gave it this value",
        ),
    )
    _create_table(
        "hr_param_past",
        _fixed_id("run"),
        _fixed_id("key_id"),
        _small("attempt", "the last one with this value"),
        _str("value"),
        _key("hr_param_past", "run", "key_id", "attempt"),
        comment="what a param was in earlier attempts, where a later one changed it",
        **WITHOUT_ROWID,
    )
    _create_table(
        "hr_environment",
        _own_id(),
        _str("digest", 64),
        _str("body", comment="JSON: see api/ingest.py"),
        _key("hr_environment", "id"),
        sa.UniqueConstraint("digest", name="hr_environment_one_digest"),
        comment="interpreters with their packages; many runs share one",
    )
    _create_table(
        "hr_run_environment",
        _fixed_id("run"),
        _small("attempt"),
        _id("environment"),
        _key("hr_run_environment", "run", "attempt"),
        **WITHOUT_ROWID,
    )


def _create_views() -> None:
    _create_table(
        "hr_view",
        _own_id(),
        _str("view_id", 64),
        _id("experiment", "-1 for a view across experiments"),
        _str("name", 250),
        _str("owner", 250),
        _str("body", comment="JSON, the page's own"),
        _small("is_default"),
        _int("created_at"),
        _int("updated_at"),
        _key("hr_view", "id"),
        sa.UniqueConstraint("view_id", name="hr_view_one_view_id"),
    )
    op.create_index("hr_view_by_experiment_name", "hr_view", ["experiment", "name"])
    _create_table(
        "hr_star",
        _str("owner", 250),
        _small("kind", "see store/transaction.py"),
        _str("subject", 256, "the public id"),
        _int("created_at"),
        _key("hr_star", "owner", "kind", "subject"),
        **WITHOUT_ROWID,
    )
