"""Logged models: rows, params, tags; and their metrics, which are series that runs have logged for them.

The module does not know how models are searched, nor where their files are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import UNSET, Struct

from headrace.api.endpoint import Tag
from headrace.api.logged_models import (
    LoggedModel,
    LoggedModelData,
    LoggedModelInfo,
    LoggedModelMetric,
    LoggedModelParam,
    LoggedModelStatus,
)
from headrace.base.errors import BadRequest, NotFound
from headrace.base.json import wire_float
from headrace.store.annotations import number_code
from headrace.store.codes import decode_many
from headrace.store.connection import Connection, Row
from headrace.store.contexts import contexts_of_models
from headrace.store.keys import find_key_ids, intern_keys, key_names
from headrace.store.transaction import Kind, Transaction

T = TypeVar("T")

_REF = "id, model_id, experiment, scope, artifact_uri"
_INFO = (
    "id, model_id, experiment, name, created_at, updated_at, artifact_uri, status, model_type, source_run_id, "
    "status_message"
)
_BY_NUMBER = {status.number: status for status in LoggedModelStatus}
_EXCERPT = 80


class ModelRef(Struct, frozen=True):
    """What writing to a model needs to know of it."""

    id: int
    model_id: str
    experiment: int
    scope: int
    artifact_uri: str

    @property
    def deleted(self) -> bool:
        """Whether the model is in the trash."""
        return bool(self.scope & 1)


class NewModel(Struct, frozen=True):
    """A model to be inserted.

    Args:
        model_id: its id.
        experiment: the integer id of its experiment.
        name: its name.
        model_type: what kind of model it is; may be empty.
        source_run_id: the run that made it; may be empty, and is not looked up.
        artifact_uri: where its files go.
        now: Unix milliseconds.
    """

    model_id: str
    experiment: int
    name: str
    model_type: str
    source_run_id: str
    artifact_uri: str
    now: int


def insert_model(tx: Transaction, new: NewModel) -> ModelRef:
    """Insert a model that is PENDING."""
    scope = 2 * new.experiment
    number = tx.insert(
        "INSERT INTO hr_model (model_id, experiment, scope, name, model_type, source_run_id, status, status_message, "
        "created_at, updated_at, artifact_uri) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?)",
        (
            new.model_id,
            new.experiment,
            scope,
            new.name,
            new.model_type,
            new.source_run_id,
            LoggedModelStatus.PENDING.number,
            new.now,
            new.now,
            new.artifact_uri,
        ),
    )
    tx.touch(Kind.MODEL, number, new.experiment)
    return ModelRef(number, new.model_id, new.experiment, scope, new.artifact_uri)


def find_model(conn: Connection, model_id: str) -> ModelRef | None:
    """Return what writing to a model needs to know, of a deleted one too, or None. A transaction locks the model."""
    if isinstance(conn, Transaction):
        lock_models(conn, (model_id,))
        held: ModelRef | None = conn.held_models.get(model_id)
        return held
    row = conn.row(f"SELECT {_REF} FROM hr_model WHERE model_id = ?", (model_id,))
    return ModelRef(*row) if row else None


def lock_models(tx: Transaction, model_ids: Iterable[str]) -> None:
    """Lock models, and remember them: whoever writes to anything of a model holds the model's row."""
    missing = sorted(set(model_ids) - tx.held_models.keys())
    if missing:
        walked = tx.dialect.walking("hr_model_one_model_id")
        query = f"SELECT {_REF} FROM hr_model{walked} WHERE model_id IN ({{ids}}) ORDER BY model_id{tx.for_update}"
        for row in tx.rows_in(query, missing):
            tx.held_models[row[1]] = ModelRef(*row)


def has_model(conn: Connection, model_id: str) -> bool:
    """Tell whether there is a model, a deleted one perhaps. Nothing is locked: models never go altogether."""
    return conn.row("SELECT 1 FROM hr_model WHERE model_id = ?", (model_id,)) is not None


def get_model(conn: Connection, model_id: str, *, deleted: bool = False) -> ModelRef:
    """Return what `find_model` does.

    Args:
        conn: where to read.
        model_id: the model's id.
        deleted: whether a deleted model will do.

    Raises:
        NotFound: there is no such model.
    """
    model = find_model(conn, model_id)
    if model is None or (model.deleted and not deleted):
        gone = " any more: it is deleted" if model else ""
        raise NotFound(f"Logged model {_short(model_id)} does not exist{gone}.")
    return model


def update_status(tx: Transaction, model: ModelRef, status: LoggedModelStatus, now: int) -> None:
    """Change the status of a model at a time in Unix milliseconds."""
    tx.change("UPDATE hr_model SET status = ?, updated_at = ? WHERE id = ?", (status.number, now, model.id))
    tx.touch(Kind.MODEL, model.id, model.experiment)


def update_deleted(tx: Transaction, model: ModelRef, now: int) -> None:
    """Move a model to the trash at a time in Unix milliseconds."""
    tx.change(
        "UPDATE hr_model SET scope = ?, updated_at = ? WHERE id = ?",
        (2 * model.experiment + 1, now, model.id),
    )
    tx.held_models.pop(model.model_id, None)
    tx.touch(Kind.MODEL, model.id, model.experiment)


def check_params(conn: Connection, model: ModelRef, params: Mapping[str, str]) -> dict[str, str]:
    """Return those params that the model does not have yet.

    Raises:
        BadRequest: the model has one of them with another value.
    """
    names = {number: name for name, number in find_key_ids(conn, params).items()}
    held = conn.rows_in(
        "SELECT key_id, value FROM hr_model_param WHERE model = ? AND key_id IN ({ids})",
        names,
        before=(model.id,),
    )
    fresh = dict(params)
    for key, value in held:
        wanted = fresh.pop(names[key])
        if wanted != value:
            raise BadRequest(
                f"Logged model {model.model_id!r} has the param {names[key]!r} with the value {_short(value)} already; it cannot "
                f"be changed to {_short(wanted)}. Log it under another name, or create another model."
            )
    return fresh


