"""PostgreSQL, MySQL and MariaDB, and several servers: the schema says which revision is the oldest that may use it, and how rows are kept.

What the tables mean is said in `headrace.store.tables`; this file keeps what this revision changed.
"""

import sqlalchemy as sa
from alembic import op

from headrace.store.column_types import text

revision = "0003"
down_revision = "0002"
oldest = "0003"

CHANGED_ALL_THE_TIME = ("hr_clock", "hr_lease", "hr_duty")


def upgrade() -> None:
    """Add the column; on PostgreSQL, leave room beside rows that change all the time, and do not compress again what is compressed."""
    op.add_column(
        "hr_version",
        sa.Column(
            "oldest",
            text(32),
            comment="the oldest revision whose servers may use this schema; NULL: only its own",
        ),
    )
    if op.get_context().dialect.name == "postgresql":
        for table in CHANGED_ALL_THE_TIME:
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 50)")
        for column in ("blocks", "points"):
            op.execute(f"ALTER TABLE hr_chunk_data ALTER COLUMN {column} SET STORAGE EXTERNAL")
