"""Saved views and stars. A view belongs to who made it; others change it only if they may edit its experiment."""

import uuid
from collections.abc import Sequence

import msgspec

from headrace.api.changes import FollowChanges
from headrace.api.endpoint import Empty, Need, Permission, Resource
from headrace.api.page import decode_token, encode_token, question_digest
from headrace.api.views import (
    DeleteView,
    ListStars,
    ListViews,
    PageStart,
    SaveView,
    SetDefaultView,
    Star,
    Starred,
    StarsPage,
    StartPage,
    ViewAnswer,
    ViewById,
    ViewsPage,
)
from headrace.base.errors import Conflict, InvalidParameter, PermissionDenied
from headrace.base.ids import parse_experiment_id
from headrace.services.changes import follow
from headrace.services.context import Context
from headrace.services.experiments import get_active as get_active_experiment
from headrace.services.validation import check_page_size, excerpt, get_run_id
from headrace.store import experiments, models, runs, views
from headrace.store.transaction import Kind
from headrace.store.views import ACROSS, ViewRow

MAX_NAME = 250
MAX_BODY_BYTES = 64 * 1024
MAX_VIEWS = 1000
MAX_STARS = 10_000
_KINDS = {"run": Kind.RUN, "experiment": Kind.EXPERIMENT, "model": Kind.MODEL}
_RESOURCES = {"run": Resource.RUN, "experiment": Resource.EXPERIMENT, "model": Resource.MODEL}


def save(context: Context, request: SaveView) -> ViewAnswer:
    """Make a view, or change one."""
    _check_name(request.name)
    _check_body(request.body)
    if request.view_id:
        return _change(context, request)
    if request.etag:
        raise InvalidParameter("An etag belongs to a view that exists; give its view_id as well.")
    experiment = get_active_experiment(context, request.experiment_id)[0] if request.experiment_id else ACROSS
    if views.count_views(context.conn, experiment) >= MAX_VIEWS:
        raise InvalidParameter(
            f"There are {MAX_VIEWS} views already, which is the most for one experiment; delete some."
        )
    view_id = uuid.uuid4().hex
    row = (view_id, experiment, request.name, context.actor.name, request.body, context.now())
    views.insert_view(context.tx, row)
    return _answer(context, view_id)


def get(context: Context, request: ViewById) -> ViewAnswer:
    """Return a view with its body."""
    view = _get(context, request.view_id)
    _permit(context, Permission.READ, view, "views.get")
    return ViewAnswer(view=views.build_view(view, with_body=True))


def list(context: Context, request: ListViews) -> ViewsPage:  # noqa: A001 - a service function is named after its row
    """Return the views of an experiment, or those across experiments, without their bodies."""
    experiment = ACROSS
    if request.experiment_id:
        experiment = experiments.get_row(context.conn, parse_experiment_id(request.experiment_id))[0]
    found = [views.build_view(view, with_body=False) for view in views.list_views(context.conn, experiment)]
    return ViewsPage(views=found) if found else ViewsPage()


def delete(context: Context, request: DeleteView) -> Empty:
    """Delete a view."""
    view = _get(context, request.view_id)
    _permit_change(context, view, "views.delete")
    _check_etag(view, request.etag)
    views.delete_view(context.tx, view)
    return Empty()


def set_default(context: Context, request: SetDefaultView) -> ViewAnswer:
    """Make a view the default of its experiment, in place of the one before it; or make it one no more."""
    view = _get(context, request.view_id)
    _permit(context, Permission.EDIT, view, "views.set_default")
    views.set_default(context.tx, view, is_default=request.is_default)
    return _answer(context, view.view_id)


def star(context: Context, request: Starred) -> Empty:
    """Star a run, an experiment or a model, deleted ones too."""
    kind, subject = _get_starred(request)
    if kind is Kind.RUN:
        runs.get_run(context.conn, subject)
    elif kind is Kind.EXPERIMENT:
        experiments.get_row(context.conn, int(subject))
    else:
        models.get_model(context.conn, subject, deleted=True)
    views.insert_star(context.tx, context.actor.name, kind, subject, context.now())
    return Empty()


def unstar(context: Context, request: Starred) -> Empty:
    """Take a star back; if there is none, nothing happens."""
    kind, subject = _get_starred(request)
    views.delete_star(context.tx, context.actor.name, kind, subject)
    return Empty()


def stars(context: Context, request: ListStars) -> StarsPage:
    """Return a page of the caller's stars."""
    limit = check_page_size(request.max_results, MAX_STARS)
    if request.kind and request.kind not in _KINDS:
        raise InvalidParameter(
            f"Invalid kind {excerpt(request.kind)}: it is one of {', '.join(_KINDS)}, or empty."
        )
    kinds = [_KINDS[request.kind]] if request.kind else [*_KINDS.values()]
    question = question_digest(request.kind)
    place = decode_token(request.page_token, question)
    found, last = views.list_stars(context.conn, context.actor.name, kinds, _read_place(place), limit)
    page = StarsPage()
    seen = [each for each in found if _may_see(context, each)]
    if seen:
        page.stars = seen
    if last is not None:
        page.next_page_token = encode_token(question, [*last])
    return page


