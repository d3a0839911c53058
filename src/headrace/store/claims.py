"""What jobs say beforehand that they will write to. The writer locks it for a whole group, in the one order that `headrace.store.transaction` names.

It is a hint: a job that needs more locks it when it gets there. Does not know what jobs do.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from headrace.store.experiments import lock_rows, lock_rows_by_name
from headrace.store.models import lock_models
from headrace.store.transaction import Transaction
from headrace.store.writers import lock_writers

_MAX_ID = 2**63 - 1
_MAX_TEXT = 500


class Claims(NamedTuple):
    """What a job writes to. Things that are not there are no harm.

    Args:
        runs: public ids.
        experiments: ids, as texts, of experiments that are to stay as they are meanwhile, because something comes into them.
        changed_experiments: ids, as texts, of experiments that are changed themselves.
        experiment_names: as `experiments`, but names.
        models: public ids.
        writers: names.
    """

    runs: Sequence[str] = ()
    experiments: Sequence[str] = ()
    changed_experiments: Sequence[str] = ()
    experiment_names: Sequence[str] = ()
    models: Sequence[str] = ()
    writers: Sequence[str] = ()


NO_CLAIMS = Claims()


def lock_claims(tx: Transaction, claims: Iterable[Claims], wanted_runs: Iterable[str] = ()) -> None:
    """Lock what some jobs claim.

    Args:
        tx: where to write; nothing was locked in it before.
        claims: of each job.
        wanted_runs: further runs.
    """
    runs, experiments, changed, names, models, writers = (
        {text for each in column for text in each if len(text) <= _MAX_TEXT and "\0" not in text}
        for column in zip(Claims(tuple(wanted_runs)), *claims, strict=True)
    )
    changed_ids = _to_ids(changed)
    lock_rows(tx, changed_ids, to_change=True, also=_to_ids(experiments))
    if names:
        lock_rows_by_name(tx, names)
    tx.lock_runs(runs)
    lock_models(tx, models)
    lock_writers(tx, writers)


def _to_ids(texts: Iterable[str]) -> set[int]:
    numbers = (int(text) for text in texts if text.isascii() and text.isdigit())
    return {number for number in numbers if number <= _MAX_ID}
