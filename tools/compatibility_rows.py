"""The words of docs/compatibility.md: what is asked, and what MLflow answers, for each deliberate difference.

What headrace answers there, and why, is the reason in ``tests/contract/differences*.py``; a row names a step of the golden files
where it is shown. Rows without a step are written whole: no golden file can show them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One difference.

    Args:
        asked: what is asked.
        mlflow: what MLflow 3.17.2 does.
        scenario: a golden scenario that shows the difference; empty if none can.
        step: the step of it; empty for a difference that runs through the whole scenario.
        headrace: what headrace does, and why, where no golden file shows it.
    """

    asked: str
    mlflow: str
    scenario: str = ""
    step: str = ""
    headrace: str = ""


_NUMBERS = (
    Row(
        "A metric sent as a bare `NaN`, `Infinity` or `-Infinity`, as Python's `json` writes them",
        "200; stores value 0, time 0, step 0",
        "log_metric_special",
        "read at the end",
    ),
    Row("A metric that is infinite, in an answer", "±1.7976931348623157e308", "log_batch"),
    Row(
        "Points of one metric with the same time and step, one of them NaN",
        "sorts NaN as 0; the bulk history has a bare `NaN`, which is no JSON",
        "history_of_one_run",
        "order is time, step, value",
    ),
    Row(
        "A number out of range, `1e400`",
        "200; stores 0 for it and all that follows",
        "log_metric_special",
        "1e400",
    ),
    Row(
        'A number as text in an odd spelling: `"+Infinity"`, `" 1.5 "`, `"1_000"`',
        "takes what Python's `float()` takes",
        "log_metric_special",
        "underscores",
    ),
    Row("`end_time` 0", "forgets it", "run_update", "end time zero"),
)

_REQUESTS = (
    Row(
        "A wrong type, wherever it stands; a boolean for a number, a fraction for an integer",
        "400 for some fields; for others 200, stores an empty value or 0 and drops what follows in the request",
        "wire_types",
        "number among params",
    ),
    Row(
        "An unknown name of a view, or of the status of a run or a logged model",
        "ignores it; a logged model loses its status",
        "run_update",
        "unknown status",
    ),
    Row(
        "A required field, or one in the query, in camelCase (`runId`)",
        "400, it is missing; optional and nested fields are taken",
        "wire_spelling",
        "camelCase",
    ),
    Row("`null` for a list", "500", "wire_types", "null for a list"),
    Row(
        "`runs/outputs` without `models`",
        "400",
        "model_inputs_and_outputs",
        "outputs missing",
    ),
    Row(
        "A dataset without a name, an output without its model",
        "200; stores an empty one",
        "dataset_inputs",
        "without name",
    ),
    Row(
        "No `run_id`, or `run_uuid` where the call does not know it",
        "404, no run has the id ``",
        "run_deleted",
        "delete by run_uuid",
    ),
    Row("A Content-Type in capitals", "400", "wire_content", "json in capitals"),
    Row(
        "A text with a NUL character",
        "stores it on SQLite, fails on PostgreSQL",
        "wire_content",
        "zero character",
    ),
    Row(
        "DELETE with its parameters in the query",
        "400, they are missing",
        headrace="Accepted: some proxies drop the body of a DELETE.",
    ),
    Row(
        "A body of more than 32 MiB (`HEADRACE_MAX_BODY_BYTES`), or nested very deeply",
        "takes any",
        headrace="413 or 400: memory stays bounded. Files are uploaded as a stream and have no such limit.",
    ),
)

_ERRORS = (
    Row(
        "A path that does not exist, or under another method; a wrong path below `mlflow-artifacts`",
        'an HTML page, or `{"detail": ...}`',
        "routes",
        "unknown call",
    ),
    Row("A path with `//`", "308 to the path with one `/`", "routes", "double slash"),
    Row(
        "A mistake that MLflow does not foresee: a list for a value, a damaged page token, a text compared with a time, a rename "
        "of a deleted experiment, a file in the place of a folder",
        "500",
        "experiment_life",
        "rename deleted",
    ),
    Row("The header `X-MLFLOW-WORKSPACE`", "500 `FEATURE_DISABLED`", "routes", "workspace header"),
    Row("An id that cannot be one: `../../etc`, `-1`", "404", "run_deleted", "get odd id"),
)

