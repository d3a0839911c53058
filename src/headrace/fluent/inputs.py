"""What a run was given and what it has made: datasets and logged models."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headrace.api.endpoint import Tag
from headrace.api.inputs import DatasetInput, ModelInput, ModelOutput
from headrace.base.errors import InvalidParameter
from headrace.base.plugins import load_attribute
from headrace.fluent.artifacts import open_log
from headrace.fluent.runs import find_open_run

if TYPE_CHECKING:
    from headrace.spool.runlog import RunLog

CONTEXT_TAG = "mlflow.data.context"


def log_input(
    dataset: Any = None,
    context: str | None = None,
    tags: Mapping[str, str] | None = None,
    model: Any = None,
    *,
    run_id: str | None = None,
) -> None:
    """Note that a run has used a dataset, or a logged model.

    Args:
        dataset: of `headrace.data`, or anything whose `to_dict` has name, digest, source and source_type.
        context: what for, such as ``training``; the tag ``mlflow.data.context`` of the input.
        tags: further tags of the input.
        model: a `LoggedModelInput`.
        run_id: the run; the active one, started if there is none, unless given.

    Raises:
        InvalidParameter: there is a context or a tag without a dataset, or something is none.
        SpoolFull: this machine's disk is full.
    """
    datasets = [build_input(dataset, context, tags)]
    put_inputs(
        open_log(run_id), [one for one in datasets if one is not None], [] if model is None else [model]
    )


def log_inputs(
    datasets: Sequence[Any] | None = None,
    contexts: Sequence[str | None] | None = None,
    tags_list: Sequence[Mapping[str, str] | None] | None = None,
    models: Sequence[Any] | None = None,
    *,
    run_id: str | None = None,
) -> None:
    """Note that a run has used datasets and logged models. The first three lists are of one length; None in them stands for nothing.

    Args:
        datasets: see `log_input`.
        contexts: what each of them is for.
        tags_list: further tags of each of them.
        models: objects of `LoggedModelInput`.
        run_id: the run; the active one, started if there is none, unless given.

    Raises:
        InvalidParameter: the lists differ in length, there is a context or a tag without a dataset, or something is none.
        SpoolFull: this machine's disk is full.
    """
    lengths = {len(datasets or []), len(contexts or []), len(tags_list or [])}
    if len(lengths) > 1:
        raise InvalidParameter(
            f"log_inputs requires `datasets`, `contexts`, `tags_list` to have the same length; they have {len(datasets or [])}, {len(contexts or [])} and "
            f"{len(tags_list or [])}."
        )
    parts = zip(datasets or [], contexts or [], tags_list or [], strict=True)
    built = [build_input(dataset, context, tags) for dataset, context, tags in parts]
    put_inputs(
        open_log(run_id),
        [one for one in built if one is not None],
        [one for one in models or [] if one is not None],
    )


def log_outputs(models: Sequence[Any] | None = None, *, run_id: str | None = None) -> None:
    """Note that a run has made logged models. Metrics that it logs at the step of a model from then on belong to that model.

    Args:
        models: objects of `LoggedModelOutput`.
        run_id: the run; the active one, started if there is none, unless given.

    Raises:
        InvalidParameter: something is no such object.
        SpoolFull: this machine's disk is full.
    """
    put_outputs(open_log(run_id), models or [])


def build_input(dataset: Any, context: str | None, tags: Mapping[str, str] | None) -> DatasetInput | None:
    """Return a dataset as it is sent, with what it is for; None for none.

    Raises:
        InvalidParameter: there is a context or a tag without a dataset, or it is none.
    """
    if dataset is None:
        if context or tags:
            raise InvalidParameter("`dataset` must be specified if `context` or `tags` is specified.")
        return None
    told = [Tag(key=str(key), value=str(value)) for key, value in (tags or {}).items()]
    if context:
        told.append(Tag(key=CONTEXT_TAG, value=str(context)))
    return DatasetInput(
        dataset=load_attribute("headrace.fluent.datasets.dataset:to_wire")(dataset), tags=told
    )


def put_inputs(log: "RunLog", datasets: Sequence[DatasetInput], models: Sequence[Any]) -> None:
    """Note what a run has used; see `log_inputs`."""
    used = [ModelInput(model_id=_read_id(model)) for model in models]
    if datasets or used:
        log.log_inputs(datasets, used)


def put_outputs(log: "RunLog", models: Sequence[Any]) -> None:
    """Note what a run has made; see `log_outputs`."""
    made = [ModelOutput(model_id=_read_id(model), step=int(getattr(model, "step", 0))) for model in models]
    if not made:
        return
    log.log_outputs(made)
    run = find_open_run(log.run_id)
    if run is not None and run.log is log:
        for model in made:
            run.link_model(model.model_id, model.step)


def _read_id(model: Any) -> str:
    model_id = getattr(model, "model_id", None)
    if not isinstance(model_id, str) or not model_id:
        raise InvalidParameter(
            f"{model!r:.200} is no logged model; give a LoggedModelInput or LoggedModelOutput."
        )
    return model_id
