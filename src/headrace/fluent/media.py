"""Images and figures of a run. What makes them is loaded when one is logged.

An image at a step is two files, named as MLflow's user interface expects them: the image itself, and a small one for overviews.
"""

import posixpath
import re
import sys
import uuid
from typing import TYPE_CHECKING, Any

from headrace.base.clock import now_ms
from headrace.base.plugins import load
from headrace.fluent.artifacts import make_file, open_log, read_file_path
from headrace.fluent.operations import wait_until_stored

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image as PillowImage

    from headrace.spool.runlog import RunLog

LOGGED_IMAGES = "mlflow.loggedImages"
PLOTLY_IMAGES = frozenset({".png", ".jpeg", ".webp", ".svg", ".pdf"})

_KEY = re.compile(r"[a-zA-Z0-9_\-./ ]+")


class Image:
    """An image: made of an array, a Pillow image, a list of rows or a file; logged with `log_image`, or as a value of `log_table`.

    Args:
        image: an array of two dimensions (grey) or three (1, 3 or 4 channels), integers from 0 to 255 or floats from 0 to 1; or the path of a file.

    Raises:
        NotImplementedByServer: Pillow is not installed.
        TypeError: it is of another kind.
        ValueError: its values or dimensions are none of an image.
    """

    def __init__(self, image: "np.ndarray[Any, Any] | PillowImage.Image | str | list[Any]") -> None:
        self.image: PillowImage.Image = _load_pictures("Image").make_image(image)
        self.size: tuple[int, int] = self.image.size

    def to_list(self) -> list[Any]:
        """Return the pixels, row by row."""
        pixels: list[Any] = _load_pictures("Image").list_pixels(self.image)
        return pixels

    def to_array(self) -> "np.ndarray[Any, Any]":
        """Return an array of the pixels."""
        array: np.ndarray[Any, Any] = _load_pictures("Image").make_array(self.image)
        return array

    def to_pil(self) -> "PillowImage.Image":
        """Return Pillow's image."""
        return self.image

    def save(self, path: str) -> None:
        """Write it into a file, of the kind that the name says."""
        self.image.save(path)

    def resize(self, size: tuple[int, int]) -> "Image":
        """Return a copy of another width and height."""
        return Image(self.image.resize(size))


def log_image(
    image: "np.ndarray[Any, Any] | PillowImage.Image | Image",
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = False,
    *,
    run_id: str | None = None,
) -> None:
    """Log an image: as one file, or as one of a series under a key.

    Args:
        image: an array as for `Image`, or an image.
        artifact_file: the path of the file in the run, whose ending says the kind. Either this or `key`.
        key: the name of the series: letters, digits, ``_``, ``-``, ``.``, ``/`` and blanks.
        step: in the series; 0 unless given.
        timestamp: in Unix milliseconds; now unless given.
        synchronous: wait until it is stored.
        run_id: the run; the active one, started if there is none, unless given.

    Raises:
        TypeError: the arguments contradict each other, or the image is of another kind.
        ValueError: the key has other characters, or the image's values are none.
        InvalidParameter: the path is not allowed.
        NotImplementedByServer: Pillow is not installed.
        SpoolFull: this machine's disk is full.
    """
    put_image(open_log(run_id), image, artifact_file, key, step, timestamp, synchronous=bool(synchronous))


def put_image(
    log: "RunLog",
    image: Any,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    *,
    synchronous: bool = False,
) -> None:
    """Log an image; see `log_image`."""
    if artifact_file is not None and (key, step, timestamp) != (None, None, None):
        raise TypeError(
            "The `artifact_file` parameter cannot be used in conjunction with `key`, `step`, or `timestamp` parameters. Give either a file's path, or a key."
        )
    if artifact_file is None and key is None:
        raise TypeError(
            "Invalid arguments: Please specify exactly one of `artifact_file` or `key`. Use `key` for a series of images, `artifact_file` for a single one."
        )
    pictures = _load_pictures("log_image")
    picture = image.to_pil() if isinstance(image, Image) else pictures.read_picture(image)
    if artifact_file is not None:
        with make_file(log, artifact_file) as file:
            picture.save(file)
    else:
        _put_step(log, picture, key or "", step or 0, timestamp or now_ms())
    if synchronous:
        wait_until_stored(log)


def shrink_image(image: Any) -> Any:
    """Return a small copy of a Pillow image or an `Image`."""
    return _load_pictures("A table with images").shrink(image)


def _put_step(log: "RunLog", picture: Any, key: str, step: int, timestamp: int) -> None:
    """Log an image of a series, a small one beside it, and the tag that says that there are images."""
    if not _KEY.fullmatch(key):
        raise ValueError(
            f"The `key` parameter may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), and slashes (/). It is {key!r}."
        )
    pictures = _load_pictures("log_image")
    name = f"images/{key.replace('/', '~')}+step+{step}+timestamp+{timestamp}+{uuid.uuid4()}"
    log.add_bytes(pictures.encode(picture, "PNG"), read_file_path(f"{name}.png"))
    log.add_bytes(
        pictures.encode(pictures.shrink(picture), "WEBP"), read_file_path(f"{name}+compressed.webp")
    )
    log.set_tags([(LOGGED_IMAGES, str(True))])


def log_figure(
    figure: Any,
    artifact_file: str,
    *,
    save_kwargs: dict[str, Any] | None = None,
    run_id: str | None = None,
) -> None:
    """Log a figure of matplotlib or plotly, as a file of the kind that its name says.

    Args:
        figure: a `matplotlib.figure.Figure` or a `plotly.graph_objects.Figure`.
        artifact_file: its path in the run. For plotly it ends in ``.html``, or in ``.png``, ``.jpeg``, ``.webp``, ``.svg`` or ``.pdf``.
        save_kwargs: passed on to the method that saves the figure.
        run_id: the run; the active one, started if there is none, unless given.

    Raises:
        TypeError: the figure, or the ending, is of another kind.
        InvalidParameter: the path is not allowed.
        SpoolFull: this machine's disk is full.
    """
    put_figure(open_log(run_id), figure, artifact_file, save_kwargs)


def put_figure(
    log: "RunLog", figure: Any, artifact_file: str, save_kwargs: dict[str, Any] | None = None
) -> None:
    """Log a figure; see `log_figure`."""
    options = dict(save_kwargs or {})
    with make_file(log, artifact_file) as file:
        if _is_of(figure, "matplotlib.figure", "Figure"):
            figure.savefig(file, **options)
        elif _is_of(figure, "plotly.graph_objects", "Figure"):
            _save_plotly(figure, str(file), options)
        else:
            raise TypeError(f"Unsupported figure object type: '{type(figure)}'")


def _save_plotly(figure: Any, path: str, options: dict[str, Any]) -> None:
    ending = posixpath.splitext(path)[1]
    if ending == ".html":
        figure.write_html(path, **{"include_plotlyjs": "cdn", "auto_open": False} | options)
    elif ending in PLOTLY_IMAGES:
        figure.write_image(path, **options)
    else:
        raise TypeError(
            f"Unsupported file extension for plotly figure: '{ending}'; use .html or {', '.join(sorted(PLOTLY_IMAGES))}."
        )


def _is_of(thing: Any, module: str, name: str) -> bool:
    """Tell whether something is of a class of a package; who has such a thing has loaded the package."""
    return module in sys.modules and isinstance(thing, getattr(sys.modules[module], name))


def _load_pictures(purpose: str) -> Any:
    return load("headrace.fluent.pictures", extra="images", purpose=purpose)
