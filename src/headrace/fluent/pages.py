"""The web pages from Python: their address, opened in a browser. Knows of pages only where they are."""

import webbrowser

from headrace.base.errors import InvalidParameter
from headrace.client.entities import Experiment, Run
from headrace.client.entities.page_urls import find_page_root
from headrace.fluent import runs, state


def ui(of: Run | Experiment | str | None = None, *, browser: bool = True) -> str:
    """Open the web pages of the tracking server in a browser, and return the address.

    Where there is no browser, as on a machine without a screen, the address is returned all the same.

    Args:
        of: the run or experiment to show; a text is a run's id. By default the active run, or else the first page.
        browser: whether a browser is opened.

    Raises:
        InvalidParameter: the tracking URI is no server's.
        NotFound: there is no such run.
    """
    uri = state.get_tracking_uri()
    root = find_page_root(uri)
    if not root:
        shown = state.hide_credentials(uri)
        raise InvalidParameter(
            f"The tracking URI {shown} is no server, and only a server has pages. Start one there: "
            f"headrace server --backend-store-uri {shown}, then set_tracking_uri('http://127.0.0.1:5000')."
        )
    thing = runs.get_run(of) if isinstance(of, str) else of if of is not None else runs.active_run()
    address = (thing.page_url if thing is not None else "") or f"{root}/"
    if browser:
        webbrowser.open(address)
    return address
