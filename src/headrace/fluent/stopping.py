"""Requests to stop, as a training loop hears of them: `should_stop` is cheap enough to be asked in every step."""

from headrace.fluent.runs import find_active_run


def should_stop() -> bool:
    """Tell whether somebody has asked the active run to stop, by the command line, the API or the UI; the server learns that it was heard.

    Without an active run the answer is no. Only what the run has heard with its last batch counts: nothing is asked here.
    """
    run = find_active_run()
    return run is not None and run.should_stop()
