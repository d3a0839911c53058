"""MLflow's exception, as scripts catch and raise it: its attributes, its codes with their numbers, its subclasses.

Every error of headrace is one of these (`headrace.base.errors`), so `except MlflowException` and `except RestException` catch them all. The module does
not know which errors headrace has.
"""

from types import MappingProxyType
from typing import Any

from headrace.base.plugins import load

_BY_NUMBER: dict[int, str] = {
    1: "INTERNAL_ERROR",
    2: "TEMPORARILY_UNAVAILABLE",
    3: "IO_ERROR",
    4: "BAD_REQUEST",
    7: "DEADLINE_EXCEEDED",
    8: "CANCELLED",
    9: "RESOURCE_EXHAUSTED",
    10: "ABORTED",
    11: "NOT_FOUND",
    12: "ALREADY_EXISTS",
    13: "UNAUTHENTICATED",
    1000: "INVALID_PARAMETER_VALUE",
    1001: "ENDPOINT_NOT_FOUND",
    1002: "MALFORMED_REQUEST",
    1003: "INVALID_STATE",
    1004: "PERMISSION_DENIED",
    1005: "FEATURE_DISABLED",
    1006: "CUSTOMER_UNAUTHORIZED",
    1007: "REQUEST_LIMIT_EXCEEDED",
    1008: "RESOURCE_CONFLICT",
    1010: "NOT_IMPLEMENTED",
    1011: "DATA_LOSS",
    3001: "RESOURCE_ALREADY_EXISTS",
    3002: "RESOURCE_DOES_NOT_EXIST",
    4001: "QUOTA_EXCEEDED",
    5002: "RESOURCE_LIMIT_EXCEEDED",
}
_NUMBERS = {name: number for number, name in _BY_NUMBER.items()}

INTERNAL_ERROR = 1
TEMPORARILY_UNAVAILABLE = 2
BAD_REQUEST = 4
DEADLINE_EXCEEDED = 7
CANCELLED = 8
RESOURCE_EXHAUSTED = 9
ABORTED = 10
NOT_FOUND = 11
ALREADY_EXISTS = 12
UNAUTHENTICATED = 13
INVALID_PARAMETER_VALUE = 1000
ENDPOINT_NOT_FOUND = 1001
INVALID_STATE = 1003
PERMISSION_DENIED = 1004
CUSTOMER_UNAUTHORIZED = 1006
REQUEST_LIMIT_EXCEEDED = 1007
RESOURCE_CONFLICT = 1008
NOT_IMPLEMENTED = 1010
DATA_LOSS = 1011
RESOURCE_ALREADY_EXISTS = 3001
RESOURCE_DOES_NOT_EXIST = 3002

ERROR_CODE_TO_HTTP_STATUS = MappingProxyType({
    "INTERNAL_ERROR": 500,
    "INVALID_STATE": 500,
    "DATA_LOSS": 500,
    "NOT_IMPLEMENTED": 501,
    "TEMPORARILY_UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
    "REQUEST_LIMIT_EXCEEDED": 429,
    "CANCELLED": 499,
    "RESOURCE_EXHAUSTED": 429,
    "ABORTED": 409,
    "RESOURCE_CONFLICT": 409,
    "ALREADY_EXISTS": 409,
    "NOT_FOUND": 404,
    "ENDPOINT_NOT_FOUND": 404,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "PERMISSION_DENIED": 403,
    "CUSTOMER_UNAUTHORIZED": 401,
    "UNAUTHENTICATED": 401,
    "BAD_REQUEST": 400,
    "RESOURCE_ALREADY_EXISTS": 400,
    "INVALID_PARAMETER_VALUE": 400,
})  # fmt: skip
HTTP_STATUS_TO_ERROR_CODE = MappingProxyType(
    {status: code for code, status in ERROR_CODE_TO_HTTP_STATUS.items()}
    | {400: "BAD_REQUEST", 404: "ENDPOINT_NOT_FOUND", 500: "INTERNAL_ERROR"}
)
_INTERNAL = ("XXM00", "CLIENT_INTERNAL_ERROR")
_UNFOUND = ("KAM00", "RESOURCE_NOT_FOUND")
_REFUSED = ("KAM00", "PERMISSION_DENIED")
_INVALID = ("KAM00", "INVALID_PARAMETER_VALUE")
# Code -> SQLSTATE and class of the error; other codes have none.
_CLASSES = {
    "INTERNAL_ERROR": _INTERNAL,
    "INVALID_STATE": _INTERNAL,
    "TEMPORARILY_UNAVAILABLE": _INTERNAL,
    "NOT_FOUND": _UNFOUND,
    "ENDPOINT_NOT_FOUND": _UNFOUND,
    "RESOURCE_DOES_NOT_EXIST": _UNFOUND,
    "PERMISSION_DENIED": _REFUSED,
    "CUSTOMER_UNAUTHORIZED": _REFUSED,
    "BAD_REQUEST": _INVALID,
    "INVALID_PARAMETER_VALUE": _INVALID,
    "RESOURCE_ALREADY_EXISTS": ("KAM00", "RESOURCE_ALREADY_EXISTS"),
}