_TRACKING = (
    Row(
        "A run that headrace's own API has given a lease, and that is silent",
        "has no leases: RUNNING for ever",
        headrace="RUNNING until ten lease lengths have passed, then FAILED, with the lease's end as end time. Runs of MLflow's clients have no lease and stay "
        "RUNNING. See [api.md](api.md).",
    ),
    Row(
        "An experiment gets the name of another one",
        "400 `BAD_REQUEST`, with the SQL",
        "experiment_life",
        "rename onto another",
    ),
    Row("An experiment whose name is blanks", "makes it", "store_first_experiment", "blank name"),
    Row(
        "An `artifact_location` with `?`, `#`, `;` or `..`",
        "400 in some forms, takes others",
        "experiment_mistakes",
        "create with climbing location",
    ),
    Row(
        "An experiment comes back from the trash; one of its runs was deleted before",
        "the run comes back too",
        "experiment_delete_cascade",
        "run b",
    ),
    Row("A tag twice in `runs/create` or at a dataset", "400, with the SQL", "run_create", "tag twice"),
    Row(
        "A long tag in `runs/create`",
        "stores it whole on SQLite, fails on PostgreSQL",
        "run_create",
        "long tag",
    ),
    Row("A run uses a dataset again, with other tags", "drops them", "dataset_inputs", "read again"),
    Row(
        "The datasets of an experiment; a run that used one is deleted",
        "lists it",
        "search_datasets",
        "of a deleted run",
    ),
    Row("`experiments/search-datasets` below `/api`", "404", "search_datasets", "below api"),
    Row(
        "A model output again, or at another step",
        "400, with the SQL",
        "model_inputs_and_outputs",
        "output again",
    ),
    Row(
        "`runs/search`, of a run with model inputs",
        "leaves them out",
        "model_inputs_and_outputs",
        "search shows them",
    ),
)

_SEARCH = (
    Row(
        "`experiments/search` without `max_results`", "400", "experiments_search_views", "without max_results"
    ),
    Row(
        "OR, NOT, parentheses, BETWEEN; IN and IS NULL on any field; a param compared as a number; all keys of logged models in an order",
        "400",
        "runs_filter_metrics",
        "in",
    ),
    Row(
        "A filter with an AND too many or missing",
        "200, reads the part that it understands",
        "runs_filter_grammar",
        "missing and",
    ),
    Row("A filter of blanks", "400", "runs_filter_grammar", "blanks"),
    Row(
        "The same key twice in `order_by`",
        "500 for runs, 200 for experiments",
        "runs_search_orders",
        "same key twice",
    ),
    Row("`max_results` 0 in the bulk history", "answers nothing", "history_of_many_runs", "zero"),
    Row(
        "`next_page_token`",
        "an offset: rows that come or go shift the pages; a full last page may have one",
        headrace="Opaque: the place of the last row, good for the same question only. Absent on the last page.",
    ),
)

_MODELS = (
    Row(
        "A logged model without `model_id` in the body, or with another one",
        "400, or changes the other",
        "logged_model_life",
        "two models",
    ),
    Row("The metrics of a logged model", "every point; NaN as 0", "models_search_filters"),
    Row("A param again with the same value", "400, with the SQL", "logged_model_values", "same param again"),
    Row(
        "A param's key of 251 characters",
        "stores it on SQLite, fails on PostgreSQL",
        "logged_model_mistakes",
        "long param key",
    ),
    Row("A tag whose key has a `/` is deleted", "404", "logged_model_values", "delete tag with slash"),
    Row("`status = 'READY'` in a filter", "finds nothing", "models_search_filters", "status name"),
    Row(
        "A dataset without its digest in a search",
        "finds nothing",
        "models_search_filters",
        "metric of a dataset",
    ),
    Row("An order by a metric that is NaN", "sorts it as 0", "models_search_orders", "metric"),
    Row("`max_results` of 100,000, or below 0", "takes any", "models_search_pages", "no upper bound"),
    Row(
        "Two values of one metric of a model at one time and step of a run",
        "400, with the SQL",
        headrace="Both are kept: the same as for a run.",
    ),
    Row(
        "An order by `experiment_id`, `artifact_location` or `lifecycle_stage`",
        "sorts by the column",
        headrace="400: they are no attributes of the search language.",
    ),
)

_ARTIFACTS = (
    Row(
        "A range that is malformed or of another unit, longer than the file, or after its end",
        "416 or 400, with a page",
        "artifacts_get_ranges",
        "words",
    ),
    Row("An empty file in a list", "has no `file_size`", "artifacts_list", "root"),
    Row(
        "A name with a quote is downloaded", '`filename="quote\\".txt"`', "artifacts_get", "quote in the name"
    ),
    Row("A path with a backslash", "200 or 404", "proxy_paths", "put encoded backslash"),
    Row(
        "A name with `#`, `%` or `?`",
        "400 for `#`; decodes `%` until none is left",
        headrace="Accepted; control characters and the backslash are not. Names are decoded once.",
    ),
)

_SERVER = (
    Row("`/version`", "3.17.2", "operations", "version"),
    Row(
        "`server-info`", "says that presigned uploads are known, and the gateway", "operations", "server info"
    ),
    Row(
        "The server listens beyond loopback",
        "open to all",
        headrace="Starts only with `--token-file` (clients send it as `MLFLOW_TRACKING_TOKEN`) or `--allow-unauthenticated`.",
    ),
)

THEMES: dict[str, tuple[Row, ...]] = {
    "Numbers": _NUMBERS,
    "How requests are read": _REQUESTS,
    "Errors": _ERRORS,
    "Experiments, runs, inputs and outputs": _TRACKING,
    "Searches and pages": _SEARCH,
    "Logged models": _MODELS,
    "Artifacts": _ARTIFACTS,
    "The server": _SERVER,
}
