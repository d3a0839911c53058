"""Errors in MLflow's shape: what scripts catch, what they make, what they read of it."""

import json
import pickle

import pytest

from headrace.base import errors, mlflow_exception
from headrace.base.errors import HeadraceError, NotFound, SpoolFull, StorageFull
from headrace.base.mlflow_exception import (
    ERROR_CODE_TO_HTTP_STATUS,
    INVALID_PARAMETER_VALUE,
    ErrorCode,
    ExecutionException,
    MissingConfigException,
    MlflowException,
    MlflowNotImplementedException,
    RestException,
    get_error_code,
)

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HeadraceError)]


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_every_error_of_headrace_is_one_of_mlflow(kind: type[HeadraceError]) -> None:
    error = kind("what was wrong")
    assert isinstance(error, MlflowException)
    assert isinstance(error, RestException)
    assert (error.error_code, error.get_http_status_code()) == (kind.code, kind.status)
    assert (error.message, str(error), error.args) == (
        "what was wrong",
        "what was wrong",
        ("what was wrong",),
    )
    assert json.loads(error.serialize_as_json()) == {
        "error_code": kind.code,
        "message": "what was wrong",
        "sqlstate": kind.sqlstate,
        "error_class": kind.error_class,
    }
    assert error.json == {"error_code": kind.code, "message": "what was wrong"}
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.error_code) == (kind, error.message, kind.code)


def test_scripts_catch_by_mlflows_class_and_code() -> None:
    with pytest.raises(MlflowException) as caught:
        raise NotFound("Run 'x' not found")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert {SpoolFull("x").error_code, StorageFull("x").error_code} == {"SPOOL_FULL", "RESOURCE_EXHAUSTED"}


def test_scripts_make_their_own() -> None:
    error = MlflowException("text", error_code=INVALID_PARAMETER_VALUE, more=1)
    assert (error.error_code, error.get_http_status_code()) == ("INVALID_PARAMETER_VALUE", 400)
    assert json.loads(error.serialize_as_json()) == {
        "error_code": "INVALID_PARAMETER_VALUE",
        "message": "text",
        "sqlstate": "KAM00",
        "error_class": "INVALID_PARAMETER_VALUE",
        "more": 1,
    }
    assert MlflowException.invalid_parameter_value("x").error_code == "INVALID_PARAMETER_VALUE"
    assert MlflowException("x", 424242).error_code == "INTERNAL_ERROR"
    assert MlflowException("x", "INVALID_PARAMETER_VALUE").error_code == "INTERNAL_ERROR"  # type: ignore[arg-type]
    assert MlflowException("x", 1011).serialize_as_json() == '{"error_code": "DATA_LOSS", "message": "x"}'
    assert MlflowException("x", sqlstate="AB123", error_class="OWN").sqlstate == "AB123"
    assert issubclass(MissingConfigException, MlflowException)
    assert ExecutionException("x").message == "x"
    assert MlflowNotImplementedException().get_http_status_code() == 501
    again = pickle.loads(pickle.dumps(error))
    assert (again.error_code, again.json_kwargs) == ("INVALID_PARAMETER_VALUE", {"more": 1})


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({"error_code": "NOT_FOUND", "message": "m"}, "NOT_FOUND", "NOT_FOUND: m"),
        ({"error_code": "404", "message": "m"}, "ENDPOINT_NOT_FOUND", "404: m"),
        ({"error_code": 503, "message": "m"}, "TEMPORARILY_UNAVAILABLE", "503: m"),
        ({"error_code": "999", "message": "m"}, "INTERNAL_ERROR", "999: m"),
        ({"error_code": "NEVER_HEARD", "message": "m"}, "INTERNAL_ERROR", "NEVER_HEARD: m"),
        ({"reason": "x"}, "INTERNAL_ERROR", "INTERNAL_ERROR: Response: {'reason': 'x'}"),
    ],
)
def test_an_answer_becomes_an_error(body: dict[str, object], code: str, text: str) -> None:
    error = RestException(body)
    assert (error.error_code, str(error), error.json) == (code, text, body)
    assert str(pickle.loads(pickle.dumps(error))) == text


def test_what_the_answer_says_of_its_class_counts() -> None:
    error = RestException(
        {"error_code": "NOT_FOUND", "message": "m", "sqlstate": "KAMC2", "error_class": "CP"}
    )
    assert (error.sqlstate, error.error_class) == ("KAMC2", "CP")


def test_codes_have_names_and_numbers() -> None:
    assert dict(ErrorCode.items()) == {name: ErrorCode.Value(name) for name in ErrorCode.keys()}  # noqa: SIM118 - no mapping
    assert all(ErrorCode.Name(number) == name for name, number in ErrorCode.items())
    for name in ERROR_CODE_TO_HTTP_STATUS:
        assert getattr(mlflow_exception, name) == ErrorCode.Value(name)
    assert (get_error_code(404), get_error_code(418)) == (1001, 1)
    with pytest.raises(ValueError, match="4711"):
        ErrorCode.Name(4711)
    with pytest.raises(ValueError, match="NEVER_HEARD"):
        ErrorCode.Value("NEVER_HEARD")
