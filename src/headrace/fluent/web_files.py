"""Files of the web, for datasets and artifacts that lie there. Sends no credentials.

The name that the other end gives a file is taken for a name, never for a path. Needs urllib3.
"""

import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import urllib3

from headrace.base.errors import InvalidParameter, NotFound, Unavailable

TIMEOUT_S = 60.0
"""Seconds without a byte after which a download is given up."""
RETRIES = 3
CHUNK_BYTES = 1 << 20
DEFAULT_NAME = "dataset_source"

_NAME = re.compile(r"filename=(.+?)(?:;|$)", re.IGNORECASE)
_GONE = frozenset({404, 410})
_OK = 200


def fetch_file(url: str, folder: Path) -> Path:
    """Download a file.

    Args:
        url: http or https.
        folder: where it is put, under the name that the other end gives it.

    Returns:
        Where it is.

    Raises:
        NotFound: it is not there.
        Unavailable: the other end does not answer, or refuses.
        InvalidParameter: the other end names it like a path.
    """
    shown = url.partition("?")[0]
    try:
        with urllib3.PoolManager(timeout=TIMEOUT_S, retries=RETRIES) as pool:
            answer = pool.request("GET", url, preload_content=False)
            if answer.status in _GONE:
                raise NotFound(f"There is no file at {shown} (HTTP {answer.status}).")
            if answer.status != _OK:
                raise Unavailable(
                    f"The file at {shown} could not be fetched: HTTP {answer.status} {answer.reason}."
                )
            target = folder / _read_name(url, answer.headers.get("Content-Disposition", ""))
            _write(target, answer.stream(CHUNK_BYTES))
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(f"The file at {shown} could not be fetched: {error}.") from None
    return target


def _write(target: Path, chunks: Iterable[bytes]) -> None:
    """Write a file, which appears when all of it is there."""
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as out:
            for chunk in chunks:
                out.write(chunk)
        part.replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            part.unlink()
        raise


def _read_name(url: str, disposition: str) -> str:
    """Return the name of a file: what the answer says, else the end of the address."""
    told = _NAME.search(disposition)
    name = told[1].strip().strip("'\"") if told else PurePosixPath(unquote(urlsplit(url).path)).name
    if name in {"", ".", ".."} and not told:
        return DEFAULT_NAME
    if name in {"", ".", ".."} or not {"/", "\\", "\0", ":"}.isdisjoint(name):
        raise InvalidParameter(
            f"The other end calls the file at {url.partition('?')[0]} {name[:100]!r}, which is a path and no name."
        )
    return name
