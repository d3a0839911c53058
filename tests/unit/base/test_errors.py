"""The tree of errors, and how errors are rebuilt from what a server answers."""

import pytest

from headrace.base import errors
from headrace.base.errors import HeadraceError, error_from_wire


def _tree(root: type[HeadraceError]) -> list[type[HeadraceError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


# What servers answer with; the others are heard from the process's own side only.
_ANSWERED = [kind for kind in _tree(HeadraceError)[1:] if not issubclass(kind, errors.ClientError)]


def _is_alone(kind: type[HeadraceError]) -> bool:
    """Tell whether code and status name this class and no other."""
    return [each for each in _ANSWERED if (each.code, each.status) == (kind.code, kind.status)] == [kind]


@pytest.mark.parametrize("kind", [*filter(_is_alone, _ANSWERED)], ids=lambda kind: kind.__name__)
def test_an_error_comes_back_as_the_class_that_was_raised(kind: type[HeadraceError]) -> None:
    rebuilt = error_from_wire(kind.status, kind.code, "what went wrong")
    assert type(rebuilt) is kind
    assert rebuilt.message == str(rebuilt) == "what went wrong"


@pytest.mark.parametrize("kind", _ANSWERED, ids=lambda kind: kind.__name__)
def test_an_error_comes_back_at_least_as_a_parent_of_its_class(kind: type[HeadraceError]) -> None:
    rebuilt = error_from_wire(kind.status, kind.code, "x")
    assert isinstance(rebuilt, kind) or issubclass(kind, type(rebuilt))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        # MLflow's own choices of status
        (500, "INVALID_STATE", errors.InvalidState),
        (500, "INVALID_PARAMETER_VALUE", errors.InvalidParameter),
        (429, "RESOURCE_EXHAUSTED", errors.TooManyRequests),
        (400, "RESOURCE_ALREADY_EXISTS", errors.AlreadyExists),
        (409, "RESOURCE_ALREADY_EXISTS", errors.AlreadyExists),
        (404, "ENDPOINT_NOT_FOUND", errors.EndpointNotFound),
        # codes that headrace does not use
        (404, "NOT_FOUND", errors.NotFound),
        (409, "ALREADY_EXISTS", errors.AlreadyExists),
        (409, "ABORTED", errors.Conflict),
        (401, "CUSTOMER_UNAUTHORIZED", errors.Unauthenticated),
        (504, "DEADLINE_EXCEEDED", errors.Unavailable),
        (403, "SOMETHING_NEW", errors.PermissionDenied),
        (418, "SOMETHING_NEW", HeadraceError),
        # no code: a proxy on the way
        (400, None, errors.InvalidParameter),
        (401, None, errors.Unauthenticated),
        (403, None, errors.PermissionDenied),
        (404, None, errors.EndpointNotFound),
        (405, None, errors.MethodNotAllowed),
        (408, None, errors.Unavailable),
        (413, None, errors.PayloadTooLarge),
        (429, None, errors.TooManyRequests),
        (500, None, errors.InternalError),
        (501, None, errors.NotImplementedByServer),
        (502, None, errors.Unavailable),
        (503, None, errors.Unavailable),
        (504, None, errors.Unavailable),
        (507, None, errors.StorageFull),
        (418, None, HeadraceError),
    ],
)
def test_foreign_answers_find_the_nearest_class(
    status: int, code: str | None, kind: type[HeadraceError]
) -> None:
    assert type(error_from_wire(status, code, "x")) is kind


def test_the_status_is_shown_where_there_is_no_code() -> None:
    assert str(error_from_wire(502, None, "Bad gateway")) == "HTTP 502: Bad gateway"
    assert str(error_from_wire(418, "TEAPOT", "short")) == "HTTP 418: short"


@pytest.mark.parametrize("kind", _tree(errors.ClientError), ids=lambda kind: kind.__name__)
def test_no_server_can_answer_with_an_error_of_the_clients_own(kind: type[HeadraceError]) -> None:
    assert not isinstance(error_from_wire(kind.status, kind.code, "x"), errors.ClientError)
