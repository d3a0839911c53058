"""Questions about what a run holds already, for a writer that wants to know whether a record said anything new."""

from collections.abc import Collection

from headrace.api.inputs import DatasetInput
from headrace.store.connection import Connection
from headrace.store.keys import find_key_ids
from headrace.store.transaction import RunRef


def held_tags(conn: Connection, run: RunRef, names: Collection[str]) -> dict[str, str]:
    """Return the values of those tags that a run has."""
    keys = {number: name for name, number in find_key_ids(conn, names).items()}
    rows = conn.rows_in(
        "SELECT key_id, value FROM hr_tag WHERE run = ? AND key_id IN ({ids})", keys, before=(run.id,)
    )
    return {keys[number]: value for number, value in rows}


def has_dataset(conn: Connection, run: RunRef, used: DatasetInput) -> bool:
    """Tell whether a run has a dataset, and tags of all the names that come with it."""
    row = conn.row(
        "SELECT d.id FROM hr_dataset d JOIN hr_run_dataset l ON l.dataset = d.id AND l.run = ? "
        "WHERE d.name = ? AND d.digest = ?",
        (run.id, used.dataset.name, used.dataset.digest),
    )
    if row is None:
        return False
    rows = conn.rows("SELECT name FROM hr_run_dataset_tag WHERE run = ? AND dataset = ?", (run.id, row[0]))
    return {tag.key for tag in used.tags or ()} <= {name for (name,) in rows}


def has_model_input(conn: Connection, run: RunRef, model_id: str) -> bool:
    """Tell whether a run has used a model."""
    return (
        conn.row("SELECT 1 FROM hr_run_model_input WHERE run = ? AND model_id = ?", (run.id, model_id))
        is not None
    )


def has_model_output(conn: Connection, run: RunRef, model_id: str, step: int) -> bool:
    """Tell whether a run has made a model at a step."""
    return (
        conn.row(
            "SELECT 1 FROM hr_run_model_output WHERE run = ? AND model_id = ? AND step = ?",
            (run.id, model_id, step),
        )
        is not None
    )
