"""The metadata that all tables share, and the revision of the schema that they make up. The types are those of `headrace.store.column_types`."""

from sqlalchemy import MetaData

from headrace.store.column_types import COMPRESSED, NARROW, ON_MYSQL, WITHOUT_ROWID, Bytes, Id, Int, text

SCHEMA_REVISION = "0003"

OLDEST_REVISION = "0003"
"""The oldest revision whose servers may go on using this schema; the newest file of ``migrations/versions`` says the same."""

METADATA = MetaData(
    naming_convention={
        "ix": "%(table_name)s_by_%(column_0_N_name)s",
        "uq": "%(table_name)s_one_%(column_0_N_name)s",
        "pk": "%(table_name)s_pk",
    }
)

__all__ = [
    "COMPRESSED",
    "METADATA",
    "NARROW",
    "OLDEST_REVISION",
    "ON_MYSQL",
    "SCHEMA_REVISION",
    "WITHOUT_ROWID",
    "Bytes",
    "Id",
    "Int",
    "text",
]
