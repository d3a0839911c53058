"""The API's description as OpenAPI 3.1, made from the table of endpoints.

Each row is described once, below its first prefix; that the same is served below ``/ajax-api`` is said in words. The module knows no handler: that
every described path is served is the tests' matter.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from headrace.api.endpoint import Empty, Endpoint
from headrace.api.endpoints import ENDPOINTS
from headrace.base.msgpack import MEDIA_TYPES
from headrace.server.answers import ErrorBody

Row = Endpoint[Any, Any]
Json = dict[str, Any]

PATH = "/api/openapi.json"
_REFERENCE = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)(?::(path))?\}")
_BINARY: Json = {"application/octet-stream": {}}
_FLOAT = {
    "title": "Float",
    "description": "A number, or the text that stands for one that JSON cannot express.",
    "anyOf": [{"type": "number"}, {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}],
}
_DESCRIPTION = """\
Every path below `/api` is served below `/ajax-api` as well, with the same meaning; those below `/api/headrace`, which MLflow does not have, are not.

- Parameters of GET are in the query, a list as a repeated name; those of all other methods are in a JSON object with the type `application/json`.
- Fields may be written in snake_case or camelCase, a number as text, an enum by name or by MLflow's number; unknown fields are ignored.
- A float that JSON cannot express is `"NaN"`, `"Infinity"` or `"-Infinity"`; the bare tokens are accepted as well.
- Times are Unix milliseconds.
- Where a body may be `application/msgpack`, it is a map of the same fields under their names in snake_case; numbers are numbers there, NaN and the
  infinities too, bytes (base64 in JSON) are bytes, and an unknown field is refused. The answer has the type that `Accept` names first, else that of the
  request. Errors are always JSON.
- Bodies may come with `Content-Encoding: gzip`.
- `x-headrace-needs` names the permissions that a call needs, and the field with the id of the thing that they are needed on.
"""
_ERRORS = {
    "400": "The request is wrong, or contradicts what is stored (`error_code` tells which).",
    "401": "The server needs a token, and this one is missing or wrong.",
    "403": "The call needs a permission that the actor lacks, or came under a host name or from a page that the server does not know.",
    "404": "The thing that the call names does not exist.",
    "413": "The body is larger than the server accepts.",
    "429": "The server is at a limit; send the call again after the pause in Retry-After.",
    "default": "Any other error.",
}


def build_document(rows: Iterable[Row] = ENDPOINTS) -> Json:
    """Return the description of endpoints, and of the paths that are open to all."""
    rows = tuple(rows)
    kinds = dict.fromkeys(kind for row in rows for kind in (row.request, row.response) if kind is not Empty)
    _, schemas = msgspec.json.schema_components([*kinds, ErrorBody], ref_template=_REFERENCE)
    schemas = {name: _respell(schema) for name, schema in schemas.items()}
    schemas["Float"] = _FLOAT
    paths: dict[str, Json] = _describe_open_paths()
    for row in rows:
        for position, (method, path) in enumerate(((row.method, row.path), *row.also)):
            operation = _describe(row, method, path, schemas)
            if position:
                operation["operationId"] += f".{method.lower()}"
            place = row.prefixes[0] + _PARAMETER.sub(r"{\1}", path)
            paths.setdefault(place, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "x-generated": "by tools/openapi.py from the table of endpoints; do not edit",
        "info": {
            "title": "headrace",
            "version": version("headrace"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "This server."}],
        "security": [{"bearer": []}, {"basic": []}, {}],
        "tags": [{"name": name} for name in sorted({_tag(row.name) for row in rows} | {"server"})],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": _drop_unused(schemas, paths),
            "responses": {status: _describe_error(text) for status, text in _ERRORS.items()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The server's token."},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "Any user name, and the token as password.",
                },
            },
        },
    }


def encode_document() -> bytes:
    """Return the description of all endpoints as JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(build_document()), indent=1) + b"\n"


async def answer(request: Request) -> Response:
    """Answer a call for the description."""
    body, etag = _encoded()
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@cache
def _encoded() -> tuple[bytes, str]:
    body = encode_document()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _tag(name: str) -> str:
    return name.partition(".")[0]


def _describe(row: Row, method: str, path: str, schemas: Mapping[str, Json]) -> Json:
    """Return the operation of one row under one method."""
    in_path = dict(_PARAMETER.findall(path))
    fields = schemas.get(row.request.__name__, {"properties": {}, "required": []})
    in_query = method in {"GET", "HEAD"} or row.stream
    parameters = [_describe_path_field(name, kind) for name, kind in in_path.items()]
    if in_query:
        parameters += [
            _describe_query_field(name, schema, required=name in fields["required"])
            for name, schema in fields["properties"].items()
            if name not in in_path
        ]
    operation: Json = {
        "operationId": row.name,
        "tags": [_tag(row.name)],
        "summary": row.summary,
        "x-headrace-needs": [
            {"permission": need.permission.name, "resource": need.resource.value, "field": need.field}
            for need in row.needs
        ],
        "parameters": parameters + (_range_headers() if row.stream and method in {"GET", "HEAD"} else []),
        "responses": _describe_answers(row, method),
    }
    if row.stream and method in {"POST", "PUT"}:
        operation["requestBody"] = {"required": True, "content": _BINARY}
    elif not in_query:
        body = _describe_body(row, fields, set(in_path))
        if body is not None:
            operation["requestBody"] = body
    if not operation["parameters"]:
        del operation["parameters"]
    return operation


