"""What is known of stored files besides their bytes: size and SHA-256. Knows no bytes; a file without a row is as good as one with.

A row belongs to one state of a file: its size and its time of last change must be those of the file, or the file was changed
by somebody else since and the row says nothing of it.
"""

from collections.abc import Iterable
from enum import IntEnum

from msgspec import Struct

from headrace.store.connection import Connection
from headrace.store.transaction import Transaction

MAX_PATH = 768
MAX_PATH_BYTES = 2_600
"""What fits into an index of PostgreSQL."""


class Origin(IntEnum):
    """Who computed a digest. The numbers are stored."""

    NONE = 0
    SERVER = 1
    CLIENT = 2


class StoredObject(Struct, frozen=True):
    """A file below the artifact root.

    Args:
        path: its key.
        size: in bytes.
        sha256: in lower-case hexadecimal; empty where origin is NONE.
        origin: who computed it.
        created_at: the file's time of last change in Unix milliseconds.
    """

    path: str
    size: int
    sha256: str
    origin: Origin
    created_at: int


def replace_object(tx: Transaction, item: StoredObject) -> None:
    """Write down a file that is complete; a path that is too long for the table is left out."""
    if len(item.path) > MAX_PATH or len(item.path.encode()) > MAX_PATH_BYTES:
        return
    tx.change("DELETE FROM hr_object WHERE path = ?", (item.path,))
    tx.change(
        "INSERT INTO hr_object (path, size, sha256, origin, created_at) VALUES (?, ?, ?, ?, ?)",
        (item.path, item.size, item.sha256, item.origin, item.created_at),
    )


def find_object(conn: Connection, path: str) -> StoredObject | None:
    """Return what is known of a file, or None."""
    row = conn.row("SELECT size, sha256, origin, created_at FROM hr_object WHERE path = ?", (path,))
    return StoredObject(path, row[0], row[1], Origin(row[2]), row[3]) if row else None


def delete_objects(tx: Transaction, path: str) -> int:
    """Forget a file, or all files below a folder, and return how many rows there were."""
    count = tx.count_changed("DELETE FROM hr_object WHERE path = ?", (path,))
    # The character after "/" is "0": a range, because LIKE knows wildcards and databases differ on its index.
    return count + tx.count_changed(
        "DELETE FROM hr_object WHERE path >= ? AND path < ?", (f"{path}/", f"{path}0")
    )


def run_roots(conn: Connection, run_ids: Iterable[str]) -> list[tuple[str, str]]:
    """Return (run_id, artifact URI) of those runs that exist, deleted ones too."""
    rows = conn.rows_in("SELECT run_id, artifact_uri FROM hr_run WHERE run_id IN ({ids})", run_ids)
    return [(row[0], row[1]) for row in rows]


def model_roots(conn: Connection, model_ids: Iterable[str]) -> list[tuple[str, str]]:
    """Return (model_id, artifact URI) of those logged models that exist, deleted ones too."""
    rows = conn.rows_in("SELECT model_id, artifact_uri FROM hr_model WHERE model_id IN ({ids})", model_ids)
    return [(row[0], row[1]) for row in rows]
