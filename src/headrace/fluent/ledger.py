"""The ledger of a run: what became of each record that was sent for it."""

from headrace.api.ingest import Ledger
from headrace.client.ingest import get_whole_ledger
from headrace.fluent import state


def get_ledger(run_id: str, tracking_uri: str | None = None) -> Ledger:
    """Return what became of the records of a run, after what this process has logged was sent.

    Args:
        run_id: the run.
        tracking_uri: where it is; the current tracking URI if it is not given.

    Returns:
        Counts by writer (stored, collapsed, repeated, late, rejected), and all rejections with their reasons.

    Raises:
        Unavailable: the server does not answer.
    """
    uri = tracking_uri or state.get_tracking_uri()
    state.flush_reads(uri=uri)
    return get_whole_ledger(state.get_client(uri).ingest, run_id)
