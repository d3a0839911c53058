"""Experiments in one-liners: which one new runs belong to, and MLflow's calls about them.

What can be done without a server is: an experiment that is only named need not be looked up to begin a run in it.
"""

import os
from collections.abc import Mapping
from itertools import islice
from typing import Any

from headrace.api.experiments import Experiment as WireExperiment
from headrace.api.experiments import ViewType
from headrace.base.errors import AlreadyExists, InvalidParameter, NotImplementedByServer, Unavailable
from headrace.client.client import Client
from headrace.client.entities import Experiment, FoundList, LifecycleStage
from headrace.client.entities.words import read_view
from headrace.fluent import state
from headrace.fluent.environment import EXPERIMENT_ID, EXPERIMENT_NAME
from headrace.fluent.state import LOGGER, STATE, ActiveExperiment

DEFAULT_ID = "0"


def set_experiment(
    experiment_name: str | None = None, experiment_id: str | None = None, trace_location: Any = None
) -> Experiment:
    """Choose the experiment of new runs, for this process and those that it starts.

    If the server does not answer within 2 s (HEADRACE_ANSWER_S), an experiment that was named is chosen all the same, and made when the first of its runs is stored.

    Args:
        experiment_name: its name; it is made if there is none.
        experiment_id: its id, instead.
        trace_location: not supported.

    Raises:
        InvalidParameter: not exactly one of name and id is given, or the experiment is deleted.
        NotFound: there is no experiment with this id.
    """
    if trace_location is not None:
        raise NotImplementedByServer("trace_location is not supported; leave it out.")
    if (experiment_name is None) == (experiment_id is None):
        raise InvalidParameter("Must specify exactly one of: `experiment_id` or `experiment_name`.")
    uri = state.get_tracking_uri()
    client = state.get_hurried_client(uri)
    try:
        if experiment_name is not None:
            found = _get_or_create(client, experiment_name)
        else:
            found = client.experiments.get(str(experiment_id))
    except Unavailable as error:
        LOGGER.warning(
            "set_experiment goes on without the server at %s, which does not answer: %s",
            state.hide_credentials(uri),
            error.message,
        )
        return _choose_unseen(uri, experiment_name or "", str(experiment_id or ""))
    _check_active(found)
    _choose(ActiveExperiment(uri, experiment_name or "", found.experiment_id))
    return Experiment.from_wire(found, uri)


def _get_or_create(client: Client, name: str) -> WireExperiment:
    found = client.experiments.find_by_name(name)
    if found is not None:
        return found
    try:
        return client.experiments.get(client.experiments.create(name))
    except AlreadyExists:  # another process was quicker
        return client.experiments.get_by_name(name)


def _choose_unseen(uri: str, name: str, experiment_id: str) -> Experiment:
    _choose(ActiveExperiment(uri, name, experiment_id))
    return Experiment(experiment_id, name, "", LifecycleStage.ACTIVE)


def _choose(experiment: ActiveExperiment) -> None:
    STATE.experiment = experiment
    for name in EXPERIMENT_ID.names:
        if experiment.experiment_id and (name.startswith("MLFLOW_") or name in os.environ):
            os.environ[name] = experiment.experiment_id
    if experiment.experiment_id:
        STATE.known_experiments.add((experiment.uri, experiment.experiment_id))


def _check_active(experiment: WireExperiment) -> None:
    if experiment.lifecycle_stage != LifecycleStage.ACTIVE:
        raise InvalidParameter(
            f"Cannot set a deleted experiment {experiment.name!r} as the active experiment. Restore it (`headrace experiments restore`), or choose another name."
        )


def choose_experiment(uri: str, experiment_id: str | None = None) -> ActiveExperiment:
    """Return the experiment of a new run: the one given, else what `set_experiment` has chosen, else what the environment says, else the default one.

    Args:
        uri: the tracking URI.
        experiment_id: the experiment, if it is given; empty for one that `set_experiment` could not look up.

    Raises:
        NotFound: the id is unknown to the server.
        InvalidParameter: the experiment is deleted, or the environment contradicts itself.
    """
    if experiment_id:
        return _check_known(ActiveExperiment(uri, "", experiment_id))
    chosen = STATE.experiment
    if chosen is not None:
        # Ids are a server's own; a name means the same everywhere.
        return chosen if chosen.uri == uri or not chosen.name else ActiveExperiment(uri, chosen.name)
    name, number = EXPERIMENT_NAME.find(), EXPERIMENT_ID.find()
    if name and number:
        _check_agreement(uri, name, number)
    if name:
        return ActiveExperiment(uri, name, number or "")
    return _check_known(ActiveExperiment(uri, "", number or DEFAULT_ID))


