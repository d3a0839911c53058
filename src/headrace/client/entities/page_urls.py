"""Where the web pages of runs and experiments are."""

from functools import lru_cache
from urllib.parse import quote, urlsplit


@lru_cache(maxsize=64)
def find_page_root(uri: str) -> str:
    """Return where the pages of a tracking server are, without credentials; empty if the URI is no server's."""
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"}:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def build_page_url(root: str, experiment_id: str, run_id: str = "") -> str:
    """Return the address of an experiment's runs, or of one run; empty if the root is, or the experiment is not known."""
    if not root or not experiment_id:
        return ""
    runs = f"{root}/experiments/{quote(experiment_id, safe='')}/runs"
    return f"{runs}/{quote(run_id, safe='')}" if run_id else runs
