"""Artifacts of a run: list, get-artifact with ranges, upload-artifact."""

from typing import Any

from wire.step import Scenario, Step, create_experiment, create_run, get, post, put

_PROXY = "/api/2.0/mlflow-artifacts/artifacts/{exp}/{run}/artifacts/"
_BINARY = {"Content-Type": "application/octet-stream"}
_SHOWN = ("content-type", "content-disposition", "content-length", "accept-ranges", "x-content-type-options")
_RANGED = ("content-range", "content-length", "accept-ranges", "content-type")
_DIGITS = b"0123456789abcdef"


def _put(path: str, content: bytes) -> Step:
    return put(f"upload {path}", _PROXY + path, content, headers=_BINARY)


def _file(name: str, path: str, **more: Any) -> Step:
    return get(name, "/get-artifact", {"run_uuid": "{run}", "path": path}, **more)


_SETUP = (
    create_experiment(),
    create_run(),
    _put("a.txt", b"hello\n"),
    _put("dir/b.json", b'{"a": 1}'),
    _put("dir/deep/c.bin", _DIGITS),
    _put("dir%20with%20blank/d.txt", b"blank"),
    _put("empty.txt", b""),
)

LIST = Scenario(
    name="artifacts_list",
    steps=(
        create_experiment("void", " void"),
        create_run("none", "{void}"),
        get("of a run without any", "artifacts/list", {"run_id": "{none}"}),
        *_SETUP,
        get("root", "artifacts/list", {"run_id": "{run}"}),
        get("by run_uuid", "artifacts/list", {"run_uuid": "{run}"}),
        get("empty path", "artifacts/list", {"run_id": "{run}", "path": ""}),
        get("folder", "artifacts/list", {"run_id": "{run}", "path": "dir"}),
        get("folder with slash", "artifacts/list", {"run_id": "{run}", "path": "dir/"}),
        get("deeper folder", "artifacts/list", {"run_id": "{run}", "path": "dir/deep"}),
        get("folder with blanks", "artifacts/list", {"run_id": "{run}", "path": "dir with blank"}),
        get("a file", "artifacts/list", {"run_id": "{run}", "path": "a.txt"}),
        get("what is not there", "artifacts/list", {"run_id": "{run}", "path": "none"}),
        get("above", "artifacts/list", {"run_id": "{run}", "path": ".."}, says=("..",)),
        get("far above", "artifacts/list", {"run_id": "{run}", "path": "dir/../../../x"}),
        get("encoded above", "artifacts/list", {"run_id": "{run}", "path": "%2e%2e/x"}),
        get("absolute", "artifacts/list", {"run_id": "{run}", "path": "/etc"}),
        get("file uri", "artifacts/list", {"run_id": "{run}", "path": "file:///etc"}),
        get("with page token", "artifacts/list", {"run_id": "{run}", "page_token": "x"}),
        get("unknown run", "artifacts/list", {"run_id": "0" * 32}, says=("0" * 32,)),
        get("without run", "artifacts/list"),
    ),
)

