"""Differences of searches: a larger language, stricter where MLflow guesses, pages that always fit."""

from wire.edits import find_experiments, find_models, find_runs
from wire.golden import MISTAKE, Difference, Edit, Table, refused

TABLE = Table()


def _found(reason: str, edit: Edit) -> Difference:
    return Difference(reason=reason, status=200, edit=edit)


_DEFAULT = "A page has 1,000, as in other searches."
TABLE.add(
    "experiments_search_views",
    _found(_DEFAULT, find_experiments("ecba")),
    "by GET without max_results",
    "without max_results",
)

_LARGER = "Understood: the language is MLflow's and more (see the reference of the search language)."
TABLE.add("experiments_search_filters", _found(_LARGER, find_experiments("a")), "name in", "tag in list")
TABLE.add("experiments_search_filters", _found(_LARGER, find_experiments("")), "name is null", "created in")
TABLE.add("runs_search_orders", _found(_LARGER, find_runs("edcba")), "Run Name")
TABLE.add("runs_filter_metrics", _found(_LARGER, find_runs("ab")), "in")
TABLE.add("runs_filter_metrics", _found(_LARGER, find_runs("abc")), "between")
TABLE.add("runs_filter_strings", _found(_LARGER, find_runs("ac")), "param as number", "param in")
TABLE.add("runs_filter_attributes", _found(_LARGER, find_runs("ab")), "name in")
TABLE.add("runs_filter_attributes", _found(_LARGER, find_runs("cde")), "end is null")
TABLE.add("runs_filter_grammar", _found("The same as an empty one.", find_runs("abcde")), "blanks")
TABLE.add(
    "models_search_filters", _found(_LARGER, find_models("gamma", "beta", "alpha")), "last updated time"
)
TABLE.add("models_search_filters", _found(_LARGER, find_models("gamma", "alpha")), "param is null")
TABLE.add("models_search_filters", _found(_LARGER, find_models("beta", "alpha")), "tag is not null", "or")
TABLE.add("models_search_orders", _found(_LARGER, find_models("alpha", "beta", "gamma")), "entity")
TABLE.add(
    "models_search_filters",
    _found(
        "Finds what the client shows as that status; the number that MLflow stores will do as well.",
        find_models("alpha"),
    ),
    "status name",
)

_DATASET = "Matches all digests of that name."
TABLE.add("models_search_filters", _found(_DATASET, find_models("beta")), "metric of a dataset")
TABLE.add("models_search_filters", _found(_DATASET, find_models("beta", "alpha")), "metric of two datasets")
TABLE.add("models_search_filters", _found(_DATASET, find_models("beta", "alpha")), "datasets without filter")

_GRAMMAR = refused("400 with the place of the mistake: a filter is not guessed at.")
TABLE.add("experiments_search_filters", _GRAMMAR, "dangling and")
TABLE.add("runs_filter_grammar", _GRAMMAR, "missing and", "dangling and", "leading and")
_MISTAKE = refused(MISTAKE)
TABLE.add("models_search_filters", _MISTAKE, "created as text", "unknown attribute")
TABLE.add("models_search_pages", _MISTAKE, "bad token")
_TWICE = refused("400 in every search: the second one can only be a mistake.")
TABLE.add("experiments_search_orders", _TWICE, "the same key twice")
TABLE.add("runs_search_orders", _TWICE, "same key twice", "start twice")

_NAN = "NaN comes after all numbers, in both directions, as in a search of runs."
TABLE.add("models_search_orders", _found(_NAN, find_models("beta", "alpha", "gamma")), "metric")
TABLE.add(
    "models_search_pages",
    refused("400: a page has 1 to 50,000; 0 means the default, 100."),
    "no upper bound",
    "negative",
)