def insert_params(tx: Transaction, model: ModelRef, params: Mapping[str, str]) -> None:
    """Insert params that the model does not have yet (see `check_params`)."""
    if not params:
        return
    keys = intern_keys(tx, params)
    tx.change_many(
        "INSERT INTO hr_model_param (model, key_id, value, number) VALUES (?, ?, ?, ?)",
        [(model.id, keys[key], value, number_code(value)) for key, value in params.items()],
    )
    tx.touch(Kind.MODEL, model.id, model.experiment)


def set_tags(tx: Transaction, model: ModelRef, tags: Mapping[str, str]) -> None:
    """Set tags of a model; existing ones are replaced."""
    if not tags:
        return
    keys = intern_keys(tx, tags)
    tx.change_many(
        "INSERT INTO hr_model_tag (model, key_id, value) VALUES (?, ?, ?) "
        "ON CONFLICT (model, key_id) DO UPDATE SET value = excluded.value",
        [(model.id, keys[key], value) for key, value in tags.items()],
    )
    tx.touch(Kind.MODEL, model.id, model.experiment)


def delete_tag(tx: Transaction, model: ModelRef, name: str) -> None:
    """Delete a tag.

    Raises:
        NotFound: the model has no such tag.
    """
    place = (model.id, find_key_ids(tx, [name]).get(name, -1))
    if not tx.row("SELECT 1 FROM hr_model_tag WHERE model = ? AND key_id = ?", place):
        raise NotFound(f"Logged model {model.model_id!r} has no tag {_short(name)}.")
    tx.change("DELETE FROM hr_model_tag WHERE model = ? AND key_id = ?", place)
    tx.touch(Kind.MODEL, model.id, model.experiment)


def build_models(conn: Connection, ids: Iterable[int]) -> list[LoggedModel]:
    """Return models with all their data, in the order of their integer ids given.

    A metric stands there once for each run and dataset that it was logged with, with its latest point (by step, time and value).
    """
    ids = list(ids)
    rows = {row[0]: row for row in conn.rows_in(f"SELECT {_INFO} FROM hr_model WHERE id IN ({{ids}})", ids)}
    params = conn.rows_in("SELECT model, key_id, value FROM hr_model_param WHERE model IN ({ids})", ids)
    tags = conn.rows_in("SELECT model, key_id, value FROM hr_model_tag WHERE model IN ({ids})", ids)
    names = key_names(conn, {row[1] for found in (params, tags) for row in found})
    params_of = _gather(params, names, lambda key, value: LoggedModelParam(key=key, value=value))
    tags_of = _gather(tags, names, lambda key, value: Tag(key=key, value=value))
    metrics_of = _latest_metrics(conn, [row[1] for row in rows.values()])
    return [
        LoggedModel(
            info=_build_info(rows[number], tags_of.get(number)),
            data=LoggedModelData(
                params=params_of.get(number, UNSET), metrics=metrics_of.get(rows[number][1], UNSET)
            ),
        )
        for number in ids
    ]


def _build_info(row: Row, tags: list[Tag] | None) -> LoggedModelInfo:
    _, model_id, experiment, name, created, updated, artifact_uri, status, model_type, run_id, message = row
    return LoggedModelInfo(
        model_id=model_id,
        experiment_id=str(experiment),
        name=name,
        creation_timestamp_ms=created,
        last_updated_timestamp_ms=updated,
        artifact_uri=artifact_uri,
        status=_BY_NUMBER[status],
        model_type=model_type,
        source_run_id=run_id,
        status_message=message or UNSET,
        tags=tags or UNSET,
    )


def _latest_metrics(conn: Connection, model_ids: Sequence[str]) -> dict[str, list[LoggedModelMetric]]:
    """Return the latest points of all series that name models, by model, ordered by key and dataset, then as they were begun."""
    contexts = contexts_of_models(conn, model_ids)
    rows = conn.rows_in(
        "SELECT l.context, e.key_id, e.latest_code, e.latest_time, e.latest_step, r.run_id, e.id FROM hr_context_series l "
        "JOIN hr_series e ON e.id = l.series JOIN hr_run r ON r.id = e.run WHERE l.context IN ({ids})",
        contexts,
    )
    names = key_names(conn, {row[1] for row in rows})
    rows.sort(key=lambda row: (names[row[1]], contexts[row[0]], row[6]))
    found: dict[str, list[LoggedModelMetric]] = {}
    values = decode_many([row[2] for row in rows])
    for (context, key, _, time, step, run_id, _), value in zip(rows, values, strict=True):
        model_id, dataset_name, dataset_digest = contexts[context]
        metric = LoggedModelMetric(
            key=names[key],
            value=wire_float(value),
            timestamp=time,
            step=step,
            model_id=model_id,
            dataset_name=dataset_name or UNSET,
            dataset_digest=dataset_digest or UNSET,
            run_id=run_id,
        )
        found.setdefault(model_id, []).append(metric)
    return found


def _gather(
    rows: Iterable[Row], names: Mapping[int, str], build: Callable[[str, str], T]
) -> dict[int, list[T]]:
    """Return what is built from rows of (model, key, value), by model and ordered by key."""
    groups: dict[int, list[T]] = {}
    for model, key, value in sorted(rows, key=lambda row: names[row[1]]):
        groups.setdefault(model, []).append(build(names[key], value))
    return groups


def _short(text: str) -> str:
    return repr(text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…")
