"""What runs have used and made: datasets and models."""

from headrace.api.endpoint import Empty
from headrace.api.inputs import (
    MAX_SEARCH_EXPERIMENTS,
    DatasetInput,
    DatasetSummaries,
    LogInputs,
    LogOutputs,
    SearchDatasets,
)
from headrace.base.errors import InvalidParameter
from headrace.services.context import Context
from headrace.services.runs import get_active
from headrace.services.validation import (
    MAX_INPUT_TAG,
    MAX_INPUT_TAG_KEY,
    check_value,
    excerpt,
    get_experiments,
)
from headrace.store import inputs

MAX_NAME = 500
MAX_DIGEST = 36
MAX_SCHEMA = 1_048_575
MAX_SOURCE = 65_535
MAX_PROFILE = 16_777_215
MAX_MODEL_ID = 64


def log_inputs(context: Context, request: LogInputs) -> Empty:
    """Note which datasets and models a run has used."""
    run = get_active(context, request.run_id)
    for used in request.datasets:
        check_dataset(used)
    for model in request.models:
        check_value(model.model_id, "a model's id", MAX_MODEL_ID)
    inputs.insert_datasets(context.tx, run, request.datasets)
    inputs.insert_model_inputs(context.tx, run, request.models)
    return Empty()


def log_outputs(context: Context, request: LogOutputs) -> Empty:
    """Note which models a run has made."""
    run = get_active(context, request.run_id)
    for model in request.models:
        check_value(model.model_id, "a model's id", MAX_MODEL_ID)
    inputs.insert_model_outputs(context.tx, run, request.models)
    return Empty()


def search_datasets(context: Context, request: SearchDatasets) -> DatasetSummaries:
    """Return the datasets that runs of experiments have used."""
    numbers = get_experiments(request.experiment_ids, MAX_SEARCH_EXPERIMENTS)
    answer = DatasetSummaries()
    summaries = inputs.search_datasets(context.conn, numbers)
    if summaries:
        answer.dataset_summaries = summaries
    return answer


def check_dataset(used: DatasetInput) -> None:
    """Check a dataset and its tags.

    Raises:
        InvalidParameter: it has no name, or a text is too long or not legal.
    """
    dataset = used.dataset
    if not dataset.name:
        raise InvalidParameter("A dataset needs a name.")
    check_value(dataset.name, "the dataset's name", MAX_NAME)
    check_value(dataset.digest, f"the digest of dataset {excerpt(dataset.name)}", MAX_DIGEST)
    check_value(dataset.source_type, f"the source type of dataset {excerpt(dataset.name)}", MAX_SOURCE)
    check_value(dataset.source, f"the source of dataset {excerpt(dataset.name)}", MAX_SOURCE)
    check_value(dataset.schema or "", f"the schema of dataset {excerpt(dataset.name)}", MAX_SCHEMA)
    check_value(dataset.profile or "", f"the profile of dataset {excerpt(dataset.name)}", MAX_PROFILE)
    for tag in used.tags or ():
        check_value(tag.key, "an input tag's key", MAX_INPUT_TAG_KEY)
        check_value(tag.value, f"the input tag {excerpt(tag.key)}", MAX_INPUT_TAG)
