"""Series of metric points: identity and summary, contexts, and the tail of plain rows.

A series is (run, attempt, key, context). Context 0 is the run's own view of the key: its summary covers the points of all contexts, and it is the
row that searches look at (`scope` is set). Points logged for a model or a dataset lie in the series of that context.
"""

from sqlalchemy import Column, Index, SmallInteger, Table, UniqueConstraint

from headrace.store.tables.schema import METADATA, WITHOUT_ROWID, Id, Int, text

context = Table(
    "hr_context",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("model_id", text(64), nullable=False),
    Column("dataset_name", text(500), nullable=False),
    Column("dataset_digest", text(36), nullable=False),
    UniqueConstraint("model_id", "dataset_name", "dataset_digest"),
    comment="what a point was measured on; id 0 (none) has no row",
)

series = Table(
    "hr_series",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("run", Id, nullable=False),
    Column("key_id", Id, nullable=False),
    Column("context", Id, nullable=False),
    Column("attempt", SmallInteger, nullable=False),
    Column("scope", Id, comment="2 * experiment + deleted for the row that searches look at, else NULL"),
    Column("start_time", Int, nullable=False, comment="the run's, for the index"),
    Column("is_nan", SmallInteger, nullable=False, comment="the latest value is NaN"),
    Column("latest_code", Int, nullable=False),
    Column("latest_step", Int, nullable=False),
    Column("latest_time", Int, nullable=False),
    Column("first_code", Int, nullable=False),
    Column("first_step", Int, nullable=False),
    Column("first_time", Int, nullable=False),
    Column("min_code", Int, comment="NULL while all values are NaN"),
    Column("max_code", Int, comment="NULL while all values are NaN"),
    Column("points", Int, nullable=False, comment="points accepted"),
    Column("nans", Int, nullable=False),
    UniqueConstraint("run", "key_id", "context", "attempt"),
    # Filters and orders by a metric walk this.
    Index(
        "hr_series_by_scope_key_latest",
        "scope",
        "key_id",
        "is_nan",
        "latest_code",
        Column("start_time").desc(),
        "run",
    ),
)

context_series = Table(
    "hr_context_series",
    METADATA,
    Column("context", Id, primary_key=True, autoincrement=False),
    Column("series", Id, primary_key=True, autoincrement=False),
    comment="the series of a context other than 0",
    **WITHOUT_ROWID,
)

point = Table(
    "hr_point",
    METADATA,
    Column("series", Id, primary_key=True, autoincrement=False),
    Column("time", Int, primary_key=True, autoincrement=False),
    Column("step", Int, primary_key=True, autoincrement=False),
    Column("code", Int, primary_key=True, autoincrement=False, comment="order-preserving code of the double"),
    Column(
        "n", Int, primary_key=True, autoincrement=False, comment="0, or the record number of a writer's point"
    ),
    comment="the tail: points not yet sealed",
    **WITHOUT_ROWID,
)