class ErrorCode:
    """MLflow's error codes: from the number to the name and back."""

    @staticmethod
    def Name(number: int) -> str:  # noqa: N802 - MLflow's word
        """Return the name of a number.

        Raises:
            ValueError: no code has it.
        """
        if number not in _BY_NUMBER:
            raise ValueError(f"No error code has the number {number!r}.")
        return _BY_NUMBER[number]

    @staticmethod
    def Value(name: str) -> int:  # noqa: N802 - MLflow's word
        """Return the number of a name.

        Raises:
            ValueError: no code has it.
        """
        if name not in _NUMBERS:
            raise ValueError(f"No error code is named {name!r}; there are {', '.join(sorted(_NUMBERS))}.")
        return _NUMBERS[name]

    @staticmethod
    def keys() -> list[str]:
        """Return all names."""
        return list(_NUMBERS)

    @staticmethod
    def items() -> list[tuple[str, int]]:
        """Return all names with their numbers."""
        return list(_NUMBERS.items())


def get_error_code(http_status: int) -> int:
    """Return the number of the code that stands for an HTTP status; that of INTERNAL_ERROR if none does."""
    return _NUMBERS[HTTP_STATUS_TO_ERROR_CODE.get(http_status, "INTERNAL_ERROR")]


class MlflowException(Exception):
    """What went wrong, with a code.

    Args:
        message: what was wrong.
        error_code: the number of a code, such as `INVALID_PARAMETER_VALUE`; another value means INTERNAL_ERROR.
        sqlstate: five characters; by default those of the code.
        error_class: by default that of the code.
        kwargs: further entries of `serialize_as_json`.
    """

    def __init__(
        self,
        message: str,
        error_code: int = INTERNAL_ERROR,
        sqlstate: str | None = None,
        error_class: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.message = str(message)
        super().__init__(self.message)
        self._code = (
            _BY_NUMBER.get(error_code, "INTERNAL_ERROR") if isinstance(error_code, int) else "INTERNAL_ERROR"
        )
        self._sqlstate, self._error_class = sqlstate, error_class
        self.json_kwargs = kwargs

    @property
    def error_code(self) -> str:
        """The name of the code."""
        return self._code

    @property
    def sqlstate(self) -> str | None:
        """The SQLSTATE, if there is one."""
        return self._sqlstate or _CLASSES.get(self._code, (None, None))[0]

    @property
    def error_class(self) -> str | None:
        """The class of the error, if there is one."""
        return self._error_class or _CLASSES.get(self._code, (None, None))[1]

    def get_http_status_code(self) -> int:
        """Return the HTTP status that goes with the code."""
        return ERROR_CODE_TO_HTTP_STATUS.get(self.error_code, 500)

    def serialize_as_json(self) -> str:
        """Return the error as a server sends it."""
        fields: dict[str, Any] = {"error_code": self.error_code, "message": self.message}
        fields |= {
            name: value
            for name, value in (("sqlstate", self.sqlstate), ("error_class", self.error_class))
            if value is not None
        }
        text: str = load("json").dumps(fields | self.json_kwargs)
        return text

    @classmethod
    def invalid_parameter_value(
        cls, message: str, sqlstate: str | None = None, error_class: str | None = None, **kwargs: Any
    ) -> "MlflowException":
        """Return an error with the code INVALID_PARAMETER_VALUE."""
        return cls(
            message,
            error_code=INVALID_PARAMETER_VALUE,
            sqlstate=sqlstate,
            error_class=error_class,
            **kwargs,
        )


class RestException(MlflowException):
    """What a server has answered.

    Args:
        json: the body: ``error_code``, a name or an HTTP status, and ``message``.
    """

    def __init__(self, json: dict[str, Any]) -> None:
        name = str(json.get("error_code") or "INTERNAL_ERROR")
        text = json.get("message", f"Response: {json}")
        code = HTTP_STATUS_TO_ERROR_CODE.get(int(name), "") if name.isdecimal() else name
        super().__init__(f"{name}: {text}", error_code=_NUMBERS.get(code, INTERNAL_ERROR))
        self._sqlstate = json.get("sqlstate") or None
        self._error_class = json.get("error_class") or None
        self.json: dict[str, Any] = json

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.json,)


class ExecutionException(MlflowException):
    """A project has failed."""


class MissingConfigException(MlflowException):
    """A file or folder of the configuration is not there."""


class InvalidUrlException(MlflowException):
    """A URL is malformed."""


class MlflowNotImplementedException(MlflowException):
    """Something is not offered.

    Args:
        message: what.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(message, error_code=NOT_IMPLEMENTED)
