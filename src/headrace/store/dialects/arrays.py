"""Statements for many rows as one statement over arrays, for databases that have ``unnest``: an insert of values, an update by key.

The types of the arrays come from the tables. Statements of other forms are not translated.
"""

import re
import struct
import sys
from array import array
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import LargeBinary, SmallInteger
from sqlalchemy.types import Integer

from headrace.store.tables import METADATA

_HEAD = struct.Struct(">iiiii")
_INT8, _BYTEA, _TEXT = 20, 17, 25
_LENGTH_END, _ITEM = 4, 12
_LENGTH = struct.Struct(">i")
_FEW = 100
"""Up to so many integers are packed by one call; more are put in place byte by byte, for all at once."""

INSERT = re.compile(r"\s*INSERT INTO (\w+) \(([^)]*)\)\s+VALUES \(([^)]*)\)(.*)", re.DOTALL)
UPDATE = re.compile(r"\s*UPDATE (\w+) SET (.*)\sWHERE ([\w\s=?]*(?: AND [\w\s=?<>]*)*)", re.DOTALL)
_ASSIGNED = re.compile(r"(\w+)( = (?:\w+ [-+] )?)\?")


class ArrayStatement(NamedTuple):
    """A statement that takes one array for each ``?`` of the one it stands for.

    Args:
        text: with the driver's placeholders.
        kinds: the types of the arrays' items.
    """

    text: str
    kinds: tuple[str, ...]


@cache
def find_array_statement(text: str) -> ArrayStatement | None:
    """Return a statement's form over arrays, or None if it has none."""
    insert = INSERT.fullmatch(text)
    if insert is not None:
        return _from_insert(*insert.groups())
    update = UPDATE.fullmatch(text)
    if update is not None:
        return _from_update(*update.groups())
    return None


@cache
def _form_of(count: int) -> struct.Struct:
    """Return the form of an array of so many integers: its head, then each behind its length."""
    return struct.Struct(_HEAD.format + "iq" * count)


class Packed:
    """An array of integers of 64 bits, as PostgreSQL sends it in binary.

    Args:
        values: the integers.
    """

    __slots__ = ("data", "values")

    def __init__(self, values: Sequence[int]) -> None:
        self.values = values
        count = len(values)
        if count <= _FEW:
            items = [8] * (2 * count)
            items[1::2] = values
            self.data: bytes = _form_of(count).pack(1, 0, _INT8, count, 1, *items)
            return
        # One dimension, no NULL, the type's number, how many, and from which index; then each item behind its length, all big-endian.
        columns = array("q", values)
        if sys.byteorder == "little":
            columns.byteswap()
        raw = columns.tobytes()
        body = bytearray(_ITEM * len(values))
        body[_LENGTH_END - 1 :: _ITEM] = b"\x08" * len(values)
        for place in range(8):
            body[_LENGTH_END + place :: _ITEM] = raw[place::8]
        self.data = _HEAD.pack(1, 0, _INT8, len(values), 1) + body


class PackedBytes:
    """An array of bytes, as PostgreSQL sends it in binary.

    Args:
        values: the items.
    """

    __slots__ = ("data",)

    kind = _BYTEA

    def __init__(self, values: Sequence[bytes]) -> None:
        parts = [_HEAD.pack(1, 0, self.kind, len(values), 1)]
        for value in values:
            parts += (_LENGTH.pack(len(value)), value)
        self.data = b"".join(parts)


class PackedTexts(PackedBytes):
    """An array of texts, likewise; none of them holds a NUL character, which the database cannot hold.

    Args:
        values: the items.
    """

    __slots__ = ()

    kind = _TEXT

    def __init__(self, values: Sequence[str]) -> None:
        super().__init__([value.encode() for value in values])


def as_array(kind: str, values: Sequence[Any]) -> Any:
    """Return values as a parameter that the driver sends quickly: packed, or as the text of an array if there are NULLs among integers."""
    if kind not in {"bigint", "smallint"}:
        if not values or None in values or (kind == "text" and "\0" in "".join(values)):
            return list(values)  # the driver says what is wrong with it
        return PackedTexts(values) if kind == "text" else PackedBytes(values)
    if None in values:
        return "{" + ",".join(["NULL" if value is None else str(int(value)) for value in values]) + "}"
    return Packed(values)


def _from_insert(table: str, names: str, values: str, rest: str) -> ArrayStatement | None:
    columns = [name.strip() for name in names.split(",")]
    given = [value.strip() for value in values.split(",")]
    if len(columns) != len(given) or "?" in rest:
        return None
    kinds: list[str] = []
    chosen = []
    for column, value in zip(columns, given, strict=True):
        if value == "?":
            kinds.append(find_kind(table, column))
            chosen.append(_unnest(kinds[-1]))
        else:
            chosen.append(value)
    if not kinds:
        return None
    return ArrayStatement(f"INSERT INTO {table} ({names}) SELECT {', '.join(chosen)}{rest}", tuple(kinds))


def _from_update(table: str, changes: str, where: str) -> ArrayStatement | None:
    named = name_parameters(table, changes, where)
    if named is None:
        return None
    changes, where, kinds = named
    given = ", ".join(f"{_unnest(kind)} AS g{number}" for number, kind in enumerate(kinds))
    return ArrayStatement(
        f"UPDATE {table} SET {changes} FROM (SELECT {given}) given WHERE {where}", tuple(kinds)
    )


def name_parameters(table: str, changes: str, where: str) -> tuple[str, str, list[str]] | None:
    """Return the two parts of an update with g0, g1, ... for its parameters, and their types; None if they are not of a simple form."""
    kinds: list[str] = []

    def take(match: re.Match[str]) -> str:
        kinds.append(find_kind(table, match[1]))
        return f"{match[1]}{match[2]}g{len(kinds) - 1}"

    changes, where = _ASSIGNED.sub(take, changes), _ASSIGNED.sub(take, where)
    return None if "?" in changes + where else (changes, where, kinds)


def _unnest(kind: str) -> str:
    """Return one column of the rows. Several in one list go in step, and cost half of what they cost in one call behind FROM, which first puts all rows aside."""
    return f"unnest(%s::{kind}[])"


def find_kind(table: str, column: str) -> str:
    """Return the type of a column: bigint, smallint, bytea or text."""
    kind = METADATA.tables[table].columns[column].type
    if isinstance(kind, SmallInteger):
        return "smallint"
    if isinstance(kind, Integer):
        return "bigint"
    return "bytea" if isinstance(kind, LargeBinary) else "text"
