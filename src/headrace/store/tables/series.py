"""Series of metric points: identity and summary, contexts, the tail of plain rows, sealed chunks, attempts and forks.

A series is (run, attempt, key, context). Context 0 is the run's own view of the key: its summary covers the points of all contexts, and it is the
row that searches look at (`scope` is set). Points logged for a model or a dataset lie in the series of that context. Where a metric has more than one
attempt, or a run is a fork, a row of attempt -1 holds the summary of what is visible of all of them, and it is the one with a `scope`.
"""

from sqlalchemy import Column, Index, SmallInteger, Table, UniqueConstraint

from headrace.store.tables.schema import COMPRESSED, METADATA, WITHOUT_ROWID, Bytes, Id, Int, text

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
    Column(
        "sealed", Int, nullable=False, server_default="0", comment="points that lie in chunks of this series"
    ),
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

chunk = Table(
    "hr_chunk",
    METADATA,
    Column("series", Id, primary_key=True, autoincrement=False),
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("bounds", Bytes, nullable=False, comment="what store/chunks.py says of the whole chunk"),
    comment="sealed points: what a chart needs of each chunk, narrow",
    **WITHOUT_ROWID,
)

chunk_data = Table(
    "hr_chunk_data",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("blocks", Bytes, nullable=False, comment="bounds of its sub-blocks", info=COMPRESSED),
    Column("points", Bytes, nullable=False, comment="the points, columnar and compressed", info=COMPRESSED),
    comment="sealed points: the bytes of each chunk",
    sqlite_autoincrement=True,  # an id that came back would look like the chunk that it had been
)

attempt = Table(
    "hr_attempt",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("attempt", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", text(250), nullable=False, comment="the launcher's name for it: job id and restart count"),
    Column("from_step", Int, comment="where it went on, if the launcher said so"),
    Column("started_at", Int, nullable=False),
    UniqueConstraint("run", "name"),
    **WITHOUT_ROWID,
)

fork = Table(
    "hr_fork",
    METADATA,
    Column("run", Id, primary_key=True, autoincrement=False),
    Column("parent", Id, nullable=False),
    Column("step", Int, nullable=False, comment="the parent's history is seen below this step"),
    Index(None, "parent"),
)
