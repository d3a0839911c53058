"""Experiments: nouns, calls, rows."""

from typing import Any

from msgspec import UNSET, UnsetType

from headrace.api.endpoint import Empty, Endpoint, Need, Permission, Resource, Tag
from headrace.base.json import Int64, Wire, WireEnum

_READ = Need(Permission.READ, Resource.EXPERIMENT, "experiment_id")
_EDIT = Need(Permission.EDIT, Resource.EXPERIMENT, "experiment_id")
_MANAGE = Need(Permission.MANAGE, Resource.EXPERIMENT, "experiment_id")


class ViewType(WireEnum):
    """Which stages of life a search looks at."""

    ACTIVE_ONLY = "ACTIVE_ONLY", 1
    DELETED_ONLY = "DELETED_ONLY", 2
    ALL = "ALL", 3


class Experiment(Wire, kw_only=True):
    """A named group of runs. Slashes in the name make a tree (``team/project/experiment``)."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    last_update_time: int
    creation_time: int
    tags: list[Tag] | UnsetType = UNSET
    workspace: str = "default"


class CreateExperiment(Wire, kw_only=True):
    """Parameters of experiments/create."""

    name: str
    artifact_location: str = ""
    tags: list[Tag] = []


class ExperimentCreated(Wire, kw_only=True):
    """Answer of experiments/create."""

    experiment_id: str


class GetExperiment(Wire, kw_only=True):
    """Parameters of the calls that take an experiment's id alone."""

    experiment_id: str


class GetExperimentByName(Wire, kw_only=True):
    """Parameters of experiments/get-by-name."""

    experiment_name: str


class ExperimentAnswer(Wire, kw_only=True):
    """An experiment as an answer."""

    experiment: Experiment


class SearchExperiments(Wire, kw_only=True):
    """Parameters of experiments/search and experiments/overview."""

    max_results: Int64 = 1000
    page_token: str = ""
    filter: str = ""
    order_by: list[str] = []
    view_type: ViewType = ViewType.ACTIVE_ONLY


class ExperimentsPage(Wire, kw_only=True):
    """Answer of experiments/search."""

    experiments: list[Experiment] | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


class ExperimentOverview(Wire, kw_only=True):
    """An experiment, and what is in it.

    Args:
        experiment_id: its id.
        name: its name; slashes make a tree.
        lifecycle_stage: ``active`` or ``deleted``.
        creation_time: Unix milliseconds.
        last_update_time: likewise.
        tags: all of them.
        runs: how many runs it has; of a deleted one those that went with it are counted.
        running: how many of them run now; what is LOST does not.
        last_run_time: when the latest of them began, in Unix milliseconds; not set if there is none.
    """

    experiment_id: str
    name: str
    lifecycle_stage: str
    creation_time: int
    last_update_time: int
    tags: list[Tag]
    runs: int
    running: int
    last_run_time: int | UnsetType = UNSET


class OverviewPage(Wire, kw_only=True):
    """Answer of experiments/overview."""

    experiments: list[ExperimentOverview]
    next_page_token: str | UnsetType = UNSET


class FindBest(Wire, kw_only=True):
    """Parameters of experiments/best: one experiment at least, and up to 200."""

    experiment_ids: list[str]


class BestValue(Wire, kw_only=True):
    """The best value of an experiment's metric, and the run that has it.

    Args:
        key: the metric's name.
        statistic: ``min`` or ``max``; which of them is better is said by the tag, or guessed from the name.
        value: the least or the greatest finite value of all active runs.
        run_id: the run.
        run_name: its name.
        number: its place in the order in which this store was told of runs.
    """

    key: str
    statistic: str
    value: float
    run_id: str
    run_name: str
    number: int


class ExperimentBest(Wire, kw_only=True):
    """What speaks for an experiment.

    Args:
        experiment_id: its id.
        owner: its tag ``owner``; without one the user of its first run; empty if neither is known.
        best: not set where no metric is named and none can be guessed, or it has no finite value.
    """

    experiment_id: str
    owner: str = ""
    best: BestValue | UnsetType = UNSET


