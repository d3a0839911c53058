"""What a dataset that a run has used may look like. The limits are MLflow's."""

from headrace.api.inputs import DatasetInput
from headrace.base.errors import InvalidParameter
from headrace.services.validation import MAX_INPUT_TAG, MAX_INPUT_TAG_KEY, check_value, excerpt

MAX_NAME = 500
MAX_DIGEST = 36
MAX_SCHEMA = 1_048_575
MAX_SOURCE = 65_535
MAX_PROFILE = 16_777_215


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
