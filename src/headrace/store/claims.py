"""What jobs say beforehand that they will write to. The writer locks it for a whole group, in the one order that `headrace.store.transaction` names.

It is a hint: a job that needs more locks it when it gets there. The module does not know what jobs do.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from headrace.store.expected import Expected
from headrace.store.experiments import ask_for_rows
from headrace.store.foreseen import Wanted
from headrace.store.models import lock_models
from headrace.store.outlook import ask_ahead
from headrace.store.transaction import Transaction
from headrace.store.writers import lock_writers

_MAX_ID = 2**63 - 1
_MAX_TEXT = 500


class Claims(NamedTuple):
    """What a job writes to, as its caller has named it; what is not there does no harm.

    Args:
        runs: public ids.
        experiments: ids of experiments that something comes into, so that they have to stay as they are meanwhile.
        experiment_names: likewise, names.
        changed_experiments: ids of experiments that are changed themselves.
        models: public ids.
        writers: names.
    """

    runs: Sequence[str] = ()
    experiments: Sequence[str] = ()
    experiment_names: Sequence[str] = ()
    changed_experiments: Sequence[str] = ()
    models: Sequence[str] = ()
    writers: Sequence[str] = ()


NO_CLAIMS = Claims()


def lock_claims(
    tx: Transaction,
    claims: Iterable[Claims],
    more_runs: Iterable[str] = (),
    wanted: Sequence[Wanted] = (),
) -> None:
    """Lock what jobs claim, and ask ahead what they want.

    Args:
        tx: where to write; it holds nothing yet.
        claims: of each job.
        more_runs: further runs.
        wanted: what each of the jobs will ask for; none if one of them does not say.
    """
    runs, experiments, names, changed, models, writers = (
        {text for texts in column for text in texts if len(text) <= _MAX_TEXT and "\0" not in text}
        for column in zip(Claims(tuple(more_runs)), *claims, strict=True)
    )
    numbers = _to_ids(experiments | changed)
    runs = _add_forks(runs, tx.caches.forks)
    rest = names or changed or models or writers
    if wanted and tx.expects and not rest and tx.caches.part(Expected).lock(tx, numbers, runs):
        ask_ahead(tx, wanted)
        return
    if names:
        numbers |= {row[0] for row in tx.rows_in("SELECT id FROM hr_experiment WHERE name IN ({ids})", names)}
    # All in one statement, so that they are locked in order: if one is changed, all are locked as strongly as that one.
    take_experiments = ask_for_rows(tx, numbers, to_change=bool(changed))
    take_runs = tx.ask_for_runs(runs)
    if wanted:
        ask_ahead(tx, wanted)
    take_experiments()
    take_runs()
    lock_models(tx, models)
    lock_writers(tx, writers)


def _add_forks(runs: set[str], forks: Mapping[str, Collection[str]]) -> set[str]:
    """Add the forks of runs, and theirs: what is logged to a run changes what is visible of them."""
    if not forks:
        return runs
    found, fresh = set[str](), runs
    while fresh:
        found |= fresh
        fresh = {fork for run in fresh for fork in forks.get(run, ())} - found
    return found


def _to_ids(texts: Iterable[str]) -> set[int]:
    numbers = (int(text) for text in texts if text.isascii() and text.isdigit())
    return {number for number in numbers if number <= _MAX_ID}
