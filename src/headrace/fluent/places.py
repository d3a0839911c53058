"""Tracking URIs in full: what a relative path or a folder stands for, and what MLflow has left in a folder. Opens no database."""

from pathlib import Path

from headrace.base.errors import InvalidParameter
from headrace.base.uris import find_path, is_local

DATABASE = "headrace.db"
_SQLITE = "sqlite:///"
_OLD_DATA = ("mlflow.db", "mlruns")


def complete_uri(uri: str) -> str:
    """Return a tracking URI in full.

    Args:
        uri: as a user gives it. A folder (a path, or ``file:``) stands for the database ``headrace.db`` in it; a relative path counts from the working folder.
    """
    if is_local(uri):
        return _SQLITE + (find_path(uri).absolute() / DATABASE).as_posix()
    scheme, slashes, rest = uri.partition(":///")
    path, _, query = rest.partition("?")
    if (
        scheme.partition("+")[0] != "sqlite"
        or not slashes
        or path.startswith((":memory:", "file:"))
        or not path
    ):
        return uri
    return f"{scheme}:///{Path(path).absolute().as_posix()}" + (f"?{query}" if query else "")


def make_folder(uri: str) -> None:
    """Make the folder that a tracking URI names, if it names one.

    Raises:
        InvalidParameter: it cannot be made.
    """
    if is_local(uri):
        try:
            find_path(uri).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidParameter(
                f"The tracking URI {uri!r} names a folder, which cannot be made: {error}. Name another one, or a database: sqlite:///PATH."
            ) from None


def find_old_data(folder: Path) -> list[str]:
    """Return the names of what MLflow has left in a folder: its database, or its folder of runs."""
    return [name for name in _OLD_DATA if (folder / name).exists()]
