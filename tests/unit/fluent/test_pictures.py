"""Pixels: which arrays are images, and what becomes of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from headrace.base.errors import BadRequest, HeadraceWarning
from headrace.fluent.media import Image
from headrace.fluent.pictures import encode, make_picture, read_image, read_picture, shrink


@pytest.mark.parametrize(
    ("array", "mode", "pixels"),
    [
        (np.array([[0, 255]], dtype=np.uint8), "L", [[0, 255]]),
        (np.array([[0, 255]], dtype=np.int64), "L", [[0, 255]]),
        (np.array([[0.0, 0.5, 1.0]]), "L", [[0, 127, 255]]),
        (np.array([[True, False]]), "L", [[255, 0]]),
        (np.zeros((2, 2, 1), dtype=np.uint8), "L", [[0, 0], [0, 0]]),
        (np.full((1, 1, 3), 7, dtype=np.uint8), "RGB", [[[7, 7, 7]]]),
        (np.full((1, 1, 4), 7, dtype=np.uint8), "RGBA", [[[7, 7, 7, 7]]]),
    ],
)
def test_an_array_becomes_an_image(array: Any, mode: str, pixels: list[Any]) -> None:
    picture = make_picture(array)
    assert picture.mode == mode
    assert np.asarray(picture).tolist() == pixels


@pytest.mark.parametrize(
    "array",
    [
        np.array([[-1, 0]]),
        np.array([[0, 256]]),
        np.zeros(3),
        np.zeros((2, 2, 2)),
        np.zeros((2, 2, 5)),
        np.zeros((2, 2, 3, 1)),
    ],
    ids=str,
)
def test_what_is_no_image_is_refused(array: Any) -> None:
    with pytest.raises(ValueError, match=r"range|array|channel"):
        make_picture(array)


@pytest.mark.parametrize("given", [np.array([["a"]]), np.array([[1 + 2j]]), "text", None, 5])
def test_other_kinds_are_refused(given: Any) -> None:
    with pytest.raises(TypeError):
        read_picture(given)


@pytest.mark.parametrize(("array", "pixels"), [([[-1.0, 1.0]], [[0, 255]]), ([[2.0, 2.0]], [[0, 0]])])
def test_floats_out_of_range_are_scaled_with_a_warning(array: list[Any], pixels: list[Any]) -> None:
    with pytest.warns(HeadraceWarning, match="out of acceptable range"):
        picture = make_picture(np.array(array))
    assert np.asarray(picture).tolist() == pixels


@pytest.mark.parametrize(
    ("size", "small"),
    [((1000, 500), (256, 128)), ((500, 1000), (128, 256)), ((10, 10), (256, 256)), ((5000, 1), (256, 1))],
)
def test_the_small_copy_keeps_its_proportions(size: tuple[int, int], small: tuple[int, int]) -> None:
    assert shrink(Pillow.new("RGB", size)).size == small


def test_an_image_is_given_back_as_it_came(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    image = Image(array)
    assert (image.to_array() == array).all()
    assert image.size == (4, 2)
    assert image.to_list()[1] == (3, 4, 5)
    image.save(str(tmp_path / "x.png"))
    assert (Image(str(tmp_path / "x.png")).to_array() == array).all()
    assert Image([[0, 255]]).to_list() == [0, 255]
    assert image.resize((8, 8)).size == (8, 8)
    assert Image(image.to_pil()).to_pil() is image.to_pil()


@pytest.mark.parametrize("content", [b"", b"no image", encode(Pillow.new("L", (50, 50)), "PNG")[:60]])
def test_a_damaged_file_is_no_image(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(BadRequest, match="PIL Image"):
        read_image(tmp_path / "x.png")
