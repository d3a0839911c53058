"""Writes ui/src/api/calls.ts, the types of all calls for the web pages, from the table of endpoints; with ``--check`` it only tells whether the file is what it would write."""

import json
import sys
from typing import Any

import msgspec

from generated import ROOT, write_or_check
from headrace.api.endpoints import ENDPOINTS

FILE = ROOT / "ui" / "src" / "api" / "calls.ts"
_HEAD = "/* Written by tools/ui_types.py from the table of endpoints. Do not edit. */\n/* biome-ignore-all lint: generated */\n"
_PRIMITIVES = {"integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def build() -> str:
    """Return the file's text."""
    known = {row.name: row for row in ENDPOINTS}
    structs = dict.fromkeys(each for row in ENDPOINTS for each in (row.request, row.response))
    schemas: dict[str, Any] = msgspec.json.schema_components(
        [each for each in structs if issubclass(each, msgspec.Struct)], ref_template="#/{name}"
    )[1]
    parts = [_HEAD]
    parts += [_declare(name, schema) for name, schema in sorted(schemas.items())]
    parts.append("export const CALLS = {")
    for name, row in sorted(known.items()):
        prefix = "/api" if "/api" in row.prefixes or not row.prefixes else row.prefixes[0]
        parts.append(
            f"  {name!r}: {{ method: {row.method!r}, path: {(prefix + row.path).lstrip('/')!r}, binary: {str(row.binary).lower()} }},"
        )
    parts.append("} as const;\n\nexport interface Calls {")
    for name, row in sorted(known.items()):
        request, response = (
            each.__name__ if each.__name__ in schemas else "Record<string, never>"
            for each in (row.request, row.response)
        )
        parts.append(f"  {name!r}: {{ request: {request}; response: {response} }};")
    parts.append("}\n")
    return "\n".join(parts)


def _declare(name: str, schema: dict[str, Any]) -> str:
    text = _comment(schema.get("description", ""), "")
    if "properties" not in schema:
        return f"{text}export type {name} = {_type(schema)};\n"
    required = set(schema.get("required", ()))
    lines = [f"{text}export interface {name} {{"]
    for key, value in schema["properties"].items():
        shown = key if key.isidentifier() else json.dumps(key)
        lines.append(f"  {shown}{'' if key in required else '?'}: {_type(value)};")
    return "\n".join([*lines, "}\n"])


def _comment(text: str, indent: str) -> str:
    first = text.strip().split("\n\n")[0].replace("\n", " ").replace("``", "`").replace("*/", "")
    return f"{indent}/** {' '.join(first.split())} */\n" if first else ""


def _type(schema: dict[str, Any]) -> str:  # noqa: PLR0911 - one line for each kind of schema
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(dict.fromkeys(_type(each) for each in schema[union]))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(dict.fromkeys(_type({**schema, "type": each}) for each in kind))
    if kind == "string":
        return "Uint8Array" if schema.get("contentEncoding") == "base64" else "string"
    if kind == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(_type(each) for each in schema['prefixItems'])}]"
        return f"Array<{_type(schema.get('items', {}))}>"
    if kind == "object":
        return (
            f"Record<string, {_type(schema['additionalProperties'])}>"
            if isinstance(schema.get("additionalProperties"), dict)
            else "Record<string, unknown>"
        )
    return _PRIMITIVES.get(str(kind), "unknown")


if __name__ == "__main__":
    sys.exit(write_or_check(sys.argv[1:], FILE, lambda: build().encode(), "the table of endpoints"))
