"""The metadata that all tables share, and the types that differ between databases.

Text is compared byte by byte and without padding on every database: SQLite does so by default, PostgreSQL with the collation "C", MySQL with
``utf8mb4_bin`` (pads: avoided by NO PAD collations of newer servers) and MariaDB with ``utf8mb4_nopad_bin``.
"""

from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData, String, Text
from sqlalchemy.types import TypeEngine

SCHEMA_REVISION = "0002"

METADATA = MetaData(
    naming_convention={
        "ix": "%(table_name)s_by_%(column_0_N_name)s",
        "uq": "%(table_name)s_one_%(column_0_N_name)s",
        "pk": "%(table_name)s_pk",
    }
)

WITHOUT_ROWID: dict[str, Any] = {"sqlite_with_rowid": False}

# SQLite gives out row ids only for a column of exactly this type.
Id = BigInteger().with_variant(Integer(), "sqlite")
Int = BigInteger()


def text(length: int | None = None) -> TypeEngine[str]:
    """Return the binary text type of at most `length` characters (None: unbounded)."""
    kind: TypeEngine[str] = Text() if length is None else String(length)
    postgresql: TypeEngine[str] = Text(collation="C") if length is None else String(length, collation="C")
    return kind.with_variant(postgresql, "postgresql")
