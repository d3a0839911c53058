"""Statements that change rows of `hr_series` only if they are as expected, and fail by a division by zero if one is not."""

from headrace.store.dialects.arrays import ArrayStatement, find_kind
from headrace.store.summaries import STATE

_STATE = tuple(name.strip() for name in STATE.split(","))
_CHANGED = ("is_nan", *_STATE, "sealed")
_KEPT = ("scope", *_STATE, "sealed")


def _write_update() -> ArrayStatement:
    kinds = tuple(find_kind("hr_series", name) for name in (*_CHANGED, "id", *_KEPT))
    given = ", ".join(f"unnest(%s::{kind}[]) AS g{number}" for number, kind in enumerate(kinds))
    setting = ", ".join(f"{name} = g{number}" for number, name in enumerate(_CHANGED))
    number = len(_CHANGED)
    same = " AND ".join(
        f"s.{name} IS NOT DISTINCT FROM g{place}" for place, name in enumerate(_KEPT, number + 1)
    )
    text = (
        f"WITH changed AS (UPDATE hr_series s SET {setting} FROM (SELECT {given}) given "
        f"WHERE s.id = g{number} AND {same} RETURNING 1) SELECT 1 / (count(*) = %s::bigint)::int FROM changed"
    )
    return ArrayStatement(text, kinds)


def _write_update_of_one() -> str:
    setting = ", ".join(f"{name} = %s" for name in _CHANGED)
    same = " AND ".join(f"{name} IS NOT DISTINCT FROM %s" for name in _KEPT)
    return (
        f"WITH changed AS (UPDATE hr_series SET {setting} WHERE id = %s AND {same} RETURNING 1) "
        "SELECT 1 / count(*) FROM changed"
    )


UPDATE = _write_update()
"""Arrays of what is set, the ids, and what is expected; at last how many rows there are."""
UPDATE_ONE = _write_update_of_one()
"""The same for one row, which is cheaper."""
