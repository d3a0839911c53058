"""What runs have used and made: datasets and models."""

from collections.abc import Callable, Sequence

from headrace.api.endpoint import Tag
from headrace.api.inputs import (
    MAX_SUMMARIES,
    Dataset,
    DatasetInput,
    DatasetSummary,
    ModelInput,
    ModelOutput,
    RunInputs,
    RunOutputs,
)
from headrace.store.connection import Connection, Row
from headrace.store.transaction import Kind, RunRef, Transaction

CONTEXT_TAG = "mlflow.data.context"
DATASET_COLUMNS = "name, digest, source_type, source, schema_text, profile_text"
_DATASET, _MODEL_INPUT, _MODEL_OUTPUT = 1, 2, 3
_FIND_KINDS = (
    f"SELECT DISTINCT {_DATASET} FROM hr_run_dataset WHERE run IN ({{ids}}) "
    f"UNION ALL SELECT DISTINCT {_MODEL_INPUT} FROM hr_run_model_input WHERE run IN ({{ids}}) "
    f"UNION ALL SELECT DISTINCT {_MODEL_OUTPUT} FROM hr_run_model_output WHERE run IN ({{ids}})"
)
_FIND_DATASET = "SELECT id FROM hr_dataset WHERE experiment = ? AND name = ? AND digest = ?"


def insert_datasets(tx: Transaction, run: RunRef, datasets: Sequence[DatasetInput]) -> None:
    """Note that a run has used datasets. One that the experiment knows by name and digest is not stored again.

    New tags are added. Those that are there stay as they are: a dataset that was first used for training, and then to evaluate, counts as the former.
    """
    for used in datasets:
        dataset = used.dataset
        number = intern_dataset(
            tx,
            run.experiment,
            (
                dataset.name,
                dataset.digest,
                dataset.source_type,
                dataset.source,
                dataset.schema or None,
                dataset.profile or None,
            ),
        )
        if not tx.row("SELECT 1 FROM hr_run_dataset WHERE run = ? AND dataset = ?", (run.id, number)):
            tx.change("INSERT INTO hr_run_dataset (run, dataset) VALUES (?, ?)", (run.id, number))
        tags = {tag.key: tag.value for tag in used.tags or ()}
        tx.change_many(
            "INSERT INTO hr_run_dataset_tag (run, dataset, name, value) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (run, dataset, name) DO NOTHING",
            [(run.id, number, name, value) for name, value in tags.items()],
        )
    if datasets:
        tx.touch(Kind.RUN, run.id, run.experiment)


def intern_dataset(tx: Transaction, experiment: int, row: Row) -> int:
    """Return the id of a dataset of an experiment, known by name and digest; a new one is stored.

    Args:
        tx: where to write.
        experiment: its integer id.
        row: what `DATASET_COLUMNS` names.
    """
    key = (experiment, *row[:2])
    found = tx.row(_FIND_DATASET, key)
    if found is None:
        tx.intern(
            f"INSERT INTO hr_dataset (experiment, {DATASET_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (experiment, name, digest) DO NOTHING",
            [(experiment, *row)],
        )
        found = tx.row(_FIND_DATASET, key)
        assert found is not None
    number: int = found[0]
    return number


def insert_model_inputs(tx: Transaction, run: RunRef, models: Sequence[ModelInput]) -> None:
    """Note that a run has used models."""
    for model in models:
        row = (run.id, model.model_id)
        if not tx.row("SELECT 1 FROM hr_run_model_input WHERE run = ? AND model_id = ?", row):
            tx.change("INSERT INTO hr_run_model_input (run, model_id) VALUES (?, ?)", row)
            tx.touch(Kind.RUN, run.id, run.experiment)


def insert_model_outputs(tx: Transaction, run: RunRef, models: Sequence[ModelOutput]) -> None:
    """Note that a run has made models, each at a step."""
    for model in models:
        row = (run.id, model.model_id, model.step)
        if not tx.row("SELECT 1 FROM hr_run_model_output WHERE run = ? AND model_id = ? AND step = ?", row):
            tx.change("INSERT INTO hr_run_model_output (run, model_id, step) VALUES (?, ?, ?)", row)
            tx.touch(Kind.RUN, run.id, run.experiment)


