"""Saved views of run tables and charts, and stars. What a view looks like is the page's business: a JSON text. Nouns, calls, rows."""

from typing import Any

from msgspec import UNSET, UnsetType

from headrace.api.endpoint import Empty, Endpoint, Need, Permission, Resource
from headrace.api.experiments import Experiment
from headrace.base.json import Int32, Wire

_OF_EXPERIMENT = (Need(Permission.READ, Resource.EXPERIMENT, "experiment_id"),)
_SERVER = (Need(Permission.READ, Resource.SERVER),)
_STARRED = (
    Need(Permission.READ, Resource.RUN, "run_id"),
    Need(Permission.READ, Resource.EXPERIMENT, "experiment_id"),
    Need(Permission.READ, Resource.MODEL, "model_id"),
)


class View(Wire, kw_only=True):
    """A saved view. Times are Unix milliseconds.

    Without `experiment_id` it goes across experiments. `etag` names this state of it. A list leaves `body` out.
    """

    view_id: str
    experiment_id: str | UnsetType = UNSET
    name: str
    owner: str
    body: str | UnsetType = UNSET
    is_default: bool
    etag: str
    created_at: int
    updated_at: int


class SaveView(Wire, kw_only=True):
    """Parameters of views/save. Without `view_id` a view is made; with `etag` it is changed only if it is still in that state."""

    view_id: str = ""
    experiment_id: str = ""
    name: str
    body: str
    etag: str = ""


class ViewById(Wire, kw_only=True):
    """Parameters of views/get."""

    view_id: str


class DeleteView(Wire, kw_only=True):
    """Parameters of views/delete; with `etag` it is deleted only if it is still in that state."""

    view_id: str
    etag: str = ""


class SetDefaultView(Wire, kw_only=True):
    """Parameters of views/set-default: the view takes the place of the default before it, or ceases to be it."""

    view_id: str
    is_default: bool = True


class ViewAnswer(Wire, kw_only=True):
    """A view as an answer."""

    view: View


class ListViews(Wire, kw_only=True):
    """Parameters of views/list: the views of one experiment, or without `experiment_id` those across experiments."""

    experiment_id: str = ""


class ViewsPage(Wire, kw_only=True):
    """Answer of views/list, by name."""

    views: list[View] | UnsetType = UNSET


class Starred(Wire, kw_only=True):
    """Parameters of views/star and views/unstar: exactly one thing."""

    run_id: str = ""
    experiment_id: str = ""
    model_id: str = ""


class ListStars(Wire, kw_only=True):
    """Parameters of views/stars, the newest first; `kind` is ``run``, ``experiment`` or ``model``, or empty for all."""

    kind: str = ""
    max_results: Int32 = 1000
    page_token: str = ""


class Star(Wire, kw_only=True):
    """A thing that the caller has starred, under its own id, with the experiment that it is in.

    `lifecycle_stage` is ``active``, ``deleted``, or ``gone`` if there is nothing left of it.
    """

    kind: str
    id: str
    name: str
    experiment_id: str | UnsetType = UNSET
    lifecycle_stage: str
    created_at: int


class StarsPage(Wire, kw_only=True):
    """Answer of views/stars."""

    stars: list[Star] | UnsetType = UNSET
    next_page_token: str | UnsetType = UNSET


class StartPage(Wire, kw_only=True):
    """Parameters of views/start: the experiment that a page is about, if it is about one."""

    experiment_id: str = ""


class PageStart(Wire, kw_only=True):
    """Answer of views/start, all of one moment.

    `cursor` is from where on changes/follow tells what has changed since. `more_stars` says that views/stars has others than these. `experiment`
    and `views` are those of views/list and experiments/get; both are left out where no experiment was asked for, or there is none of that id.
    """

    cursor: str
    stars: list[Star]
    more_stars: bool
    experiment: Experiment | UnsetType = UNSET
    views: list[View] | UnsetType = UNSET


SAVE = Endpoint(
    "views.save",
    "POST",
    "/headrace/v1/views/save",
    SaveView,
    ViewAnswer,
    (*_SERVER, *_OF_EXPERIMENT),  # to change what is somebody else's the service asks for EDIT
    "Make a view, or change one.",
    writes=True,
    prefixes=("/api",),
)
GET = Endpoint(
    "views.get",
    "GET",
    "/headrace/v1/views/get",
    ViewById,
    ViewAnswer,
    _SERVER,  # the service asks for the view's experiment
    "Get a view with its body.",
    prefixes=("/api",),
)
LIST = Endpoint(
    "views.list",
    "GET",
    "/headrace/v1/views/list",
    ListViews,
    ViewsPage,
    (*_SERVER, *_OF_EXPERIMENT),
    "List the views of an experiment, or those across experiments.",
    prefixes=("/api",),
)
DELETE = Endpoint(
    "views.delete",
    "POST",
    "/headrace/v1/views/delete",
    DeleteView,
    Empty,
    _SERVER,  # the service asks for the view's experiment
    "Delete a view.",
    writes=True,
    prefixes=("/api",),
)
SET_DEFAULT = Endpoint(
    "views.set_default",
    "POST",
    "/headrace/v1/views/set-default",
    SetDefaultView,
    ViewAnswer,
    _SERVER,  # the service asks for EDIT on the view's experiment
    "Make a view the one that everybody sees first in its experiment.",
    writes=True,
    prefixes=("/api",),
)
STAR = Endpoint(
    "views.star",
    "POST",
    "/headrace/v1/views/star",
    Starred,
    Empty,
    (*_SERVER, *_STARRED),
    "Star a run, an experiment or a logged model.",
    writes=True,
    prefixes=("/api",),
)
UNSTAR = Endpoint(
    "views.unstar",
    "POST",
    "/headrace/v1/views/unstar",
    Starred,
    Empty,
    (*_SERVER, *_STARRED),
    "Take a star back.",
    writes=True,
    prefixes=("/api",),
)
STARS = Endpoint(
    "views.stars",
    "GET",
    "/headrace/v1/views/stars",
    ListStars,
    StarsPage,
    _SERVER,  # the service leaves out what the caller may not read
    "List what the caller has starred, the newest first.",
    prefixes=("/api",),
)
START = Endpoint(
    "views.start",
    "GET",
    "/headrace/v1/views/start",
    StartPage,
    PageStart,
    (*_SERVER, *_OF_EXPERIMENT),
    "Get what every page begins with, in one answer: where changes begin, stars, and an experiment with its views.",
    prefixes=("/api",),
)

ROWS: tuple[Endpoint[Any, Any], ...] = (SAVE, GET, LIST, DELETE, SET_DEFAULT, STAR, UNSTAR, STARS, START)
