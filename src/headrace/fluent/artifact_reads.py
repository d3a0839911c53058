"""Reading artifacts: listing, downloading, and loading what is text, JSON or an image.

What this process has logged just before is waited for. A file that lies on this machine already is not copied unless a place for it is named.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from headrace.base.errors import BadRequest, InvalidParameter
from headrace.base.plugins import load
from headrace.client.client import Client
from headrace.client.entities import FileInfo
from headrace.fluent import state
from headrace.fluent.artifact_trees import ClientOf, Spot, fetch_spot, list_spot, open_run, open_uri
from headrace.fluent.places import complete_uri

if TYPE_CHECKING:
    from PIL import Image

T = TypeVar("T")


def download_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    dst_path: str | None = None,
    tracking_uri: str | None = None,
    registry_uri: str | None = None,  # noqa: ARG001 - MLflow's; registered models are not read yet
) -> str:
    """Bring a file or folder to this machine.

    Args:
        artifact_uri: ``runs:/ID/PATH``, ``models:/m-ID/PATH``, ``mlflow-artifacts:/PATH``, an address of the web, or a path of this machine. Either this or the run.
        run_id: the run.
        artifact_path: in the run; everything unless given.
        dst_path: the folder that it is put into, made if need be; a new one unless given.
        tracking_uri: of the server that knows the run; the current one unless given.
        registry_uri: no effect yet.

    Returns:
        Where it is on this machine.

    Raises:
        NotFound: there is no such run, file or folder.
        DataLoss: a file came otherwise than it was stored.
        InvalidParameter: the arguments contradict each other.
    """
    spot = _find_spot(artifact_uri, run_id, artifact_path, tracking_uri)
    return str(fetch_spot(spot, None if dst_path is None else Path(dst_path)))


def list_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    tracking_uri: str | None = None,
) -> list[FileInfo]:
    """Return what is directly in a folder, sorted; nothing for a file, or where nothing is.

    Args:
        artifact_uri: as for `download_artifacts`. Either this or the run.
        run_id: the run.
        artifact_path: in the run; its root unless given.
        tracking_uri: of the server that knows the run; the current one unless given.

    Raises:
        NotFound: there is no such run.
        InvalidParameter: the arguments contradict each other.
    """
    spot = _find_spot(artifact_uri, run_id, artifact_path, tracking_uri)
    return [FileInfo.from_wire(info) for info in list_spot(spot)]


def load_text(artifact_uri: str) -> str:
    """Return the text of a file, which is UTF-8.

    Args:
        artifact_uri: as for `download_artifacts`.

    Raises:
        NotFound: there is no such file.
        BadRequest: it is no text.
    """

    def read(file: Path) -> str:
        try:
            return file.read_text("utf-8")
        except UnicodeDecodeError:
            raise BadRequest(
                f"Artifact {artifact_uri!r} is not valid UTF-8. Download it with download_artifacts and open it with the right encoding."
            ) from None

    return _load(artifact_uri, read)


def load_dict(artifact_uri: str) -> Any:
    """Return what a JSON file holds.

    Args:
        artifact_uri: as for `download_artifacts`.

    Raises:
        NotFound: there is no such file.
        BadRequest: it is no JSON.
    """
    text = load_text(artifact_uri)
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadRequest(
            f"Unable to form a JSON object from file content: {artifact_uri!r} is no JSON ({error})."
        ) from None


def load_image(artifact_uri: str) -> "Image.Image":
    """Return an image, as Pillow's.

    Args:
        artifact_uri: as for `download_artifacts`.

    Raises:
        NotFound: there is no such file.
        BadRequest: it is no image.
        NotImplementedByServer: Pillow is not installed.
    """
    pictures = load("headrace.fluent.pictures", extra="images", purpose="load_image")
    read_image: Callable[[Path], Image.Image] = pictures.read_image
    return _load(artifact_uri, read_image)


def _find_spot(
    artifact_uri: str | None, run_id: str | None, artifact_path: str | None, tracking_uri: str | None
) -> Spot:
    if (run_id, artifact_uri).count(None) != 1:
        raise InvalidParameter("Exactly one of `run_id` or `artifact_uri` must be specified")
    if artifact_uri is not None and artifact_path is not None:
        raise InvalidParameter("`artifact_path` cannot be specified if `artifact_uri` is specified")
    client_of = _client_of(tracking_uri)
    if run_id is not None:
        return open_run(client_of(None), run_id, artifact_path or "")
    return open_uri(client_of, str(artifact_uri))


def _client_of(tracking_uri: str | None) -> ClientOf:
    """Return what finds clients: for None that of the tracking URI, after all that this process has logged there is stored."""

    def find(uri: str | None) -> Client:
        if uri is not None:
            return state.get_client(uri)
        place = state.get_tracking_uri() if tracking_uri is None else complete_uri(tracking_uri)
        state.flush_reads(uri=place)
        return state.get_client(place)

    return find


def _load(artifact_uri: str, read: Callable[[Path], T]) -> T:
    with tempfile.TemporaryDirectory() as folder:
        return read(Path(download_artifacts(artifact_uri, dst_path=folder)))
