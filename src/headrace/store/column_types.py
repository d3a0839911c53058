"""What columns are made of on each database. Tables and revisions both use it, so that what a name stands for never changes.

Text is compared byte by byte and without padding: SQLite does so by default, PostgreSQL by the collation "C", MySQL by ``utf8mb4_0900_bin``
and MariaDB by ``utf8mb4_nopad_bin`` (their plain ``utf8mb4_bin`` takes "a" and "a " for the same).
"""

from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, String, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeEngine

WITHOUT_ROWID: dict[str, Any] = {"sqlite_with_rowid": False}

NARROW: dict[Any, Any] = {"postgresql_with": {"fillfactor": "50"}}
"""Information of a table whose rows change all the time: PostgreSQL keeps room for the next version of a row beside it."""

ON_MYSQL: dict[str, Any] = {
    f"{name}_{option}": value
    for name in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("row_format", "DYNAMIC"))
}
"""For every table: rows with long text, and indexes of up to 3,072 bytes."""

COMPRESSED: dict[Any, Any] = {"postgresql_storage": "EXTERNAL"}
"""Information of a column whose values are compressed already: PostgreSQL need not try, and can read a part of one."""

# SQLite gives out row ids only for a column of exactly this type.
Id = BigInteger().with_variant(Integer(), "sqlite")
Int = BigInteger()


class LongBytes(LargeBinary):
    """Bytes of MySQL and MariaDB; their own type would load their dialect wherever a table is looked at."""


class NoPadText(String):
    """Text of MySQL and MariaDB; which of the two it is shows in the connection."""


@compiles(NoPadText, "mysql", "mariadb")
def _compile_text(kind: NoPadText, compiler: Any, **_: object) -> str:
    name = "LONGTEXT" if kind.length is None else f"VARCHAR({kind.length})"
    return f"{name} CHARACTER SET utf8mb4 COLLATE {binary_collation(is_mariadb=compiler.dialect.is_mariadb)}"


@compiles(LongBytes, "mysql", "mariadb")
def _compile_bytes(_kind: LongBytes, _compiler: Any, **_: object) -> str:
    return "LONGBLOB"


Bytes = LargeBinary().with_variant(LongBytes(), "mysql", "mariadb")


def binary_collation(*, is_mariadb: bool) -> str:
    """Return the collation of MySQL or MariaDB that compares bytes and does not pad."""
    return "utf8mb4_nopad_bin" if is_mariadb else "utf8mb4_0900_bin"


def text(length: int | None = None) -> TypeEngine[str]:
    """Return the binary text type of at most `length` characters (None: unbounded)."""
    kind: TypeEngine[str] = Text() if length is None else String(length)
    postgresql: TypeEngine[str] = Text(collation="C") if length is None else String(length, collation="C")
    return kind.with_variant(postgresql, "postgresql").with_variant(NoPadText(length), "mysql", "mariadb")
