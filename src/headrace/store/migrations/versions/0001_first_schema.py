"""The first schema: experiments, runs, series of points, logged models, datasets, and the store's own control tables.

What the tables mean is said in `headrace.store.tables`; this file keeps what they looked like at revision 0001.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from headrace.store.column_types import ON_MYSQL, WITHOUT_ROWID, Bytes, text

revision = "0001"
down_revision = None

SCOPE = "2 * experiment + deleted"
DIGEST = "64-bit hash of value, for the index"
NUMBER = "code of the value read as a number; NULL if it is none"
STATUS = "MLflow's number"


def upgrade() -> None:
    """Make all tables, with the rows that every store holds."""
    _create_table("hr_version", _str("version_num", 32), _key("hr_version", "version_num"))
    _create_control()
    _create_objects()
    _create_experiments()
    _create_inputs()
    _create_models()
    _create_runs()
    _create_annotations()
    _create_series()
    _create_points()
    op.execute("INSERT INTO hr_clock (id, value) VALUES (1, 0)")


def _create_table(name: str, *parts: sa.schema.SchemaItem, **options: Any) -> None:
    op.create_table(name, *parts, **ON_MYSQL, **options)


def _id(name: str, *, nullable: bool = False, comment: str | None = None) -> sa.Column[int]:
    # SQLite gives out row ids only for a column of exactly the type INTEGER.
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, nullable=nullable, comment=comment)


def _own_id() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", kind, primary_key=True, autoincrement=True)


def _int(name: str, *, nullable: bool = False, comment: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable, comment=comment)


def _small(name: str, *, comment: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger(), nullable=False, comment=comment)


def _str(
    name: str, length: int | None = None, *, nullable: bool = False, comment: str | None = None
) -> sa.Column[str]:
    return sa.Column(name, text(length), nullable=nullable, comment=comment)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"{table}_pk")


def _create_control() -> None:
    _create_table(
        "hr_clock",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        _int("value"),
        _key("hr_clock", "id"),
        comment="one row: the number of the last committed change",
    )
    _create_table(
        "hr_change",
        _fixed("clock", sa.BigInteger()),
        _fixed("kind", sa.SmallInteger(), "what changed: see store/changes.py"),
        _fixed_id("subject", "id of the experiment, run or model"),
        _id("experiment"),
        _key("hr_change", "clock", "kind", "subject"),
        comment="what each commit touched, the newest commits only",
        **WITHOUT_ROWID,
    )
    _create_table(
        "hr_writer",
        _str("id", 64),
        _int("seq", comment="the last batch applied"),
        sa.Column("result", Bytes, nullable=False, comment="the answer to that batch"),
        _int("seen_at"),
        _key("hr_writer", "id"),
    )
    _create_table("hr_lease", _fixed_id("run"), _int("until"), _key("hr_lease", "run"))
    _create_table("hr_duty", _str("name", 64), _str("holder", 64), _int("until"), _key("hr_duty", "name"))


def _fixed(name: str, kind: TypeEngine[int], comment: str | None = None) -> sa.Column[int]:
    """Return a column of a primary key that the database never fills in by itself."""
    return sa.Column(name, kind, autoincrement=False, nullable=False, comment=comment)


def _fixed_id(name: str, comment: str | None = None) -> sa.Column[int]:
    return _fixed(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), comment)


def _create_objects() -> None:
    _create_table(
        "hr_object",
        _str("path", 768, comment="path below the artifact root"),
        _int("size", comment="bytes"),
        _str("sha256", 64, comment="lower-case hex; empty where origin is none"),
        _small("origin", comment="who computed the digest: 0 none, 1 server, 2 client"),
        _int("created_at"),
        _key("hr_object", "path"),
        **WITHOUT_ROWID,
    )


def _create_experiments() -> None:
    _create_table(
        "hr_experiment",
        _own_id(),
        _str("name", 500),
        _str("artifact_location", 2048),
        _small("deleted"),
        _int("created_at"),
        _int("updated_at"),
        _key("hr_experiment", "id"),
        sa.UniqueConstraint("name", name="hr_experiment_one_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("hr_experiment_by_deleted_created_at", "hr_experiment", ["deleted", "created_at"])
    _create_table(
        "hr_experiment_tag",
        _fixed_id("experiment"),
        _str("name", 250),
        _str("value"),
        _key("hr_experiment_tag", "experiment", "name"),
        **WITHOUT_ROWID,
    )


def _create_inputs() -> None:
    _create_table(
        "hr_dataset",
        _own_id(),
        _id("experiment"),
        _str("name", 500),
        _str("digest", 36),
        _str("source_type"),
        _str("source"),
        _str("schema_text", nullable=True),
        _str("profile_text", nullable=True),
        _key("hr_dataset", "id"),
        sa.UniqueConstraint("experiment", "name", "digest", name="hr_dataset_one_experiment_name_digest"),
    )
    _create_table(
        "hr_run_dataset",
        _fixed_id("run"),
        _fixed_id("dataset"),
        _key("hr_run_dataset", "run", "dataset"),
        **WITHOUT_ROWID,
    )
    _create_table(
        "hr_run_dataset_tag",
        _fixed_id("run"),
        _fixed_id("dataset"),
        _str("name", 255),
        _str("value", 500),
        _key("hr_run_dataset_tag", "run", "dataset", "name"),
        **WITHOUT_ROWID,
    )
    _create_table(
        "hr_run_model_input",
        _fixed_id("run"),
        _str("model_id", 64),
        _key("hr_run_model_input", "run", "model_id"),
        **WITHOUT_ROWID,
    )
    _create_table(
        "hr_run_model_output",
        _fixed_id("run"),
        _str("model_id", 64),
        _fixed("step", sa.BigInteger()),
        _key("hr_run_model_output", "run", "model_id", "step"),
        **WITHOUT_ROWID,
    )


def _create_models() -> None:
    _create_table(
        "hr_model",
        _own_id(),
        _str("model_id", 64),
        _id("experiment"),
        _id("scope", comment=SCOPE),
        _str("name"),
        _str("model_type"),
        _str("source_run_id", 256),
        _small("status", comment=STATUS),
        _str("status_message"),
        _int("created_at"),
        _int("updated_at"),
        _str("artifact_uri"),
        _key("hr_model", "id"),
        sa.UniqueConstraint("model_id", name="hr_model_one_model_id"),
    )
    op.create_index(
        "hr_model_by_scope_created_at", "hr_model", ["scope", sa.column("created_at").desc(), "model_id"]
    )
    _create_table(
        "hr_model_param",
        _fixed_id("model"),
        _fixed_id("key_id"),
        _str("value"),
        _int("number", nullable=True, comment=NUMBER),
        _key("hr_model_param", "model", "key_id"),
        **WITHOUT_ROWID,
    )
    _create_table(
        "hr_model_tag",
        _fixed_id("model"),
        _fixed_id("key_id"),
        _str("value"),
        _key("hr_model_tag", "model", "key_id"),
        **WITHOUT_ROWID,
    )


def _create_runs() -> None:
    _create_table(
        "hr_key",
        _own_id(),
        _str("name", 250),
        _key("hr_key", "id"),
        sa.UniqueConstraint("name", name="hr_key_one_name"),
        comment="names of metrics, params and tags, interned",
    )
    _create_table(
        "hr_run",
        _own_id(),
        _str("run_id", 256),
        _id("experiment"),
        _id("scope", comment=SCOPE),
        _str("name"),
        _str("user_id", 256),
        _small("status", comment=STATUS),
        _int("start_time"),
        _int("end_time", nullable=True),
        _int("deleted_at", nullable=True),
        _str("artifact_uri"),
        _small("attempt", comment="the current attempt"),
        _key("hr_run", "id"),
        sa.UniqueConstraint("run_id", name="hr_run_one_run_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "hr_run_by_scope_start_time", "hr_run", ["scope", sa.column("start_time").desc(), "run_id"]
    )


def _create_annotations() -> None:
    _create_table(
        "hr_param",
        _fixed_id("run"),
        _fixed_id("key_id"),
        _str("value"),
        _int("digest", comment=DIGEST),
        _int("number", nullable=True, comment=NUMBER),
        _id("scope"),
        _key("hr_param", "run", "key_id"),
        **WITHOUT_ROWID,
    )
    op.create_index("hr_param_by_scope_key_id_digest_run", "hr_param", ["scope", "key_id", "digest", "run"])
    _create_table(
        "hr_tag",
        _fixed_id("run"),
        _fixed_id("key_id"),
        _str("value"),
        _int("digest", comment=DIGEST),
        _id("scope"),
        _key("hr_tag", "run", "key_id"),
        **WITHOUT_ROWID,
    )
    op.create_index("hr_tag_by_scope_key_id_digest_run", "hr_tag", ["scope", "key_id", "digest", "run"])


def _create_series() -> None:
    _create_table(
        "hr_context",
        _own_id(),
        _str("model_id", 64),
        _str("dataset_name", 500),
        _str("dataset_digest", 36),
        _key("hr_context", "id"),
        sa.UniqueConstraint(
            "model_id",
            "dataset_name",
            "dataset_digest",
            name="hr_context_one_model_id_dataset_name_dataset_digest",
        ),
        comment="what a point was measured on; id 0 (none) has no row",
    )
    states = ("latest_code", "latest_step", "latest_time", "first_code", "first_step", "first_time")
    _create_table(
        "hr_series",
        _own_id(),
        _id("run"),
        _id("key_id"),
        _id("context"),
        _small("attempt"),
        _id("scope", nullable=True, comment=f"{SCOPE} for the row that searches look at, else NULL"),
        _int("start_time", comment="the run's, for the index"),
        _small("is_nan", comment="the latest value is NaN"),
        *(_int(name) for name in states),
        _int("min_code", nullable=True, comment="NULL while all values are NaN"),
        _int("max_code", nullable=True, comment="NULL while all values are NaN"),
        _int("points", comment="points accepted"),
        _int("nans"),
        _key("hr_series", "id"),
        sa.UniqueConstraint(
            "run", "key_id", "context", "attempt", name="hr_series_one_run_key_id_context_attempt"
        ),
    )
    op.create_index(
        "hr_series_by_scope_key_latest",
        "hr_series",
        ["scope", "key_id", "is_nan", "latest_code", sa.column("start_time").desc(), "run"],
    )


def _create_points() -> None:
    _create_table(
        "hr_context_series",
        _fixed_id("context"),
        _fixed_id("series"),
        _key("hr_context_series", "context", "series"),
        comment="the series of a context other than 0",
        **WITHOUT_ROWID,
    )
    _create_table(
        "hr_point",
        _fixed_id("series"),
        _fixed("time", sa.BigInteger()),
        _fixed("step", sa.BigInteger()),
        _fixed("code", sa.BigInteger(), "order-preserving code of the double"),
        _fixed("n", sa.BigInteger(), "0, or the record number of a writer's point"),
        _key("hr_point", "series", "time", "step", "code", "n"),
        comment="the tail: points not yet sealed",
        **WITHOUT_ROWID,
    )
