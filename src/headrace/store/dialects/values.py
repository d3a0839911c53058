"""Statements for many rows as one statement with the values written out, for databases without arrays: an insert of values, an update by key."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from headrace.store.dialects import arrays

_ROWS = "{rows}"


class ValuesStatement(NamedTuple):
    """A statement for many rows.

    Args:
        before: what stands before the rows.
        row: one row, with ``%s`` for each parameter.
        between: what stands between rows.
        after: what stands behind them.
        integers: whether all parameters are integers, and none can be NULL.
    """

    before: str
    row: str
    between: str
    after: str
    integers: bool


@cache
def find_values_statement(text: str, rewrite: Callable[[str], str]) -> ValuesStatement | None:
    """Return a statement's form for many rows, or None if it has none.

    Args:
        text: with ``?`` for parameters.
        rewrite: turns what stands around the rows into the database's words.
    """
    insert = arrays.INSERT.fullmatch(text)
    if insert is not None and "?" not in insert[4]:
        kinds = [
            arrays.find_kind(insert[1], column.strip())
            for column, value in zip(insert[2].split(","), insert[3].split(","), strict=True)
            if value.strip() == "?"
        ]
        before, _, after = rewrite(
            f"INSERT INTO {insert[1]} ({insert[2]}) VALUES {_ROWS}{insert[4]}"
        ).partition(_ROWS)
        return ValuesStatement(
            before, f"({insert[3].replace('?', '%s')})", ",", after, set(kinds) <= {"bigint", "smallint"}
        )
    update = arrays.UPDATE.fullmatch(text)
    if update is not None:
        changed = arrays.name_parameters(*update.groups())
        if changed is None:
            return None
        changes, where, kinds = changed
        named = ", ".join(f"%s AS g{number}" for number in range(len(kinds)))
        return ValuesStatement(
            f"UPDATE {update[1]}, (",
            f"SELECT {named}",
            " UNION ALL ",
            f") given SET {changes} WHERE {where}",
            set(kinds) <= {"bigint", "smallint"},
        )
    return None


def write_statements(
    statement: ValuesStatement,
    rows: Sequence[Sequence[Any]],
    escape: Callable[[str, Sequence[Any]], str],
    longest: int,
) -> Iterator[str]:
    """Give the texts of statements that together do all rows.

    Args:
        statement: from `find_values_statement`.
        rows: the parameters.
        escape: puts parameters into a text as the driver does.
        longest: about how many characters a text may have.
    """
    numbers = statement.row.replace("%s", "%d")
    parts: list[str] = []
    length = 0
    for row in rows:
        # A NULL among the integers makes the first fail.
        part = numbers % tuple(row) if statement.integers and None not in row else escape(statement.row, row)
        parts.append(part)
        length += len(part)
        if length > longest:
            yield statement.before + statement.between.join(parts) + statement.after
            parts, length = [], 0
    if parts:
        yield statement.before + statement.between.join(parts) + statement.after
