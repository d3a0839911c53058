"""The last step of a run's system metrics, asked of the server: where a run that goes on has to continue."""

from headrace.fluent import state


def find_last_step(uri: str, run_id: str, prefix: str) -> int | None:
    """Return the last step of a run's metrics whose keys begin with a text, or None if there are none.

    Args:
        uri: the tracking URI.
        run_id: the run.
        prefix: the text.

    Raises:
        HeadraceError: there is no answer, or no such run.
    """
    metrics = state.get_client(uri).runs.get(run_id).data.metrics or ()
    return max((metric.step for metric in metrics if metric.key.startswith(prefix)), default=None)
