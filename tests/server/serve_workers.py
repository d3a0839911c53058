"""Several workers on one SQLite file: what ``headrace server`` does on databases of servers, and does not on SQLite, where it would gain nothing.

    python serve_workers.py STORE ARTIFACTS WORKERS

takes a free port, and counts for ``/metrics``.
"""

import sys

from headrace.base.errors import HeadraceError
from headrace.server.run import Address, ServerSettings
from headrace.server.workers import serve
from headrace.services.platform import PlatformSettings


def main(store: str, artifacts: str, workers: str) -> None:
    """See the module."""
    try:
        serve(
            ServerSettings(
                Address("127.0.0.1", 0),
                PlatformSettings(store, artifacts),
                metrics=True,
                workers=int(workers),
            )
        )
    except HeadraceError as error:
        sys.exit(f"Error: {error.message}")


if __name__ == "__main__":
    main(*sys.argv[1:])
