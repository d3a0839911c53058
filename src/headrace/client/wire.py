"""From an endpoint and a request to an HTTP target and body, and from an answer's bytes back. Opens no connection."""

import re
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from headrace.api import inputs, logged_models, metrics
from headrace.api.endpoint import Endpoint, Req, Res
from headrace.base import msgpack
from headrace.base.errors import HeadraceError, InternalError, InvalidParameter, error_from_wire
from headrace.base.json import Wire, convert, encode
from headrace.base.plugins import load

# MLflow serves these under /ajax-api alone, headrace under both; so this client can be used with either.
AJAX_ONLY = frozenset(
    row.name for row in (inputs.SEARCH_DATASETS, logged_models.GET_FILE, metrics.GET_HISTORY_BULK)
)
_IN_PATH = re.compile(r"\{(\w+)(:path)?\}")
_EXCERPT_CHARS = 300
_TITLE = r"(?is)<title>(.*?)</title>"


def media_type(endpoint: Endpoint[Any, Any]) -> str:
    """Return the type of a call's body and answer."""
    return msgpack.MEDIA_TYPES[0] if endpoint.binary else "application/json"


def encode_request(request: Wire, endpoint: Endpoint[Any, Any]) -> bytes:
    """Return a request as a body: JSON, or MessagePack for a row that takes it.

    Raises:
        InvalidParameter: a value is of a type that does not go over the wire.
    """
    try:
        return msgpack.encode(request) if endpoint.binary else encode(request)
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise InvalidParameter(f"Invalid {type(request).__name__}: {error}.") from None


def build_target(endpoint: Endpoint[Req, Res], request: Req) -> tuple[str, str]:
    """Return the method and the path, with the query of a GET, for a call.

    Raises:
        InvalidParameter: a value cannot stand in a path.
    """
    prefix = "/ajax-api" if endpoint.name in AJAX_ONLY else ""
    method, path = next(route for route in endpoint.routes() if route[1].startswith(prefix))
    in_path = _IN_PATH.findall(path)
    for name, is_path in in_path:
        value = getattr(request, name)
        if not value or {"", ".", ".."} & set(value.split("/") if is_path else [value]):
            raise InvalidParameter(f"Invalid {name} {value!r}: it cannot stand in the path of a request.")
        path = path.replace(f"{{{name}{is_path}}}", quote(value, safe="/" if is_path else ""))
    if method in {"GET", "HEAD"}:
        query = _build_query(request, {name for name, _ in in_path})
        path += f"?{query}" if query else ""
    return method, path


def _build_query(request: Wire, without: set[str]) -> str:
    """Return the query string for all fields that differ from their defaults."""
    defaults = {field.encode_name: field.default for field in msgspec.structs.fields(request)}
    pairs: list[tuple[str, str]] = []
    for name, value in msgspec.to_builtins(request).items():
        if name in without or value == defaults[name]:
            continue
        pairs += [(name, _write(each)) for each in (value if isinstance(value, list) else [value])]
    return urlencode(pairs)


def _write(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def decode_answer(data: bytes, kind: type[Res], where: str, *, binary: bool = False) -> Res:
    """Return the answer of a call.

    Args:
        data: the body.
        kind: the struct that it holds.
        where: the address, for the message.
        binary: whether it is MessagePack.

    Raises:
        InternalError: it holds something else.
    """
    if binary:
        return _decode_binary(data, kind, where)
    try:
        return msgspec.json.decode(data or b"{}", type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # perhaps fields that a newer server has added, or bare NaN tokens: the slower way takes them
    try:
        return convert(load("json").loads(data), kind)
    except (ValueError, InvalidParameter) as error:
        raise InternalError(
            f"{where} answered with something that is not the tracking protocol ({error}): {_excerpt(data)}. "
            "Is the tracking URI the address of a tracking server?"
        ) from None


def _decode_binary(data: bytes, kind: type[Res], where: str) -> Res:
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # perhaps fields that a newer server has added: the slower way takes them
    try:
        return convert(msgspec.msgpack.decode(data), kind)
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidParameter) as error:
        raise InternalError(
            f"{where} answered with MessagePack that is not the tracking protocol ({error}). Is the server of another version?"
        ) from None


def read_error(status: int, data: bytes) -> HeadraceError:
    """Return the error that an answer of a status other than 2xx stands for.

    Args:
        status: the HTTP status.
        data: the body: JSON in MLflow's form, or what a proxy on the way has written.
    """
    try:
        body: Any = load("json").loads(data)
    except ValueError:
        body = None
    if isinstance(body, dict) and isinstance(body.get("error_code"), str | int):
        return error_from_wire(status, str(body["error_code"]), str(body.get("message") or ""))
    return error_from_wire(status, None, _excerpt(data) or "the answer is empty")


def _excerpt(data: bytes) -> str:
    """Return the beginning of a body for a message; of a page, its title."""
    text = data[: 64 * _EXCERPT_CHARS].decode("utf-8", "replace")
    title = re.search(_TITLE, text)
    text = " ".join((title[1] if title else text).split())
    return text if len(text) <= _EXCERPT_CHARS else text[:_EXCERPT_CHARS] + "…"
