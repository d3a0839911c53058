"""What a block of ingest says of a run besides its life and its points: params, tags, datasets, models, environment."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from headrace.api.endpoint import Tag
from headrace.api.ingest import MAX_PACKAGES, EnvironmentRecord, RunBlock
from headrace.base.errors import InvalidParameter
from headrace.services.context import Context
from headrace.services.dataset_rules import check_dataset
from headrace.services.ingest_records import Account
from headrace.services.validation import (
    MAX_PARAM,
    MAX_TAG,
    RUN_NAME_TAG,
    check_any_key,
    check_key,
    check_value,
    excerpt,
)
from headrace.store import annotations, contexts, environments, held, inputs, params, runs
from headrace.store.params import Fate
from headrace.store.transaction import RunRef

MAX_ENVIRONMENT = 1_000_000
"""Characters of an environment as JSON."""


def log_params(context: Context, run: RunRef, given: Sequence[tuple[str, str]], account: Account) -> None:
    """Log params: within an attempt the first value counts."""
    if not given:
        return
    truncate = context.platform.truncate_long_values
    faults: dict[int, str] = {}
    checked: list[tuple[str, str]] = []
    for place, (key, value) in enumerate(given):
        try:
            check_key(key, "param")
            checked.append((key, check_value(value, f"param {excerpt(key)}", MAX_PARAM, truncate=truncate)))
        except InvalidParameter as error:
            faults[place] = error.message
    fates = iter(params.log_params(context.tx, run, checked))
    values = iter(checked)
    for place, (key, _) in enumerate(given):
        if place in faults:
            account.reject(f"param {excerpt(key)}", faults[place])
            continue
        logged, (_, value) = next(fates), next(values)
        if logged.fate is Fate.STORED:
            account.store()
        elif logged.fate is Fate.REPEATED:
            account.repeat()
        else:
            account.reject(
                f"param {excerpt(key)}",
                f"The run has the param with the value {excerpt(logged.held)} already; it cannot be changed to {excerpt(value)} within "
                "an attempt. Log it under another name, or in another attempt or run.",
            )


def log_tags(context: Context, run: RunRef, block: RunBlock, account: Account) -> None:
    """Set tags; of several with one key the last counts. The tag ``mlflow.runName`` renames the run."""
    if not block.tags:
        return
    checked = [_check_tag(context, block, key, value) for key, value in block.tags]
    last = {tag.key: place for place, tag in enumerate(checked) if isinstance(tag, Tag)}
    before = held.held_tags(context.conn, run, last)
    fresh: list[Tag] = []
    for place, ((key, _), tag) in enumerate(zip(block.tags, checked, strict=True)):
        if isinstance(tag, str):
            account.reject(f"tag {excerpt(key)}", tag)
        elif last[tag.key] != place:
            account.collapse()
        elif before.get(tag.key) == tag.value:
            account.repeat()
        else:
            fresh.append(tag)
            account.store()
    annotations.set_tags(context.tx, run, fresh)
    for tag in fresh:
        if tag.key == RUN_NAME_TAG:
            runs.update_run(context.tx, run, {"name": tag.value})


def _check_tag(context: Context, block: RunBlock, key: str, value: str) -> Tag | str:
    """Return a tag, or what is wrong with it. Tags that come with a run's start may have any key, as in MLflow."""
    try:
        if block.start is UNSET:
            check_key(key, "tag")
        else:
            check_any_key(key, "tag")
        truncate = context.platform.truncate_long_values
        value = check_value(value, f"tag {excerpt(key)}", MAX_TAG, truncate=truncate)
    except InvalidParameter as error:
        return error.message
    if key == RUN_NAME_TAG and not value:
        return "A run's name cannot be empty."
    return Tag(key=key, value=value)


def log_inputs(context: Context, run: RunRef, block: RunBlock, account: Account) -> None:
    """Note datasets and models that a run has used, and models that it has made."""
    for used in block.datasets:
        try:
            check_dataset(used)
        except InvalidParameter as error:
            account.reject(f"dataset {excerpt(used.dataset.name)}", error.message)
            continue
        if _tell_fresh(account, is_held=held.has_dataset(context.conn, run, used)):
            inputs.insert_datasets(context.tx, run, [used])
    for taken in block.model_inputs:
        if _is_model(taken.model_id, "model input", account) and _tell_fresh(
            account, is_held=held.has_model_input(context.conn, run, taken.model_id)
        ):
            inputs.insert_model_inputs(context.tx, run, [taken])
    for made in block.model_outputs:
        if _is_model(made.model_id, "model output", account) and _tell_fresh(
            account, is_held=held.has_model_output(context.conn, run, made.model_id, made.step)
        ):
            inputs.insert_model_outputs(context.tx, run, [made])


def _tell_fresh(account: Account, *, is_held: bool) -> bool:
    """Tell the account of a record that is stored unless it is held already; return whether it is to be stored."""
    if is_held:
        account.repeat()
    else:
        account.store()
    return not is_held


def _is_model(model_id: str, what: str, account: Account) -> bool:
    """Tell whether a model's id is legal; tell the account if it is not."""
    try:
        contexts.check_context(model_id, "", "")
    except InvalidParameter as error:
        account.reject(f"{what} {excerpt(model_id)}", error.message)
        return False
    if not model_id:
        account.reject(what, "A model has an id; this one is empty.")
    return bool(model_id)


def log_environment(context: Context, run: RunRef, block: RunBlock, account: Account) -> None:
    """Note the environment of the block's attempt."""
    if block.environment is UNSET:
        return
    body = _write_environment(block.environment)
    if len(block.environment.packages) > MAX_PACKAGES:
        account.reject(
            "environment",
            f"It has {len(block.environment.packages)} packages; at most {MAX_PACKAGES} are allowed.",
        )
    elif len(body) > MAX_ENVIRONMENT or "\\u0000" in body:
        account.reject(
            "environment",
            f"It has {len(body)} characters as JSON; at most {MAX_ENVIRONMENT}, and no NUL, are allowed.",
        )
    elif environments.find_environment(context.conn, run) == body:
        account.repeat()
    else:
        environments.set_environment(context.tx, run, body)
        account.store()


def _write_environment(environment: EnvironmentRecord) -> str:
    return msgspec.json.encode(environment, order="sorted").decode()