def start(context: Context, request: StartPage) -> PageStart:
    """Return what a page begins with: what three calls would say, and the moment at which it holds."""
    # Read before all else: what is committed in between is told again rather than not at all.
    cursor = follow(context, FollowChanges()).cursor
    starred = stars(context, ListStars())
    page = PageStart(cursor=cursor, stars=starred.stars or [], more_stars=bool(starred.next_page_token))
    row = None
    if request.experiment_id:
        row = experiments.find_row(context.conn, parse_experiment_id(request.experiment_id))
    if row is not None:
        page.experiment = experiments.build_experiments(context.conn, [row])[0]
        page.views = list(context, ListViews(experiment_id=request.experiment_id)).views or []
    return page


def _change(context: Context, request: SaveView) -> ViewAnswer:
    view = _get(context, request.view_id)
    _permit_change(context, view, "views.save")
    if request.experiment_id and parse_experiment_id(request.experiment_id) != view.experiment:
        raise InvalidParameter(
            f"View {view.view_id} does not belong to experiment {request.experiment_id}; save it there as a new view."
        )
    _check_etag(view, request.etag)
    views.update_view(context.tx, view, request.name, request.body, context.now())
    return _answer(context, view.view_id)


def _answer(context: Context, view_id: str) -> ViewAnswer:
    return ViewAnswer(view=views.build_view(views.get_view(context.conn, view_id), with_body=True))


def _get(context: Context, view_id: str) -> ViewRow:
    if not view_id:
        raise InvalidParameter("Missing value for the required parameter 'view_id'.")
    return views.get_view(context.conn, view_id)


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > MAX_NAME or "\0" in name:
        raise InvalidParameter(
            f"Invalid name {excerpt(name)} of a view: it has 1 to {MAX_NAME} characters, not only spaces, and no NUL."
        )


def _check_body(body: str) -> None:
    size = len(body.encode())
    if size > MAX_BODY_BYTES:
        raise InvalidParameter(f"The view's body has {size} bytes; at most {MAX_BODY_BYTES} are allowed.")
    try:
        msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise InvalidParameter(f"The view's body is not valid JSON: {error}.") from None
    except RecursionError:
        raise InvalidParameter("The view's body is JSON nested too deeply.") from None


def _check_etag(view: ViewRow, etag: str) -> None:
    if etag and etag != view.etag:
        raise Conflict(
            f"View {excerpt(view.name)} was changed since it was read (it is {view.etag}, not {etag[:64]}). Read it again, then save; "
            "or save yours as a new view."
        )


def _get_starred(request: Starred) -> tuple[Kind, str]:
    named = [(name, getattr(request, f"{name}_id")) for name in _KINDS if getattr(request, f"{name}_id")]
    if len(named) != 1:
        raise InvalidParameter("Give exactly one of run_id, experiment_id and model_id.")
    name, subject = named[0]
    if name == "experiment":
        subject = str(parse_experiment_id(subject))
    elif name == "run":
        subject = get_run_id(subject)
    return _KINDS[name], subject


def _read_place(place: Sequence[object] | None) -> tuple[int, int, str] | None:
    match place:
        case None:
            return None
        case [int(at), int(kind), str(subject)]:
            return at, kind, subject
        case _:
            raise InvalidParameter("The page_token does not fit this list; start again from the first page.")


def _may_see(context: Context, each: Star) -> bool:
    policy = context.platform.policy
    return policy.grants_all(context.actor) or policy.permits(
        context, Need(Permission.READ, _RESOURCES[each.kind]), each.id
    )


def _permit_change(context: Context, view: ViewRow, name: str) -> None:
    mine = view.owner == context.actor.name
    _permit(context, Permission.READ if mine else Permission.EDIT, view, name)


def _permit(context: Context, permission: Permission, view: ViewRow, name: str) -> None:
    """Ask for a permission on the experiment that a view belongs to, or on the server."""
    policy = context.platform.policy
    if policy.grants_all(context.actor):
        return
    resource = Resource.SERVER if view.experiment == ACROSS else Resource.EXPERIMENT
    target = "" if view.experiment == ACROSS else str(view.experiment)
    if not policy.permits(context, Need(permission, resource), target):
        raise PermissionDenied(
            f"{context.actor.name} lacks the permission {permission.name} on {resource.value} {target}".rstrip()
            + f", which {name} needs. Ask an administrator of this server."
        )