def ask_kinds(conn: Connection, runs: Sequence[int]) -> Callable[[], list[Row]]:
    """Ask whether any of some runs has used or made anything; the answer is for `inputs_and_outputs`."""
    return conn.ask_in(_FIND_KINDS, runs)


def inputs_and_outputs(
    conn: Connection, runs: Sequence[int], found: Sequence[Row]
) -> tuple[dict[int, RunInputs], dict[int, RunOutputs]]:
    """Return what each run has used, and what it has made. Most have neither.

    Args:
        conn: where to read.
        runs: integer ids.
        found: what `ask_kinds` has brought.
    """
    kinds = {row[0] for row in found}
    used = run_inputs(conn, runs) if kinds & {_DATASET, _MODEL_INPUT} else {run: RunInputs() for run in runs}
    made = run_outputs(conn, runs) if _MODEL_OUTPUT in kinds else {run: RunOutputs() for run in runs}
    return used, made


def run_inputs(conn: Connection, runs: Sequence[int]) -> dict[int, RunInputs]:
    """Return what each run has used."""
    found = {run: RunInputs() for run in runs}
    tags: dict[tuple[int, int], list[Tag]] = {}
    links = conn.rows_in(
        "SELECT l.run, d.id, d.name, d.digest, d.source_type, d.source, d.schema_text, d.profile_text "
        "FROM hr_run_dataset l JOIN hr_dataset d ON d.id = l.dataset WHERE l.run IN ({ids}) ORDER BY l.run, d.id",
        runs,
    )
    if links:
        for run, dataset, name, value in conn.rows_in(
            "SELECT run, dataset, name, value FROM hr_run_dataset_tag WHERE run IN ({ids}) ORDER BY run, dataset, name",
            runs,
        ):
            tags.setdefault((run, dataset), []).append(Tag(key=name, value=value))
    for run, number, name, digest, source_type, source, schema, profile in links:
        dataset = Dataset(name=name, digest=digest, source_type=source_type, source=source)
        if schema is not None:
            dataset.schema = schema
        if profile is not None:
            dataset.profile = profile
        used = DatasetInput(dataset=dataset)
        if (run, number) in tags:
            used.tags = tags[run, number]
        found[run].dataset_inputs = [*(found[run].dataset_inputs or ()), used]
    for run, model_id in conn.rows_in(
        "SELECT run, model_id FROM hr_run_model_input WHERE run IN ({ids}) ORDER BY run, model_id", runs
    ):
        found[run].model_inputs = [*(found[run].model_inputs or ()), ModelInput(model_id=model_id)]
    return found


def run_outputs(conn: Connection, runs: Sequence[int]) -> dict[int, RunOutputs]:
    """Return what each run has made."""
    found = {run: RunOutputs() for run in runs}
    for run, model_id, step in conn.rows_in(
        "SELECT run, model_id, step FROM hr_run_model_output WHERE run IN ({ids}) ORDER BY run, model_id, step",
        runs,
    ):
        found[run].model_outputs = [
            *(found[run].model_outputs or ()),
            ModelOutput(model_id=model_id, step=step),
        ]
    return found


def search_datasets(conn: Connection, experiments: Sequence[int]) -> list[DatasetSummary]:
    """Return what datasets the active runs of experiments have used, by name, at most `MAX_SUMMARIES`."""
    rows = conn.rows_in(
        "SELECT d.experiment, d.name, d.digest, t.value FROM hr_dataset d "
        "JOIN hr_run_dataset l ON l.dataset = d.id JOIN hr_run r ON r.id = l.run AND r.scope = 2 * r.experiment "
        f"LEFT JOIN hr_run_dataset_tag t ON t.run = l.run AND t.dataset = d.id AND t.name = '{CONTEXT_TAG}' "
        "WHERE d.experiment IN ({ids}) GROUP BY d.experiment, d.name, d.digest, t.value "
        f"ORDER BY d.name, d.digest, CASE WHEN t.value IS NULL THEN 0 ELSE 1 END, t.value, d.experiment LIMIT {MAX_SUMMARIES}",
        experiments,
    )
    summaries = []
    for experiment, name, digest, context in rows[:MAX_SUMMARIES]:
        summary = DatasetSummary(experiment_id=str(experiment), name=name, digest=digest)
        if context is not None:
            summary.context = context
        summaries.append(summary)
    return summaries
