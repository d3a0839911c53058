"""Where a database is, as people write it: the URLs of SQLAlchemy, which are MLflow's as well.

A file's address is understood here. Those of servers are left to SQLAlchemy, which takes as long to load as all the rest of a store on a file.
"""

import re
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, unquote

from msgspec import Struct
from msgspec.structs import replace

from headrace.base import plugins
from headrace.base.errors import InvalidParameter

_FILE = re.compile(r"sqlite(?:\+pysqlite)?://(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?", re.DOTALL)
_IGNORED = {"cached_statements", "check_same_thread", "detect_types", "isolation_level", "timeout"}
"""Options of Python's driver that URLs for MLflow have; headrace sets them as its store needs them."""
_IN_MEMORY = ("", ":memory:")
_PASSWORD = re.compile(r"(?<=:)[^:@/]+(?=@)")


class Address(Struct, frozen=True):
    """Where a database is.

    Args:
        backend: ``sqlite``, or the name of a server as in URLs.
        text: the URL, with its password.
        shown: the same without the password.
        path: the file; None with a server.
    """

    backend: str
    text: str
    shown: str
    path: Path | None = None

    def resolved(self) -> Self:
        """Return the address as seen from any working folder."""
        if self.path is None:
            return self
        path = self.path.absolute()
        url = _write(path.as_posix())
        return replace(self, text=url, shown=url, path=path)


def parse_address(text: str) -> Address:
    """Return where a database is.

    Raises:
        InvalidParameter: the text is no URL of a database that is supported, or names a folder that is not there, or a database in memory.
        NotImplementedByServer: the database's driver is not installed.
    """
    if text.startswith(("sqlite:", "sqlite+")):
        return _parse_file(text)
    parse = plugins.load_attribute("headrace.store.server_address:parse_server")
    address: Address = parse(text)
    return address


def _parse_file(text: str) -> Address:
    found = _FILE.fullmatch(text)
    if found is None:
        raise refuse(text)
    database = unquote(found["database"] or "")
    if database in _IN_MEMORY or database.startswith("file:"):
        raise InvalidParameter(
            f"The store {text!r} names no file. An in-memory database would lose every run at exit: "
            "use sqlite:///headrace.db, or a path of your choice."
        )
    unknown = sorted({name for name, _ in parse_qsl(found["query"] or "", keep_blank_values=True)} - _IGNORED)
    if unknown:
        raise InvalidParameter(
            f"The store {text!r} has options that headrace does not know: {', '.join(unknown)}. Write the path alone, as in {_write(database)}"
        )
    path = Path(database)
    if not path.absolute().parent.is_dir():
        raise InvalidParameter(
            f"The folder {str(path.absolute().parent)!r} of the store {text!r} does not exist; create it first."
        )
    url = _write(database)
    return Address("sqlite", url, url, path)


def _write(path: str) -> str:
    return "sqlite:///" + path.replace("%", "%25").replace("?", "%3F")


def refuse(text: str) -> InvalidParameter:
    """Return the error for a text that is no URL; it does not show a password."""
    return InvalidParameter(
        f"{_PASSWORD.sub('***', text)!r} is no database URL. A path is written as sqlite:///headrace.db (three slashes: relative, "
        "four: absolute), a server as postgresql://USER:PASSWORD@HOST/DATABASE or mysql://USER:PASSWORD@HOST/DATABASE."
    )
