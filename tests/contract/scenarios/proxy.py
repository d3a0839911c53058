"""The mlflow-artifacts proxy: put, list, get with ranges, delete, multipart."""

from typing import Any

from wire.step import Scenario, Step, delete, get, post, put

_ROOT = "/api/2.0/mlflow-artifacts/artifacts"
_MINE = _ROOT + "/{unique}"
_BINARY = {"Content-Type": "application/octet-stream"}
_SHOWN = ("content-type", "content-disposition", "content-length", "accept-ranges", "x-content-type-options")
_RANGED = ("content-range", "content-length", "accept-ranges", "content-type")


def _put(path: str, content: bytes = b"x", **more: Any) -> Step:
    return put(f"put {path}", f"{_MINE}/{path}", content, headers=_BINARY, **more)


def _list(name: str, path: str, **more: Any) -> Step:
    return get(name, _ROOT, {"path": path}, **more)


FILES = Scenario(
    name="proxy_files",
    steps=(
        _put("a.txt", b"hello\n"),
        _put("dir/b.json", b"{}"),
        _put("dir/deep/c.bin", bytes(range(256))),
        _put("empty", b""),
        put("put over", f"{_MINE}/a.txt", b"hello again\n", headers=_BINARY),
        put("put without type", f"{_MINE}/untyped", b"x", headers={"Content-Type": ""}),
        put("put as text", f"{_MINE}/typed.txt", b"x", headers={"Content-Type": "text/plain"}),
        put("put as json", f"{_MINE}/typed.json", b"no json", headers={"Content-Type": "application/json"}),
        _list("list", "{unique}"),
        _list("list a folder", "{unique}/dir"),
        _list("list a file", "{unique}/a.txt"),
        _list("list what is not there", "{unique}/none"),
        _list("list with slash", "{unique}/"),
        get("get", f"{_MINE}/a.txt", keep=_SHOWN),
        get("get json", f"{_MINE}/dir/b.json", keep=_SHOWN),
        get("get bytes", f"{_MINE}/dir/deep/c.bin", keep=_SHOWN),
        get("get empty", f"{_MINE}/empty", keep=("content-length",)),
        get("get missing", f"{_MINE}/none", says=("none",)),
        get("get a folder", f"{_MINE}/dir"),
        put("put onto a folder", f"{_MINE}/dir", b"x", headers=_BINARY),
        put("put below a file", f"{_MINE}/a.txt/b", b"x", headers=_BINARY),
        put("put with a trailing slash", f"{_MINE}/slash/", b"x", headers=_BINARY),
        delete("delete a file", f"{_MINE}/a.txt"),
        get("it is gone", f"{_MINE}/a.txt"),
        delete("delete again", f"{_MINE}/a.txt"),
        delete("delete a folder", f"{_MINE}/dir"),
        _list("list at the end", "{unique}"),
    ),
)


def _range(name: str, value: str) -> Step:
    return get(name, f"{_MINE}/ten", headers={"Range": value}, keep=_RANGED)


RANGES = Scenario(
    name="proxy_ranges",
    steps=(
        _put("ten", b"0123456789"),
        _range("first bytes", "bytes=0-3"),
        _range("to the end", "bytes=7-"),
        _range("the last bytes", "bytes=-2"),
        _range("beyond the end", "bytes=8-99"),
        _range("after the end", "bytes=10-20"),
        _range("other unit", "lines=0-3"),
    ),
)

_BAD_PATHS = {
    "dots": "../x",
    "dots inside": "a/../../x",
    "encoded dots": "%2e%2e/x",
    "encoded slash": "..%2fx",
    "twice encoded": "%252e%252e%252fx",
    "encoded backslash": "..%5cx",
    "absolute": "/etc/passwd",
    "encoded absolute": "%2Fetc%2Fpasswd",
    "drive": "C:%5Cx",
    "file uri": "file:%2F%2F%2Fetc%2Fpasswd",
}

PATHS = Scenario(
    name="proxy_paths",
    steps=(
        *(get(f"get {name}", f"{_ROOT}/{path}") for name, path in _BAD_PATHS.items()),
        *(put(f"put {name}", f"{_ROOT}/{path}", b"x", headers=_BINARY) for name, path in _BAD_PATHS.items()),
        *(delete(f"delete {name}", f"{_ROOT}/{path}") for name, path in _BAD_PATHS.items()),
        _list("list dots", ".."),
        _list("list dots inside", "a/../../b"),
        _list("list encoded dots", "%2e%2e/x"),
        _list("list absolute", "/etc"),
        _list("list file uri", "file:///etc"),
        _list("list backslash", "..\\x"),
    ),
)

MULTIPART = Scenario(
    name="proxy_multipart",
    steps=(
        post("create", "/api/2.0/mlflow-artifacts/mpu/create/{unique}", {"path": "a.bin", "num_parts": 2}),
        post(
            "complete",
            "/api/2.0/mlflow-artifacts/mpu/complete/{unique}",
            {"path": "a.bin", "upload_id": "x", "parts": []},
        ),
        post("abort", "/api/2.0/mlflow-artifacts/mpu/abort/{unique}", {"path": "a.bin", "upload_id": "x"}),
        _put("a.bin"),
        get("presigned", "/api/2.0/mlflow-artifacts/presigned/{unique}/a.bin"),
    ),
)

ALL = (FILES, RANGES, PATHS, MULTIPART)
