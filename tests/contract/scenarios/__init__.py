"""The scenarios: what is asked of the real MLflow once, and of headrace at each test run."""

from scenarios import (
    artifacts,
    batches,
    experiments,
    experiments_search,
    histories,
    inputs,
    logged_models,
    logging,
    models_search,
    operations,
    proxy,
    runs,
    runs_filters,
    runs_search,
    wire_rules,
)

_MODULES = (
    operations,
    experiments,
    experiments_search,
    runs,
    logging,
    batches,
    histories,
    runs_search,
    runs_filters,
    inputs,
    artifacts,
    proxy,
    logged_models,
    models_search,
    wire_rules,
)

#: Every scenario, in playing order.
ALL = tuple(scenario for module in _MODULES for scenario in module.ALL)
