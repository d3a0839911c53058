"""The one tree of errors: one class for each thing a caller may want to catch, with its wire code and HTTP status.

    HeadraceError
    ├── InvalidParameter            400  the request is wrong; sending it again unchanged cannot help
    │   ├── BadRequest              400  the same, under MLflow's older code
    │   ├── AttributeNotFound       400  a filter or an order names an attribute that does not exist
    │   ├── InvalidState            400  the thing is in a state that forbids the call
    │   └── PayloadTooLarge         413  the body is over the server's limit
    ├── AlreadyExists               400  a name is taken (MLflow answers 400, not 409)
    ├── Unauthenticated             401  no token, or a wrong one
    ├── PermissionDenied            403  the actor may not do this
    ├── NotFound                    404  the thing does not exist
    │   └── EndpointNotFound        404  the call does not exist
    ├── MethodNotAllowed            405  the path exists under another HTTP method
    ├── Conflict                    409  the call contradicts what is stored
    ├── TooManyRequests             429  try again after a pause
    ├── InternalError               500  a defect of headrace
    │   ├── DataLoss                500  a file is not what it was when it was stored or sent
    │   ├── StoreError              500  the database cannot be used as it is (names the remedy)
    │   └── StorageFull             507  the disk is full; nothing of the call was stored
    ├── NotImplementedByServer      501  known, but not there
    ├── Unavailable                 503  the server cannot do it now (locked database, stopping)
    └── ClientError                 never on the wire: what a training process hears from its own side
        ├── SpoolFull                    the spool's disk or limit is used up; the record was not taken
        ├── NotStored                    records were refused by the server, or not delivered, and the run is strict
        └── StopRequested                somebody asked the run to stop, and the run asked to be told by an exception

Above HeadraceError stand MLflow's exceptions, so that scripts which catch those catch these (`headrace.base.mlflow_exception`).

The module does not know HTTP beyond the status number, nor who shows the message.
"""

from typing import Any, ClassVar

from headrace.base.mlflow_exception import RestException


class HeadraceWarning(UserWarning):
    """Something was accepted although it has no effect, or only part of the effect asked for."""


class HeadraceError(RestException):
    """Base of all errors that headrace raises on purpose, whether a server has answered with them or not.

    Args:
        message: what was wrong, with the value, and what to do.
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    status: ClassVar[int] = 500
    sqlstate: ClassVar[str] = "XXM00"
    error_class: ClassVar[str] = "CLIENT_INTERNAL_ERROR"

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)
        self.message = message
        self.json_kwargs = {}

    @property
    def error_code(self) -> str:
        """The name of the code, as MLflow's exception has it."""
        return self.code

    @property
    def json(self) -> dict[str, Any]:  # type: ignore[override]
        """The error as a server sends it."""
        return {"error_code": self.code, "message": self.message}

    def get_http_status_code(self) -> int:
        """Return the HTTP status."""
        return self.status

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message,)


class InvalidParameter(HeadraceError):
    """The request is wrong; sending it again unchanged cannot help."""

    code = "INVALID_PARAMETER_VALUE"
    status = 400
    sqlstate = "KAM00"
    error_class = "INVALID_PARAMETER_VALUE"


class BadRequest(InvalidParameter):
    """A wrong request, under the older code that MLflow uses in a few places."""

    code = "BAD_REQUEST"
    error_class = "BAD_REQUEST"


class AttributeNotFound(InvalidParameter):
    """A filter or an order names an attribute that does not exist."""

    sqlstate = "KAM04"
    error_class = "ATTRIBUTE_NOT_FOUND"


class InvalidState(InvalidParameter):
    """The thing is in a state that forbids the call."""

    code = "INVALID_STATE"
    error_class = "INVALID_STATE"


class PayloadTooLarge(InvalidParameter):
    """The body is larger than the server accepts."""

    status = 413


class AlreadyExists(HeadraceError):
    """A name or id is taken."""

    code = "RESOURCE_ALREADY_EXISTS"
    status = 400
    sqlstate = "KAM00"
    error_class = "RESOURCE_ALREADY_EXISTS"


class Unauthenticated(HeadraceError):
    """The call carries no token, or a wrong one."""

    code = "UNAUTHENTICATED"
    status = 401
    sqlstate = "KAM00"
    error_class = "UNAUTHENTICATED"


class PermissionDenied(HeadraceError):
    """The actor may not do this."""

    code = "PERMISSION_DENIED"
    status = 403
    sqlstate = "KAM00"
    error_class = "PERMISSION_DENIED"


class NotFound(HeadraceError):
    """The thing that the call names does not exist."""

    code = "RESOURCE_DOES_NOT_EXIST"
    status = 404
    sqlstate = "KAM00"
    error_class = "RESOURCE_NOT_FOUND"


