"""Files of the web: what comes is what was sent, and a name is a name."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from headrace.base.errors import InvalidParameter, NotFound, Unavailable
from headrace.fluent.web_files import fetch_file

CONTENT = b"x" * 3_000_000


class Handler(BaseHTTPRequestHandler):
    """Answers with what the path asks for."""

    def do_GET(self) -> None:
        names = {
            "/evil": 'attachment; filename="../../evil.txt"',
            "/absolute": "attachment; filename=/etc/evil",
            "/windows": "attachment; filename=..\\evil",
            "/dots": "attachment; filename=..",
            "/named": "attachment; filename=good.csv; size=3",
        }
        if self.path == "/gone":
            self.send_error(404)
            return
        if self.path == "/broken":
            self.send_error(418)
            return
        if self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[:1000])
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        if self.path in names:
            self.send_header("Content-Disposition", names[self.path])
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # whoever is told a bad name does not read on
            self.wfile.write(CONTENT)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/data/x.csv?a=b/c", "x.csv"),
        ("/named", "good.csv"),
        ("/", "dataset_source"),
        ("/a%20b.csv", "a b.csv"),
    ],
)
def test_a_file_has_the_name_that_it_is_given(site: str, tmp_path: Path, path: str, name: str) -> None:
    file = fetch_file(site + path, tmp_path)
    assert file == tmp_path / name
    assert file.read_bytes() == CONTENT


@pytest.mark.parametrize("path", ["/evil", "/absolute", "/windows", "/dots", "/a%2f..%2f..%2fevil%00"])
def test_a_path_is_no_name(site: str, tmp_path: Path, path: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    with pytest.raises(InvalidParameter, match="no name"):
        fetch_file(site + path, inner)
    assert list(tmp_path.rglob("*")) == [inner]


def test_what_is_not_there_is_not_found(site: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="404"):
        fetch_file(f"{site}/gone", tmp_path)


@pytest.mark.parametrize("path", ["/broken", "/short"])
def test_what_does_not_come_whole_is_told(site: str, tmp_path: Path, path: str) -> None:
    with pytest.raises(Unavailable):
        fetch_file(site + path, tmp_path)
    assert not list(tmp_path.iterdir())
