"""Logged models in one-liners: making, finding and describing them. Their files are logged by what knows the model's flavour."""

from contextvars import ContextVar
from typing import Any, Literal

from headrace.base.errors import InvalidParameter
from headrace.base.plugins import load
from headrace.client.entities import LoggedModel, LoggedModelStatus
from headrace.fluent import provenance
from headrace.fluent.experiments import get_active_experiment_id
from headrace.fluent.flat import MlflowClient
from headrace.fluent.runs import find_active_run

EXTERNAL_TAG = "mlflow.model.isExternal"
_AT_ONCE = 50
_LAST: ContextVar[tuple[str, str]] = ContextVar("headrace_last_model", default=("", ""))


def initialize_logged_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """Create a logged model, in the state PENDING: its files are logged next, then `finalize_logged_model` is called.

    Args:
        name: one is made up if it is not given.
        source_run_id: the run that makes it; the active one if it is not given.
        tags: values become text; those of where the code comes from are added.
        params: values become text.
        model_type: such as ``agent``.
        experiment_id: the experiment that it belongs to; that of the active run, else the active one, if it is not given.

    Raises:
        NotFound: there is no such experiment or run.
        InvalidParameter: a value is not allowed.
    """
    run = find_active_run()
    if run is not None:
        source_run_id = source_run_id or run.run_id
        experiment_id = experiment_id or run.info.experiment_id
    client = MlflowClient()
    model = client.create_logged_model(
        experiment_id or get_active_experiment_id(),
        name=name,
        source_run_id=source_run_id,
        tags=provenance.context_tags() | (tags or {}),
        params=params,
        model_type=model_type,
    )
    _LAST.set((client.tracking_uri, model.model_id))
    return model


def create_external_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: dict[str, str] | None = None,
    params: dict[str, str] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """Create a logged model whose files are kept elsewhere; it is READY at once. The arguments are those of `initialize_logged_model`.

    Raises:
        NotFound: there is no such experiment or run.
        InvalidParameter: a value is not allowed.
    """
    marked = {**(tags or {}), EXTERNAL_TAG: "true"}
    model = initialize_logged_model(name, source_run_id, marked, params, model_type, experiment_id)
    return finalize_logged_model(model.model_id, LoggedModelStatus.READY)


def finalize_logged_model(
    model_id: str, status: LoggedModelStatus | Literal["READY", "FAILED"]
) -> LoggedModel:
    """Say that a model's files are complete (READY), or that logging them failed (FAILED).

    Raises:
        NotFound: there is no such model.
        InvalidParameter: there is no such state.
    """
    return MlflowClient().finalize_logged_model(model_id, status)


def get_logged_model(model_id: str) -> LoggedModel:
    """Return a logged model.

    Raises:
        NotFound: there is none with this id, or it is deleted.
    """
    return MlflowClient().get_logged_model(model_id)


def last_logged_model() -> LoggedModel | None:
    """Return the logged model that was created last in this context at the tracking URI; None if there is none."""
    client = MlflowClient()
    uri, model_id = _LAST.get()
    return client.get_logged_model(model_id) if uri == client.tracking_uri else None


def search_logged_models(
    experiment_ids: list[str] | None = None,
    filter_string: str | None = None,
    datasets: list[dict[str, str]] | None = None,
    max_results: int | None = None,
    order_by: list[dict[str, Any]] | None = None,
    output_format: Literal["pandas", "list"] = "pandas",
) -> Any:
    """Return logged models as a data frame, or as a list.

    Args:
        experiment_ids: where to search; the active experiment if it is not given.
        filter_string: such as ``metrics.accuracy > 0.9 AND name LIKE 'tree%'``.
        datasets: metrics of the filter count only if they were measured on one of these, each with ``dataset_name`` and perhaps ``dataset_digest``.
        max_results: at most so many; all if it is not given.
        order_by: each with ``field_name``, and perhaps ``ascending``, ``dataset_name`` and ``dataset_digest``; newest first by default.
        output_format: ``pandas`` or ``list``.

    Raises:
        InvalidParameter: the filter, an order or the format is not allowed.
        NotImplementedByServer: pandas is asked for, and not installed.
    """
    if output_format not in {"pandas", "list"}:
        raise InvalidParameter(f"There is no output_format {output_format!r}; it must be pandas or list.")
    frames = (
        load("headrace.fluent.pandas_frames", extra="pandas", purpose="output_format='pandas'")
        if output_format == "pandas"
        else None
    )
    client, token = MlflowClient(), None
    found: list[LoggedModel] = []
    while max_results is None or len(found) < max_results:
        size = _AT_ONCE if max_results is None else min(_AT_ONCE, max_results - len(found))
        page = client.search_logged_models(
            experiment_ids or [get_active_experiment_id()],
            filter_string,
            datasets,
            size,
            order_by,
            token,
        )
        found += page
        token = page.token
        if not token:
            break
    return found if frames is None else frames.build_models(found)


def set_logged_model_tags(model_id: str, tags: dict[str, Any]) -> None:
    """Set tags of a logged model; values become text.

    Raises:
        NotFound: there is no such model.
    """
    MlflowClient().set_logged_model_tags(model_id, tags)


def delete_logged_model_tag(model_id: str, key: str) -> None:
    """Delete a tag of a logged model.

    Raises:
        NotFound: there is no such model or tag.
    """
    MlflowClient().delete_logged_model_tag(model_id, key)


def log_model_params(params: dict[str, str], model_id: str | None = None) -> None:
    """Log params of a logged model; values become text, and cannot be changed.

    Args:
        params: the params.
        model_id: the model; the active run's if it is not given.

    Raises:
        NotFound: there is no such model.
        InvalidParameter: a param has another value already, or no model is named and none is active.
    """
    run = find_active_run()
    chosen = model_id or (run.options.model_id if run is not None else "")
    if not chosen:
        raise InvalidParameter("No model is named and none is active; give model_id.")
    MlflowClient().log_model_params(chosen, params)