GET = Scenario(
    name="artifacts_get",
    steps=(
        *_SETUP,
        _put("e.html", b"<script>1</script>"),
        _put("f.svg", b"<svg/>"),
        _put("g.pdf", b"%PDF-"),
        _put("h.png", b"\x89PNG"),
        _put("i.csv", b"a,b\n"),
        _put("j.yaml", b"a: 1\n"),
        _put("MLmodel", b"a: 1\n"),
        _put("k.unknown", b"?"),
        _put("l.log", b"line\n"),
        _put("m.py", b"x = 1\n"),
        _put("n.md", b"# x\n"),
        _put("%C3%BC%20%E5%80%A4.txt", b"names"),
        _put("quote%22.txt", b"quote"),
        _file("text", "a.txt", keep=_SHOWN),
        _file("json", "dir/b.json", keep=_SHOWN),
        _file("binary", "dir/deep/c.bin", keep=_SHOWN),
        _file("blank", "dir with blank/d.txt", keep=_SHOWN),
        _file("empty", "empty.txt", keep=("content-type", "content-length")),
        _file("html", "e.html", keep=_SHOWN),
        _file("svg", "f.svg", keep=_SHOWN),
        _file("pdf", "g.pdf", keep=_SHOWN),
        _file("png", "h.png", keep=_SHOWN),
        _file("csv", "i.csv", keep=_SHOWN),
        _file("yaml", "j.yaml", keep=_SHOWN),
        _file("MLmodel file", "MLmodel", keep=_SHOWN),
        _file("unknown extension", "k.unknown", keep=_SHOWN),
        _file("log", "l.log", keep=_SHOWN),
        _file("python", "m.py", keep=_SHOWN),
        _file("markdown", "n.md", keep=_SHOWN),
        _file("any script", "ü 値.txt", keep=_SHOWN),
        _file("quote in the name", 'quote".txt', keep=_SHOWN),
        get("by run_id", "/get-artifact", {"run_id": "{run}", "path": "a.txt"}),
        _file("missing", "none.txt", says=("none.txt",)),
        _file("folder", "dir"),
        _file("empty path", ""),
        get("without path", "/get-artifact", {"run_uuid": "{run}"}),
        get("without run", "/get-artifact", {"path": "a.txt"}),
        get("unknown run", "/get-artifact", {"run_uuid": "0" * 32, "path": "a.txt"}),
        _file("above", "../../../x", says=("../../../x",)),
        _file("encoded above", "%2e%2e/%2e%2e/x"),
        _file("absolute", "/etc/passwd"),
    ),
)


def _range(name: str, value: str) -> Step:
    return _file(name, "dir/deep/c.bin", headers={"Range": value}, keep=_RANGED)


RANGES = Scenario(
    name="artifacts_get_ranges",
    steps=(
        *_SETUP,
        _range("first bytes", "bytes=0-3"),
        _range("middle", "bytes=4-7"),
        _range("to the end", "bytes=10-"),
        _range("the last bytes", "bytes=-2"),
        _range("one byte", "bytes=15-15"),
        _range("beyond the end", "bytes=10-99"),
        _range("after the end", "bytes=16-20"),
        _range("more than all", "bytes=-99"),
        _range("backwards", "bytes=5-2"),
        _range("no unit", "0-3"),
        _range("other unit", "lines=0-3"),
        _range("words", "bytes=a-b"),
    ),
)


_UPLOAD = "/ajax-api/2.0/mlflow/upload-artifact"


def _upload(name: str, path: str, raw: bytes = b"content", run: str = "{run}") -> Step:
    return Step(
        name=name,
        method="POST",
        path=_UPLOAD,
        query=(("run_uuid", run), ("path", path)),
        raw=raw,
        headers=_BINARY,
    )


UPLOAD = Scenario(
    name="artifacts_upload_of_the_ui",
    steps=(
        create_experiment(),
        create_run(),
        _upload("one", "x.txt"),
        _upload("deeper", "dir/y.txt"),
        _upload("over the first", "x.txt", b"other"),
        get("list", "artifacts/list", {"run_id": "{run}"}),
        _file("read", "x.txt"),
        _file("read deeper", "dir/y.txt"),
        _upload("empty", "z.txt", b""),
        _upload("above", "../x.txt"),
        _upload("absolute", "/etc/x.txt"),
        _upload("unknown run", "x.txt", run="0" * 32),
        _upload("too large", "large.bin", b"\0" * (10 * 1024 * 1024 + 1)),
        Step(
            name="without path",
            method="POST",
            path=_UPLOAD,
            query=(("run_uuid", "{run}"),),
            raw=b"x",
            headers=_BINARY,
        ),
        Step(
            name="without run", method="POST", path=_UPLOAD, query=(("path", "x"),), raw=b"x", headers=_BINARY
        ),
        get("list at the end", "artifacts/list", {"run_id": "{run}"}),
    ),
)

PRESIGNED = Scenario(
    name="artifacts_presigned",
    steps=(
        *_SETUP,
        post("upload", "artifacts/presigned-upload-url", {"run_id": "{run}", "path": "a.txt"}),
        post("download", "artifacts/presigned-download-url", {"run_id": "{run}", "path": "a.txt"}),
    ),
)

ALL = (LIST, GET, RANGES, UPLOAD, PRESIGNED)
