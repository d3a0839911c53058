"""Statements for many rows as one statement over arrays, for databases that have ``unnest``: an insert of values, an update by key.

The types of the arrays come from the tables. Statements of other forms are not translated.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import LargeBinary, SmallInteger
from sqlalchemy.types import Integer

from headrace.store.tables import METADATA

_INSERT = re.compile(r"\s*INSERT INTO (\w+) \(([^)]*)\)\s+VALUES \(([^)]*)\)(.*)", re.DOTALL)
_UPDATE = re.compile(r"\s*UPDATE (\w+) SET (.*)\sWHERE ([\w\s=?]*(?: AND [\w\s=?<>]*)*)", re.DOTALL)
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
    insert = _INSERT.fullmatch(text)
    if insert is not None:
        return _from_insert(*insert.groups())
    update = _UPDATE.fullmatch(text)
    if update is not None:
        return _from_update(*update.groups())
    return None


def as_array(kind: str, values: Sequence[Any]) -> Any:
    """Return values as a parameter that the driver sends quickly; integers as the text of an array."""
    if kind in {"bigint", "smallint"}:
        return "{" + ",".join(["NULL" if value is None else str(int(value)) for value in values]) + "}"
    return list(values)


def _from_insert(table: str, names: str, values: str, rest: str) -> ArrayStatement | None:
    columns = [name.strip() for name in names.split(",")]
    given = [value.strip() for value in values.split(",")]
    if len(columns) != len(given) or "?" in rest:
        return None
    kinds: list[str] = []
    chosen = []
    for column, value in zip(columns, given, strict=True):
        if value == "?":
            chosen.append(f"g{len(kinds)}")
            kinds.append(_kind(table, column))
        else:
            chosen.append(value)
    if not kinds:
        return None
    return ArrayStatement(
        f"INSERT INTO {table} ({names}) SELECT {', '.join(chosen)} FROM {_unnest(kinds)}{rest}", tuple(kinds)
    )


def _from_update(table: str, changes: str, where: str) -> ArrayStatement | None:
    kinds: list[str] = []

    def take(match: re.Match[str]) -> str:
        kinds.append(_kind(table, match[1]))
        return f"{match[1]}{match[2]}g{len(kinds) - 1}"

    changes, where = _ASSIGNED.sub(take, changes), _ASSIGNED.sub(take, where)
    if "?" in changes or "?" in where:
        return None
    return ArrayStatement(f"UPDATE {table} SET {changes} FROM {_unnest(kinds)} WHERE {where}", tuple(kinds))


def _unnest(kinds: Sequence[str]) -> str:
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    return f"unnest({arrays}) AS given({', '.join(f'g{number}' for number in range(len(kinds)))})"


def _kind(table: str, column: str) -> str:
    kind = METADATA.tables[table].columns[column].type
    if isinstance(kind, SmallInteger):
        return "smallint"
    if isinstance(kind, Integer):
        return "bigint"
    return "bytea" if isinstance(kind, LargeBinary) else "text"