class EndpointNotFound(NotFound):
    """The call itself does not exist here."""

    code = "ENDPOINT_NOT_FOUND"
    error_class = "ENDPOINT_NOT_FOUND"


class MethodNotAllowed(HeadraceError):
    """The path exists, but not under this HTTP method."""

    code = "BAD_REQUEST"
    status = 405
    sqlstate = "KAM00"
    error_class = "BAD_REQUEST"


class Conflict(HeadraceError):
    """The call contradicts what is stored."""

    code = "RESOURCE_CONFLICT"
    status = 409
    sqlstate = "KAM00"
    error_class = "RESOURCE_CONFLICT"


class TooManyRequests(HeadraceError):
    """The server is at a limit; the same call may succeed after a pause."""

    code = "REQUEST_LIMIT_EXCEEDED"
    status = 429
    sqlstate = "KAM00"
    error_class = "REQUEST_LIMIT_EXCEEDED"


class InternalError(HeadraceError):
    """A defect of headrace, or a broken machine beneath it."""


class DataLoss(InternalError):
    """A file is not what it was when it was stored or sent."""

    code = "DATA_LOSS"


class StoreError(InternalError):
    """The database cannot be used as it is; the message names the remedy."""


class StorageFull(InternalError):
    """The disk is full; nothing of the call was stored."""

    code = "RESOURCE_EXHAUSTED"
    status = 507


class NotImplementedByServer(HeadraceError):
    """The call is known, but this server does not offer it."""

    code = "NOT_IMPLEMENTED"
    status = 501


class Unavailable(HeadraceError):
    """The server cannot do it now; the same call may succeed later."""

    code = "TEMPORARILY_UNAVAILABLE"
    status = 503


class ClientError(HeadraceError):
    """What a training process hears from its own side, never from a server."""


class SpoolFull(ClientError):
    """The disk of the spool, or its limit, is used up; the record was not taken, what was taken before it is kept."""

    code = "SPOOL_FULL"


class NotStored(ClientError):
    """Records were refused by the server or not delivered in time, and the run is strict."""

    code = "NOT_STORED"


class StopRequested(ClientError):
    """Somebody asked the run to stop, and the run asked to be told by an exception."""

    code = "STOP_REQUESTED"


def _tree(root: type[HeadraceError]) -> list[type[HeadraceError]]:
    return [root, *(leaf for child in root.__subclasses__() for leaf in _tree(child))]


_CLASSES = [kind for kind in _tree(HeadraceError)[1:] if not issubclass(kind, ClientError)]
# Codes that MLflow and its relatives use and headrace does not.
_FOREIGN_CODES: dict[str, type[HeadraceError]] = {
    "ABORTED": Conflict,
    "ALREADY_EXISTS": AlreadyExists,
    "CUSTOMER_UNAUTHORIZED": Unauthenticated,
    "DEADLINE_EXCEEDED": Unavailable,
    "FEATURE_DISABLED": NotImplementedByServer,
    "MALFORMED_REQUEST": InvalidParameter,
    "NOT_FOUND": NotFound,
    "RESOURCE_LIMIT_EXCEEDED": TooManyRequests,
}
# What servers and proxies on the way answer when they could not do it now.
_FOREIGN_STATUSES: dict[int, type[HeadraceError]] = {
    408: Unavailable,
    499: Unavailable,
    502: Unavailable,
    504: Unavailable,
}


def error_from_wire(status: int, code: str | None, message: str) -> HeadraceError:
    """Rebuild the error that a server answered with.

    The code counts more than the status, which MLflow chooses otherwise in places (500 for INVALID_STATE); but 429 always means
    that the call may be sent again (MLflow answers RESOURCE_EXHAUSTED with it). A 404 without a code comes from something that does
    not know the call at all.

    Args:
        status: the HTTP status.
        code: the body's ``error_code``, or None if the body had none.
        message: the body's message, or the raw body.
    """
    by_code = [kind for kind in _CLASSES if kind.code == code]
    by_status = [kind for kind in _CLASSES if kind.status == status]
    if status == TooManyRequests.status:
        return TooManyRequests(message)
    if status == EndpointNotFound.status and code is None:
        return EndpointNotFound(f"HTTP {status}: {message}")
    for kind in by_code:
        if kind.status == status:
            return kind(message)
    found = (
        (by_code[0] if by_code else None)
        or _FOREIGN_CODES.get(code or "")
        or (by_status[0] if by_status else None)
        or _FOREIGN_STATUSES.get(status)
    )
    if found is None:
        return HeadraceError(f"HTTP {status}: {message}")
    return found(message if code else f"HTTP {status}: {message}")
