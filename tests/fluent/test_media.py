"""Images and figures of a run: their names, their bytes, and the tag that tells of them."""

import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image as Pillow
from plotly import graph_objects

from headrace.base.errors import InvalidParameter
from headrace.client import Client
from headrace.fluent.artifact_reads import download_artifacts, list_artifacts, load_image, load_text
from headrace.fluent.media import Image, log_figure, log_image
from headrace.fluent.runs import get_run, start_run
from headrace.fluent.state import flush_all

mpl.use("Agg")

ARRAY = np.arange(300 * 200 * 3, dtype=np.uint8).reshape(300, 200, 3)
NAME = re.compile(r"images/a~b c\+step\+7\+timestamp\+1700000000000\+[0-9a-f-]{36}(\+compressed\.webp|\.png)")


@pytest.mark.parametrize(
    "image", [ARRAY, Pillow.fromarray(ARRAY), Image(ARRAY)], ids=["array", "pillow", "image"]
)
def test_an_image_can_be_logged_as_a_file(uri: str, image: Any) -> None:
    with start_run() as run:
        log_image(image, "dir/image.png")
        log_image(image, artifact_file="image.bmp")
    for name in ("dir/image.png", "image.bmp"):
        assert (np.asarray(load_image(f"runs:/{run.run_id}/{name}")) == ARRAY).all()
    assert "mlflow.loggedImages" not in get_run(run.run_id).data.tags


def test_an_image_of_a_series_is_two_files_and_a_tag(client: Client) -> None:
    with start_run() as run:
        log_image(ARRAY, key="a/b c", step=7, timestamp=1_700_000_000_000)
    assert flush_all(20)
    paths = [info.path for info in client.artifacts.list(run.run_id, "images")]
    assert len(paths) == 2
    assert all(NAME.fullmatch(path) for path in paths)
    small, whole = sorted(paths, key=lambda path: path.endswith(".png"))
    assert (np.asarray(load_image(f"runs:/{run.run_id}/{whole}")) == ARRAY).all()
    assert load_image(f"runs:/{run.run_id}/{small}").size == (170, 256)
    assert get_run(run.run_id).data.tags["mlflow.loggedImages"] == "True"


def test_a_series_begins_at_step_0_and_now(uri: str) -> None:
    with start_run() as run:
        log_image(ARRAY, key="k", synchronous=True)
    (first, _) = list_artifacts(run_id=run.run_id, artifact_path="images")
    found = re.match(r"images/k\+step\+0\+timestamp\+(\d+)\+", first.path)
    assert found
    assert run.info.start_time is not None
    assert int(found[1]) >= run.info.start_time


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, TypeError),
        ({"artifact_file": "a.png", "key": "k"}, TypeError),
        ({"artifact_file": "a.png", "step": 0}, TypeError),
        ({"artifact_file": "a.png", "timestamp": 1}, TypeError),
        ({"key": "a%b"}, ValueError),
        ({"key": "a+b"}, ValueError),
        ({"key": ""}, ValueError),
        ({"artifact_file": "../a.png"}, InvalidParameter),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    uri: str, arguments: dict[str, Any], error: type[Exception]
) -> None:
    with start_run() as run, pytest.raises(error):
        log_image(ARRAY, **arguments)
    assert list_artifacts(run_id=run.run_id) == []


def test_what_is_no_image_is_refused(uri: str) -> None:
    with start_run() as run:
        for bad in ("text", 5, [[1]], None):
            with pytest.raises(TypeError, match="Unsupported image"):
                log_image(bad, "x.png")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="range"):
            log_image(np.array([[300]]), "x.png")
    assert list_artifacts(run_id=run.run_id) == []


def test_a_figure_of_matplotlib_is_saved_as_its_name_says(uri: str) -> None:
    figure = Figure(figsize=(2, 1), dpi=50)
    figure.subplots().plot([1, 2, 1])
    with start_run() as run:
        log_figure(figure, "f/one.png", save_kwargs={"dpi": 100})
        log_figure(figure, "two.svg")
    assert load_image(f"runs:/{run.run_id}/f/one.png").size == (200, 100)
    assert "<svg" in load_text(f"runs:/{run.run_id}/two.svg")


def test_a_figure_of_plotly_becomes_a_page(uri: str) -> None:
    figure = graph_objects.Figure(graph_objects.Scatter(x=[0, 1], y=[2, 3]))
    with start_run() as run:
        log_figure(figure, "figure.html")
        with pytest.raises(TypeError, match="gif"):
            log_figure(figure, "figure.gif")
    page = load_text(f"runs:/{run.run_id}/figure.html")
    assert "cdn.plot.ly" in page
    assert [info.path for info in list_artifacts(run_id=run.run_id)] == ["figure.html"]


def test_other_figures_are_refused(uri: str) -> None:
    with start_run() as run, pytest.raises(TypeError, match="Unsupported figure"):
        log_figure("figure", "x.png")
    assert list_artifacts(run_id=run.run_id) == []


def test_a_run_that_is_not_active_can_be_given_images(uri: str) -> None:
    with start_run() as run:
        pass
    log_image(ARRAY, "x.png", run_id=run.run_id)
    log_figure(Figure(), "f.png", run_id=run.run_id)
    assert [info.path for info in list_artifacts(run_id=run.run_id)] == ["f.png", "x.png"]
    assert Path(download_artifacts(run_id=run.run_id, artifact_path="x.png")).exists()
