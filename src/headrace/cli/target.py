"""Which server or database the commands talk to, and how experiments are named on the command line."""

from collections.abc import Callable
from typing import Any

import click

from headrace.api.experiments import Experiment, ViewType
from headrace.base.errors import NotFound
from headrace.base.settings import CLIENT_SETTINGS
from headrace.client import Client

tracking_uri_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--tracking-uri",
    envvar=list(CLIENT_SETTINGS["tracking_uri"].names),
    default=None,
    metavar="URI",
    help="The server (http://...) or database (sqlite:///...) to use. Unless given: HEADRACE_TRACKING_URI, MLFLOW_TRACKING_URI, "
    "else sqlite:///headrace.db.",
)


def get_experiment(client: Client, text: str) -> Experiment:
    """Return an experiment by its id or its name.

    Raises:
        NotFound: there is none.
    """
    if text.isdecimal():
        try:
            return client.experiments.get(text)
        except NotFound:
            pass  # it may be a name
    found = client.experiments.find_by_name(text)
    if found is None:
        raise NotFound(
            f"There is no experiment with the name or id {text!r}; 'headrace experiments list --all' shows all."
        )
    return found


def view_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--deleted`` and ``--all``; it receives a `ViewType` as ``view``."""
    function = click.option(
        "--deleted", "view", flag_value=ViewType.DELETED_ONLY, help="Show deleted ones only."
    )(function)
    return click.option("--all", "view", flag_value=ViewType.ALL, help="Show deleted ones too.")(function)
