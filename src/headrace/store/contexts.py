"""Contexts: what a metric was measured on, a model or a dataset, interned."""

from collections.abc import Sequence

from headrace.base.errors import InvalidParameter
from headrace.store.connection import Connection
from headrace.store.transaction import Transaction

_FIND_CONTEXT = "SELECT id FROM hr_context WHERE model_id = ? AND dataset_name = ? AND dataset_digest = ?"
_LIMITS = (("model_id", 64), ("dataset_name", 500), ("dataset_digest", 36))


def check_context(model_id: str, dataset_name: str, dataset_digest: str) -> tuple[str, str, str]:
    """Return the parts of a context if they are legal.

    Raises:
        InvalidParameter: a part is too long or holds a NUL character.
    """
    context = (model_id, dataset_name, dataset_digest)
    for (name, limit), value in zip(_LIMITS, context, strict=True):
        if len(value) > limit or "\0" in value:
            raise InvalidParameter(
                f"Invalid {name} {value[:80]!r} of a metric: at most {limit} characters, and no NUL, are allowed."
            )
    return context


def intern_context(tx: Transaction, context: tuple[str, str, str]) -> int:
    """Return the id of a context, giving a new one an id."""
    row = tx.row(_FIND_CONTEXT, context)
    if row is None:
        tx.intern(
            "INSERT INTO hr_context (model_id, dataset_name, dataset_digest) VALUES (?, ?, ?) "
            "ON CONFLICT (model_id, dataset_name, dataset_digest) DO NOTHING",
            [context],
        )
        row = tx.row(_FIND_CONTEXT, context)
        assert row is not None
    number: int = row[0]
    return number


def contexts_of_models(conn: Connection, model_ids: Sequence[str]) -> dict[int, tuple[str, str, str]]:
    """Return the contexts that name models, by id, as (model id, dataset name, dataset digest)."""
    rows = conn.rows_in(
        "SELECT id, model_id, dataset_name, dataset_digest FROM hr_context WHERE model_id IN ({ids})",
        model_ids,
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}