def _describe_path_field(name: str, kind: str) -> Json:
    field: Json = {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    if kind:
        field["description"] = "A path; its slashes may stand as they are."
    return field


def _describe_query_field(name: str, schema: Json, *, required: bool) -> Json:
    field: Json = {"name": name, "in": "query", "required": required, "schema": schema}
    if schema.get("type") == "array":
        field |= {"style": "form", "explode": True}
    return field


def _range_headers() -> list[Json]:
    return [
        {
            "name": "Range",
            "in": "header",
            "description": "One range of bytes; anything else stands for the whole file.",
            "schema": {"type": "string", "pattern": r"^bytes=(\d+-\d*|-\d+)$"},
        },
        {
            "name": "If-None-Match",
            "in": "header",
            "description": "The ETag of the state that the client has.",
            "schema": {"type": "string"},
        },
    ]


def _describe_body(row: Row, fields: Json, in_path: set[str]) -> Json | None:
    if row.request is Empty:
        return None
    if not in_path:
        schema: Json = {"$ref": _REFERENCE.format(name=row.request.__name__)}
    else:
        schema = {
            "type": "object",
            "properties": {name: kind for name, kind in fields["properties"].items() if name not in in_path},
            "required": [name for name in fields["required"] if name not in in_path],
        }
        if not schema["properties"]:
            return None
    required = bool(schema.get("required", fields["required"]))
    return {"required": required, "content": _describe_content(row, schema)}


def _describe_content(row: Row, schema: Json) -> Json:
    """Return a body in all types that a row speaks."""
    content: Json = {"application/json": {"schema": schema}}
    if row.binary:
        content[MEDIA_TYPES[0]] = {"schema": schema}
    return content


def _describe_answers(row: Row, method: str) -> Json:
    errors = {status: {"$ref": f"#/components/responses/{status}"} for status in _ERRORS}
    if not row.stream:
        schema: Json = {"type": "object"}
        if row.response is not Empty:
            schema = {"$ref": _REFERENCE.format(name=row.response.__name__)}
        text = "The answer." if row.response is not Empty else "Done; the answer is an empty object."
        return {"200": {"description": text, "content": _describe_content(row, schema)}, **errors}
    if method not in {"GET", "HEAD"}:
        return {"200": {"description": "Done."}, **errors}
    content = {} if method == "HEAD" else {"content": _BINARY}
    return {
        "200": {"description": "The whole file.", "headers": _file_headers(), **content},
        "206": {"description": "The range that was asked for.", "headers": _file_headers(), **content},
        "304": {"description": "The client has this state already."},
        "416": {"description": "The range begins behind the end of the file."},
        **errors,
    }


def _file_headers() -> Json:
    text = {"schema": {"type": "string"}}
    return {
        "ETag": {"description": "Names this state of the file.", **text},
        "Repr-Digest": {"description": "The file's SHA-256, where it is known.", **text},
    }


def _describe_error(text: str) -> Json:
    schema = {"$ref": _REFERENCE.format(name=ErrorBody.__name__)}
    return {
        "description": text,
        "headers": {
            "X-Request-Id": {
                "description": "What the server's log calls the request: the client's or a proxy's own id if it is plain, else a new one.",
                "schema": {"type": "string"},
            }
        },
        "content": {"application/json": {"schema": schema}},
    }


def _describe_open_paths() -> dict[str, Json]:
    def _open(name: str, summary: str) -> Json:
        text = {"text/plain": {"schema": {"type": "string"}}}
        return {
            "get": {
                "operationId": name,
                "tags": ["server"],
                "summary": summary,
                "security": [],
                "responses": {"200": {"description": "Always.", "content": text}},
            }
        }

    return {
        "/health": _open("server.health", "Tell that the server runs; open to all."),
        "/version": _open("server.version", "Return the version of headrace; open to all."),
    }


def _respell(schema: Any) -> Any:
    """Say of floats what the wire does with them, and leave out what the server is not strict about."""
    if isinstance(schema, list):
        return [_respell(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    out = {key: _respell(value) for key, value in schema.items() if key != "additionalProperties" or value}
    if out.get("type") == "number":
        del out["type"]
        out["$ref"] = _REFERENCE.format(name="Float")
    return out


def _drop_unused(schemas: Mapping[str, Json], paths: Json) -> dict[str, Json]:
    """Keep the schemas that something refers to; fields in the path or query are written out where they are used."""
    used: set[str] = set()
    todo: list[Any] = [paths, {"$ref": _REFERENCE.format(name=ErrorBody.__name__)}]
    while todo:
        value = todo.pop()
        if isinstance(value, list):
            todo += value
        elif isinstance(value, dict):
            name = str(value.get("$ref", "")).rpartition("/")[2]
            if name in schemas and name not in used:
                used.add(name)
                todo.append(schemas[name])
            todo += value.values()
    return {name: schemas[name] for name in sorted(used)}
