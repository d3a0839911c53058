"""The metadata that all tables share. The types are those of `headrace.store.column_types`."""

from sqlalchemy import MetaData

from headrace.store.column_types import COMPRESSED, NARROW, ON_MYSQL, WITHOUT_ROWID, Bytes, Id, Int, text

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
    "ON_MYSQL",
    "WITHOUT_ROWID",
    "Bytes",
    "Id",
    "Int",
    "text",
]