def _check_known(experiment: ActiveExperiment) -> ActiveExperiment:
    """Let the server confirm an id that it has not told of itself; without an answer it is believed."""
    key = experiment.uri, experiment.experiment_id
    if experiment.experiment_id == DEFAULT_ID or key in STATE.known_experiments:
        return experiment
    try:
        found = state.get_hurried_client(experiment.uri).experiments.get(experiment.experiment_id)
    except Unavailable:
        return experiment
    if found.lifecycle_stage != LifecycleStage.ACTIVE:
        raise InvalidParameter(
            f"The experiment {experiment.experiment_id} ({found.name!r}) must be in the 'active' state, but is deleted. Restore it, or choose another one."
        )
    STATE.known_experiments.add(key)
    return experiment


def _check_agreement(uri: str, name: str, number: str) -> None:
    """Refuse a name and an id in the environment that mean two experiments."""
    key = uri, f"{number}={name}"
    if key in STATE.known_experiments:
        return
    try:
        found = state.get_hurried_client(uri).experiments.find_by_name(name)
    except Unavailable:
        return
    if found is not None and found.experiment_id != number:
        raise InvalidParameter(
            f"The provided {EXPERIMENT_ID.names[1]} environment variable value `{number}` does not match the experiment id `{found.experiment_id}` for experiment "
            f"name `{name}`. Set one of the two."
        )
    STATE.known_experiments.add(key)


def get_active_experiment_id() -> str:
    """Return the id of the experiment that new runs belong to, made now if it is only named."""
    uri = state.get_tracking_uri()
    chosen = choose_experiment(uri)
    if not chosen.experiment_id:
        chosen.experiment_id = _get_or_create(state.get_client(uri), chosen.name).experiment_id
    return chosen.experiment_id


def create_experiment(
    name: str,
    artifact_location: str | None = None,
    tags: dict[str, Any] | None = None,
    trace_location: Any = None,
) -> str:
    """Create an experiment and return its id.

    Args:
        name: its name; slashes make a tree.
        artifact_location: where its runs keep artifacts; the server chooses if it is not given.
        tags: values become text.
        trace_location: not supported.

    Raises:
        AlreadyExists: the name is taken, perhaps by a deleted experiment.
        InvalidParameter: name, location or a tag is not allowed.
    """
    if trace_location is not None:
        raise NotImplementedByServer("trace_location is not supported; leave it out.")
    uri = state.get_tracking_uri()
    calls = state.get_client(uri).experiments
    made = calls.create(name, artifact_location=artifact_location or "", tags=tags)
    STATE.known_experiments.add((uri, made))
    return made


def get_experiment(experiment_id: str) -> Experiment:
    """Return an experiment, deleted ones too.

    Raises:
        NotFound: there is none with this id.
    """
    state.flush_reads()
    client = state.get_client()
    return Experiment.from_wire(client.experiments.get(str(experiment_id)), client.uri)


def get_experiment_by_name(name: str) -> Experiment | None:
    """Return an experiment by its name, deleted ones too, or None."""
    state.flush_reads()
    client = state.get_client()
    found = client.experiments.find_by_name(name)
    return None if found is None else Experiment.from_wire(found, client.uri)


def search_experiments(
    view_type: int = int(ViewType.ACTIVE_ONLY.number),
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: list[str] | None = None,
) -> list[Experiment]:
    """Return experiments.

    Args:
        view_type: which stages of life: ``ViewType.ACTIVE_ONLY``, ``DELETED_ONLY`` or ``ALL``.
        max_results: how many at most; all if it is not given.
        filter_string: such as ``name LIKE 'team/%'``.
        order_by: such as ``["last_update_time DESC"]``.

    Raises:
        InvalidParameter: the filter, an order or the view is not allowed.
    """
    state.flush_reads()
    client = state.get_client()
    found = client.experiments.search(filter_string or "", order_by or (), read_view(view_type))
    some = found if max_results is None else islice(found, max(0, max_results))
    return FoundList(Experiment.from_wire(each, client.uri) for each in some)


def delete_experiment(experiment_id: str) -> None:
    """Mark an experiment and its runs as deleted; `restore_experiment` brings them back.

    Raises:
        NotFound: there is no such active experiment.
    """
    state.flush_reads()
    uri = state.get_tracking_uri()
    STATE.known_experiments.discard((uri, experiment_id))
    state.get_client(uri).experiments.delete(experiment_id)


def restore_experiment(experiment_id: str) -> None:
    """Bring a deleted experiment and its runs back.

    Raises:
        NotFound: there is no such deleted experiment.
    """
    state.get_client().experiments.restore(experiment_id)


def set_experiment_tag(key: str, value: Any) -> None:
    """Set a tag of the experiment that new runs belong to; the value becomes text."""
    set_experiment_tags({key: value})


def set_experiment_tags(tags: Mapping[str, Any]) -> None:
    """Set tags of the experiment that new runs belong to; values become text."""
    number = get_active_experiment_id()
    for key, value in tags.items():
        state.get_client().experiments.set_tag(number, key, value)


def delete_experiment_tag(key: str) -> None:
    """Delete a tag of the experiment that new runs belong to.

    Raises:
        NotFound: there is no such tag.
    """
    state.get_client().experiments.delete_tag(get_active_experiment_id(), key)
