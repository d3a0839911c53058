"""The table of all endpoints."""

from typing import Any

from headrace.api import artifacts, experiments, inputs, logged_models, metrics, runs, server
from headrace.api.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint[Any, Any], ...] = (
    *metrics.ROWS,
    *runs.ROWS,
    *experiments.ROWS,
    *inputs.ROWS,
    *logged_models.ROWS,
    *artifacts.ROWS,
    *server.ROWS,
)
