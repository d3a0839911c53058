"""Pixels: from arrays to images and back, smaller copies, and their bytes. Needs Pillow and numpy."""

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from headrace.base.errors import BadRequest, HeadraceWarning

SMALL_PIXELS = 256
"""Width or height, whichever is larger, of the small copy."""
WHITE = 255

_KINDS = {"b": "bool", "i": "signed integer", "u": "unsigned integer", "f": "floating"}
_FLAT, _DEEP = 2, 3
_CHANNELS = frozenset({1, 3, 4})

Pixels = np.ndarray[Any, Any]


def make_image(given: Any) -> Image.Image:
    """Return an image of an array, a list of rows, an image, or a file's path.

    Raises:
        TypeError: it is of another kind.
        ValueError: its values or dimensions are none of an image.
    """
    if isinstance(given, str):
        return Image.open(given)
    if isinstance(given, list):
        return make_picture(np.array(given))
    return read_picture(given)


def read_picture(given: Any) -> Image.Image:
    """Return an image of an array, or the image itself.

    Raises:
        TypeError: it is of another kind.
        ValueError: its values or dimensions are none of an image.
    """
    if isinstance(given, np.ndarray):
        return make_picture(given)
    if isinstance(given, Image.Image):
        return given
    raise TypeError(
        f"Unsupported image object type: {type(given)}. `image` must be one of numpy.ndarray, PIL.Image.Image, and Image."
    )


def make_picture(pixels: Pixels) -> Image.Image:
    """Return an image of an array: height, width and perhaps channels; integers from 0 to 255, floats from 0 to 1, or truth values.

    Raises:
        TypeError: its elements are of another kind.
        ValueError: its dimensions are none of an image, or integers are out of range.
    """
    if pixels.dtype.kind not in _KINDS:
        raise TypeError(f"Invalid array data type: '{pixels.dtype}'. Must be one of {list(_KINDS.values())}")
    if pixels.ndim not in {_FLAT, _DEEP}:
        raise ValueError(f"`image` must be a 2D or 3D array but got image shape: {pixels.shape}")
    if pixels.ndim == _DEEP and pixels.shape[2] not in _CHANNELS:
        raise ValueError(f"Invalid channel length: {pixels.shape[2]}. Must be one of {sorted(_CHANNELS)}")
    if pixels.ndim == _DEEP and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    return Image.fromarray(_as_bytes(pixels))


def _as_bytes(pixels: Pixels) -> Pixels:
    """Return pixels as integers from 0 to 255."""
    low, high = pixels.min(), pixels.max()
    if pixels.dtype.kind in "iu":
        if low < 0 or high > WHITE:
            raise ValueError(
                f"Integer pixel values out of acceptable range [0, 255]. Found minimum value {low} and maximum value {high}."
            )
        return pixels.astype(np.uint8)
    if low < 0 or high > 1:
        warnings.warn(
            HeadraceWarning(
                f"Float pixel values out of acceptable range [0.0, 1.0]. Found minimum value {low} and maximum value {high}. They are scaled to that range."
            ),
            stacklevel=2,
        )
        pixels = (pixels - low) / ((high - low) or 1)
    return (pixels * WHITE).astype(np.uint8)


def shrink(picture: Any) -> Any:
    """Return a copy whose longer side is 256 pixels; of a small image a larger one, as MLflow makes it."""
    width, height = picture.size
    if width > height:
        return picture.resize((SMALL_PIXELS, max(int(height * (SMALL_PIXELS / width)), 1)))
    return picture.resize((max(int(width * (SMALL_PIXELS / height)), 1), SMALL_PIXELS))


def encode(picture: Image.Image, kind: str) -> bytes:
    """Return an image as the bytes of a file.

    Args:
        picture: the image.
        kind: Pillow's name of the format, such as PNG.
    """
    out = io.BytesIO()
    picture.save(out, format=kind)
    return out.getvalue()


def list_pixels(picture: Image.Image) -> list[Any]:
    """Return the pixels, row by row: numbers, or tuples of channels."""
    array = np.asarray(picture)
    if array.ndim == _FLAT:
        return list(array.reshape(-1).tolist())
    return [tuple(pixel) for pixel in array.reshape(-1, array.shape[2]).tolist()]


def make_array(picture: Image.Image) -> Pixels:
    """Return an array of the pixels."""
    return np.array(picture)


def read_image(file: Path) -> Image.Image:
    """Return the image that a file holds, read to its end.

    Raises:
        BadRequest: it is none.
    """
    try:
        picture = Image.open(file)
        picture.load()
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise BadRequest(f"Unable to form a PIL Image object from file content: {error}.") from None
    return picture
