"""The table of all endpoints, none of which leaves a resource without a permission."""

from typing import Any

from headrace.api import (
    artifacts,
    changes,
    control,
    experiments,
    ingest,
    inputs,
    jobs,
    logged_models,
    metrics,
    runs,
    series,
    server,
    tables,
    views,
)
from headrace.api.coverage import check_rows
from headrace.api.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint[Any, Any], ...] = check_rows(
    (
        *metrics.ROWS,
        *runs.ROWS,
        *experiments.ROWS,
        *inputs.ROWS,
        *logged_models.ROWS,
        *artifacts.ROWS,
        *changes.ROWS,
        *tables.ROWS,
        *series.ROWS,
        *server.ROWS,
        *control.ROWS,
        *ingest.ROWS,
        *jobs.ROWS,
        *views.ROWS,
    )
)
