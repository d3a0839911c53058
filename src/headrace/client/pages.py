"""Searches that go through all pages, each fetched when it is needed."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from headrace.api.endpoint import Endpoint, Res
from headrace.base.json import Wire
from headrace.client.transport import Transport

Req = TypeVar("Req", bound=Wire)
Item = TypeVar("Item")


def iterate(
    transport: Transport,
    endpoint: Endpoint[Req, Res],
    request: Req,
    items: Callable[[Res], list[Item] | Any],
) -> Iterator[Item]:
    """Yield what is on all pages of a search.

    Args:
        transport: where to search.
        endpoint: a row whose request has a `page_token` and whose answer has a `next_page_token`.
        request: the search; its token is moved on from page to page.
        items: what the list of a page is.
    """
    while True:
        page = transport.call(endpoint, request)
        yield from items(page) or ()
        token = getattr(page, "next_page_token", None)
        if not token:
            return
        request.page_token = token  # type: ignore[attr-defined]
