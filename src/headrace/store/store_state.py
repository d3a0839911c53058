"""What a store says of itself: its database's version, its schema's revision, how many experiments it has."""

from headrace.store.connection import Connection


def read_database_version(conn: Connection) -> str:
    """Return the version of the database, in its own words."""
    row = conn.row(conn.dialect.version_sql)
    return str(row[0]) if row else ""


def read_schema_revision(conn: Connection) -> str:
    """Return the revision of the schema."""
    row = conn.row("SELECT version_num FROM hr_version")
    return str(row[0]) if row else ""


def count_active_experiments(conn: Connection) -> int:
    """Return how many experiments there are, deleted ones left out."""
    row = conn.row("SELECT COUNT(*) FROM hr_experiment WHERE deleted = 0")
    return int(row[0]) if row else 0