class BestAnswer(Wire, kw_only=True):
    """Answer of experiments/best.

    The metric is the one that the tag ``headrace.metric`` names as ``min(metrics.loss)`` or ``max(metrics.accuracy)``; without one, of those that most runs have, the one
    whose name tells most.
    """

    experiments: list[ExperimentBest]


class UpdateExperiment(Wire, kw_only=True):
    """Parameters of experiments/update."""

    experiment_id: str
    new_name: str = ""


class SetExperimentTag(Wire, kw_only=True):
    """Parameters of experiments/set-experiment-tag."""

    experiment_id: str
    key: str
    value: str = ""


class DeleteExperimentTag(Wire, kw_only=True):
    """Parameters of experiments/delete-experiment-tag."""

    experiment_id: str
    key: str


CREATE = Endpoint(
    "experiments.create",
    "POST",
    "/2.0/mlflow/experiments/create",
    CreateExperiment,
    ExperimentCreated,
    (Need(Permission.EDIT, Resource.SERVER),),
    "Create an experiment.",
    writes=True,
)
GET = Endpoint(
    "experiments.get",
    "GET",
    "/2.0/mlflow/experiments/get",
    GetExperiment,
    ExperimentAnswer,
    (_READ,),
    "Get an experiment by its id, deleted ones too.",
)
GET_BY_NAME = Endpoint(
    "experiments.get_by_name",
    "GET",
    "/2.0/mlflow/experiments/get-by-name",
    GetExperimentByName,
    ExperimentAnswer,
    (Need(Permission.READ, Resource.EXPERIMENT_NAME, "experiment_name"),),
    "Get an experiment by its name, deleted ones too.",
)
SEARCH = Endpoint(
    "experiments.search",
    "POST",
    "/2.0/mlflow/experiments/search",
    SearchExperiments,
    ExperimentsPage,
    (Need(Permission.READ, Resource.SERVER),),
    "Search experiments, a page at a time.",
    also=(("GET", "/2.0/mlflow/experiments/search"),),
)
OVERVIEW = Endpoint(
    "experiments.overview",
    "POST",
    "/headrace/v1/experiments/overview",
    SearchExperiments,
    OverviewPage,
    (Need(Permission.READ, Resource.SERVER),),
    "Search experiments, with how many runs each has, and when the latest began.",
    prefixes=("/api",),
)
BEST = Endpoint(
    "experiments.best",
    "POST",
    "/headrace/v1/experiments/best",
    FindBest,
    BestAnswer,
    (Need(Permission.READ, Resource.EXPERIMENT, "experiment_ids"),),
    "Get the best run and the owner of each of some experiments.",
    prefixes=("/api",),
)
UPDATE = Endpoint(
    "experiments.update",
    "POST",
    "/2.0/mlflow/experiments/update",
    UpdateExperiment,
    Empty,
    (_EDIT,),
    "Rename an experiment.",
    writes=True,
)
DELETE = Endpoint(
    "experiments.delete",
    "POST",
    "/2.0/mlflow/experiments/delete",
    GetExperiment,
    Empty,
    (_MANAGE,),
    "Mark an experiment and its runs as deleted.",
    writes=True,
)
RESTORE = Endpoint(
    "experiments.restore",
    "POST",
    "/2.0/mlflow/experiments/restore",
    GetExperiment,
    Empty,
    (_MANAGE,),
    "Bring a deleted experiment and its runs back.",
    writes=True,
)
SET_TAG = Endpoint(
    "experiments.set_tag",
    "POST",
    "/2.0/mlflow/experiments/set-experiment-tag",
    SetExperimentTag,
    Empty,
    (_EDIT,),
    "Set a tag of an experiment.",
    writes=True,
)
DELETE_TAG = Endpoint(
    "experiments.delete_tag",
    "POST",
    "/2.0/mlflow/experiments/delete-experiment-tag",
    DeleteExperimentTag,
    Empty,
    (_EDIT,),
    "Delete a tag of an experiment.",
    writes=True,
)

ROWS: tuple[Endpoint[Any, Any], ...] = (
    CREATE, GET, GET_BY_NAME, SEARCH, OVERVIEW, BEST, UPDATE, DELETE, RESTORE, SET_TAG, DELETE_TAG,
)  # fmt: skip
