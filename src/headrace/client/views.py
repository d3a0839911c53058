"""Saved views and stars, from the client's side."""

import json
from collections.abc import Iterator, Sequence

from headrace.api import views as rows
from headrace.api.views import PageStart, Star, View
from headrace.client.pages import iterate
from headrace.client.transport import Transport


class Views:
    """Calls about saved views and stars.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def save(
        self, name: str, body: object, *, experiment_id: str = "", view_id: str = "", etag: str = ""
    ) -> View:
        """Make a view, or change one.

        Args:
            name: its name.
            body: what it holds: JSON text, or a value that becomes JSON; at most 64 KiB.
            experiment_id: the experiment that a new view belongs to; empty for one across experiments.
            view_id: the view to be changed; empty for a new one.
            etag: of the state that the change was made from; empty to change whatever is there.

        Raises:
            Conflict: the view is not in the state of the etag any more.
            NotFound: there is no such view or experiment.
            InvalidParameter: a value is not allowed.
        """
        text = body if isinstance(body, str) else json.dumps(body)
        request = rows.SaveView(view_id=view_id, experiment_id=experiment_id, name=name, body=text, etag=etag)
        return self._transport.call(rows.SAVE, request).view

    def get(self, view_id: str) -> View:
        """Return a view with its body.

        Raises:
            NotFound: there is none with this id.
        """
        return self._transport.call(rows.GET, rows.ViewById(view_id=view_id)).view

    def list(self, experiment_id: str = "") -> Sequence[View]:
        """Return the views of an experiment, or those across experiments, without their bodies."""
        page = self._transport.call(rows.LIST, rows.ListViews(experiment_id=experiment_id))
        return page.views or []

    def delete(self, view_id: str, *, etag: str = "") -> None:
        """Delete a view.

        Raises:
            Conflict: the view is not in the state of the etag any more.
            NotFound: there is none with this id.
        """
        self._transport.call(rows.DELETE, rows.DeleteView(view_id=view_id, etag=etag))

    def set_default(self, view_id: str, *, is_default: bool = True) -> View:
        """Make a view the one that everybody sees first in its experiment, or make it one no more."""
        request = rows.SetDefaultView(view_id=view_id, is_default=is_default)
        return self._transport.call(rows.SET_DEFAULT, request).view

    def star(self, *, run_id: str = "", experiment_id: str = "", model_id: str = "") -> None:
        """Star one thing.

        Raises:
            NotFound: it does not exist.
        """
        request = rows.Starred(run_id=run_id, experiment_id=experiment_id, model_id=model_id)
        self._transport.call(rows.STAR, request)

    def unstar(self, *, run_id: str = "", experiment_id: str = "", model_id: str = "") -> None:
        """Take a star back; if there is none, nothing happens."""
        request = rows.Starred(run_id=run_id, experiment_id=experiment_id, model_id=model_id)
        self._transport.call(rows.UNSTAR, request)

    def start(self, experiment_id: str = "") -> PageStart:
        """Return what a page begins with: stars, an experiment with its views, and from where on to follow changes.

        Args:
            experiment_id: the experiment; without one, or if there is none of that id, nothing of an experiment is in the answer.
        """
        return self._transport.call(rows.START, rows.StartPage(experiment_id=experiment_id))

    def stars(self, kind: str = "", page_size: int = 1000) -> Iterator[Star]:
        """Yield what the caller has starred, the newest first, with the state that it is in.

        Args:
            kind: ``run``, ``experiment``, ``model``, or empty for all.
            page_size: how many are fetched at once.
        """
        request = rows.ListStars(kind=kind, max_results=page_size)
        return iterate(self._transport, rows.STARS, request, lambda page: page.stars)
