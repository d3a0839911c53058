"""Differences of searches: a larger language, stricter where MLflow guesses, pages that always fit."""

from wire.edits import find_experiments, find_models, find_runs
from wire.golden import Difference, Edit, Table, refused

TABLE = Table()


def _found(reason: str, edit: Edit) -> Difference:
    return Difference(reason=reason, status=200, edit=edit)


_DEFAULT = "Without max_results a page has 1000, as everywhere else."
TABLE.add(
    "experiments_search_views",
    _found(_DEFAULT, find_experiments("ecba")),
    "by GET without max_results",
    "without max_results",
)

_LARGER = (
    "The language is MLflow's and more: lists, ranges and IS NULL for all fields, OR, numbers for params."
)
TABLE.add("experiments_search_filters", _found(_LARGER, find_experiments("a")), "name in", "tag in list")
TABLE.add("experiments_search_filters", _found(_LARGER, find_experiments("")), "name is null", "created in")
TABLE.add("runs_search_orders", _found(_LARGER, find_runs("edcba")), "Run Name")
TABLE.add("runs_filter_metrics", _found(_LARGER, find_runs("ab")), "in")
TABLE.add("runs_filter_metrics", _found(_LARGER, find_runs("abc")), "between")
TABLE.add("runs_filter_strings", _found(_LARGER, find_runs("ac")), "param as number", "param in")
TABLE.add("runs_filter_attributes", _found(_LARGER, find_runs("ab")), "name in")
TABLE.add("runs_filter_attributes", _found(_LARGER, find_runs("cde")), "end is null")
TABLE.add("runs_filter_grammar", _found("A filter of blanks is an empty one.", find_runs("abcde")), "blanks")
TABLE.add(
    "models_search_filters", _found(_LARGER, find_models("gamma", "beta", "alpha")), "last updated time"
)
TABLE.add("models_search_filters", _found(_LARGER, find_models("gamma", "alpha")), "param is null")
TABLE.add("models_search_filters", _found(_LARGER, find_models("beta", "alpha")), "tag is not null", "or")
TABLE.add("models_search_orders", _found(_LARGER, find_models("alpha", "beta", "gamma")), "entity")
TABLE.add(
    "models_search_filters",
    _found("A model's status is compared by its name as by its number.", find_models("alpha")),
    "status name",
)

_DATASET = "A dataset without a digest means all digests of that name."
TABLE.add("models_search_filters", _found(_DATASET, find_models("beta")), "metric of a dataset")
TABLE.add("models_search_filters", _found(_DATASET, find_models("beta", "alpha")), "metric of two datasets")
TABLE.add("models_search_filters", _found(_DATASET, find_models("beta", "alpha")), "datasets without filter")

_GRAMMAR = refused("A filter that does not follow the grammar is refused, not guessed at.")
TABLE.add("experiments_search_filters", _GRAMMAR, "dangling and")
TABLE.add("runs_filter_grammar", _GRAMMAR, "missing and", "dangling and", "leading and")
_MISTAKE = refused("A user's mistake is a 400, not a 500.")
TABLE.add("models_search_filters", _MISTAKE, "created as text", "unknown attribute")
TABLE.add("models_search_pages", _MISTAKE, "bad token")
_TWICE = refused("A key that stands twice in order_by is a mistake, in every search.")
TABLE.add("experiments_search_orders", _TWICE, "the same key twice")
TABLE.add("runs_search_orders", _TWICE, "same key twice", "start twice")

_NAN = "A NaN comes after all numbers, in both directions."
TABLE.add("models_search_orders", _found(_NAN, find_models("beta", "alpha", "gamma")), "metric")
TABLE.add(
    "models_search_pages",
    refused("The size of a page is bounded, and positive."),
    "no upper bound",
    "negative",
)
