"""Moving runs to another experiment: every row by which a search finds a run, and what belongs to it, its models and datasets.

Files stay where they are: a run keeps the artifact URI that it was born with. The module does not check whether a move is allowed.
"""

from collections.abc import Collection, Iterable, Sequence

from headrace.store.annotations import digest
from headrace.store.connection import Connection, marks
from headrace.store.inputs import DATASET_COLUMNS, intern_dataset
from headrace.store.keys import find_key_ids
from headrace.store.models import lock_models
from headrace.store.questions import MAX_IN_LIST
from headrace.store.series import flush_points
from headrace.store.transaction import RUN_COLUMNS, Kind, RunRef, Transaction

PARENT_TAG = "mlflow.parentRunId"


def find_refs(conn: Connection, ids: Iterable[int]) -> dict[int, RunRef]:
    """Return what writing needs to know of those runs that exist, deleted ones too, by their integer ids. A transaction locks them."""
    if isinstance(conn, Transaction):
        return conn.lock_run_numbers(ids)
    rows = conn.rows_in(f"SELECT {RUN_COLUMNS} FROM hr_run WHERE id IN ({{ids}})", ids)
    return {row[0]: RunRef(*row) for row in rows}


def find_numbers(conn: Connection, run_ids: Iterable[str]) -> dict[str, int]:
    """Return the integer ids of those runs that exist, deleted ones too, by their ids."""
    return dict(conn.rows_in("SELECT run_id, id FROM hr_run WHERE run_id IN ({ids})", run_ids))


def add_descendants(conn: Connection, ids: Sequence[int]) -> list[int]:
    """Return runs with all that are nested below them, by the tag ``mlflow.parentRunId``, each once; in whatever experiment they are.

    Args:
        conn: where to read.
        ids: integer ids of runs; they come first, in their order.
    """
    found = dict.fromkeys(ids)
    key = find_key_ids(conn, [PARENT_TAG]).get(PARENT_TAG)
    if key is None:
        return list(found)
    scopes = _nesting_scopes(conn, key)
    parents = list(found)
    while parents and scopes:
        names = conn.rows_in("SELECT run_id FROM hr_run WHERE id IN ({ids})", parents)
        children = _children(conn, scopes, key, [row[0] for row in names])
        parents = [child for child in children if child not in found]
        found.update(dict.fromkeys(parents))
    return list(found)


def _nesting_scopes(conn: Connection, key: int) -> list[int]:
    """Return the scopes in which runs have a parent: one look into the index for each scope that holds tags at all."""
    rows = conn.rows(
        "WITH RECURSIVE held (scope) AS (SELECT MIN(scope) FROM hr_tag UNION ALL "
        "SELECT (SELECT MIN(t.scope) FROM hr_tag t WHERE t.scope > held.scope) FROM held WHERE held.scope IS NOT NULL) "
        "SELECT scope FROM held WHERE EXISTS (SELECT 1 FROM hr_tag t WHERE t.scope = held.scope AND t.key_id = ?)",
        (key,),
    )
    return [row[0] for row in rows]


def _children(conn: Connection, scopes: Sequence[int], key: int, parents: Collection[str]) -> list[int]:
    """Return the integer ids of the runs whose parent is one of `parents`, in order."""
    digests = {digest(name): name for name in parents}
    children: list[int] = []
    for start in range(0, len(scopes), MAX_IN_LIST):
        part = scopes[start : start + MAX_IN_LIST]
        children += [
            run
            for run, hashed, value in conn.rows_in(
                f"SELECT run, digest, value FROM hr_tag WHERE scope IN ({marks(len(part))}) AND key_id = ? AND digest IN ({{ids}})",
                digests,
                before=(*part, key),
            )
            if digests[hashed] == value
        ]
    return sorted(children)


def experiments_below(conn: Connection, path: str) -> list[tuple[int, str]]:
    """Return (id, name) of the experiments whose names are a path or lie below it, deleted ones too."""
    # The character after "/" is "0": a range, because LIKE knows wildcards and databases differ on its index.
    rows = conn.rows(
        "SELECT id, name FROM hr_experiment WHERE name = ? OR (name >= ? AND name < ?) ORDER BY id",
        (path, f"{path}/", f"{path}0"),
    )
    return [(row[0], row[1]) for row in rows]


def find_experiments(conn: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return the ids of those names that experiments have, deleted ones too."""
    return dict(conn.rows_in("SELECT name, id FROM hr_experiment WHERE name IN ({ids})", names))


def move_runs(tx: Transaction, runs: Sequence[RunRef], target: int) -> None:
    """Move active runs to another experiment.

    Args:
        tx: where to write.
        runs: as they are at this moment in this transaction; none of them lies in the target.
        target: the integer id of the experiment.
    """
    # What earlier jobs of this transaction have logged is written first: its new series would else be found in the old experiment.
    flush_points(tx)
    scope = 2 * target
    tx.change_many(
        "UPDATE hr_run SET experiment = ?, scope = ? WHERE id = ?", [(target, scope, run.id) for run in runs]
    )
    tx.forget_runs({run.id for run in runs})
    for table in ("hr_param", "hr_tag"):
        tx.change_many(f"UPDATE {table} SET scope = ? WHERE run = ?", [(scope, run.id) for run in runs])
    tx.change_many(
        "UPDATE hr_series SET scope = ? WHERE run = ? AND scope IS NOT NULL",
        [(scope, run.id) for run in runs],
    )
    _move_models(tx, runs, target)
    _move_datasets(tx, runs, target)
    for run in runs:
        tx.runs.pop(run.id, None)
        for experiment in (
            run.experiment,
            target,
        ):  # who follows the old experiment hears that the run has gone
            tx.touch(Kind.RUN, run.id, experiment)


def _move_models(tx: Transaction, runs: Sequence[RunRef], target: int) -> None:
    """Take along the models that runs have made, deleted ones too, if they lie in the run's experiment."""
    home = {run.run_id: run.experiment for run in runs}
    made = tx.rows_in("SELECT model_id, source_run_id FROM hr_model WHERE source_run_id IN ({ids})", home)
    lock_models(tx, (row[0] for row in made))
    refs = [
        tx.held_models[model_id]
        for model_id, run_id in made
        if tx.held_models[model_id].experiment == home[run_id]
    ]
    tx.change_many(
        "UPDATE hr_model SET experiment = ?, scope = ? WHERE id = ?",
        [(target, 2 * target + model.deleted, model.id) for model in refs],
    )
    for model in refs:
        del tx.held_models[model.model_id]
        for each in (model.experiment, target):
            tx.touch(Kind.MODEL, model.id, each)


def _move_datasets(tx: Transaction, runs: Sequence[RunRef], target: int) -> None:
    """Link runs to the datasets of the target that have the same name and digest; those that it lacks are copied there."""
    ids = [run.id for run in runs]
    links = tx.rows_in("SELECT run, dataset FROM hr_run_dataset WHERE run IN ({ids}) ORDER BY dataset", ids)
    if not links:
        return
    datasets = tx.rows_in(
        f"SELECT id, {DATASET_COLUMNS} FROM hr_dataset WHERE id IN ({{ids}})",
        sorted({row[1] for row in links}),
    )
    new = {number: intern_dataset(tx, target, tuple(row)) for number, *row in datasets}
    for table in ("hr_run_dataset", "hr_run_dataset_tag"):
        tx.change_many(
            f"UPDATE {table} SET dataset = ? WHERE run = ? AND dataset = ?",
            [(new[dataset], run, dataset) for run, dataset in links],
        )
