"""Logs files, figures, images and tables with a library of the caller's choice: ``log_files.py mlflow|headrace REPORT``. Reports are compared by test_data.py.

The report has every file of the run by its name, with its bytes, and the run's tags. What is new in each run (ids, times) is replaced by a word.
"""

import importlib
import io
import json
import logging
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image as Pillow
from plotly import graph_objects

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ARRAY = np.arange(60 * 40 * 3, dtype=np.uint8).reshape(60, 40, 3)


def log_values(library: Any) -> None:
    """Log texts, dictionaries and streams."""
    library.log_text("hé\nllo\n", "texts/a.txt")
    library.log_text("x", "./b.txt")
    library.log_text("y", "texts/../c.txt")
    given = {"b": 1, "a": [1, 2, {"x": None}], "ü": 2.5, "t": (1, 2), "n": np.float64(0.1), "p": Path("x")}
    for name in ("d.json", "d.txt", "d", "deep/er/d.JSON", "d.YAML"):
        library.log_dict(given, name)
    plain = {
        "b": 1,
        "a": [1, 2, {"x": None}],
        "ü": "ä: b",
        "long": "word " * 40,
        "t": (1, 2),
        "empty": {},
        "yes": "yes",
        "n": 1e20,
    }
    for name in ("d.yaml", "deep/d.yml"):
        library.log_dict(plain, name)
    library.log_dict([1, "two"], "list.json")
    library.log_stream(io.BytesIO(bytes(range(256)) * 100), "streams/s.bin")


def log_paths(library: Any) -> None:
    """Log files and folders."""
    for name in ("f.txt", "sub/g.txt", "sub/deep/h i.txt"):
        file = Path("results", name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, "utf-8")
    library.log_artifact("results/f.txt")
    library.log_artifact("results/f.txt", "one/two")
    library.log_artifact("results", "whole")
    library.log_artifact("results/")
    library.log_artifacts("results", "content")
    library.log_artifacts("results/sub")


def log_pictures(library: Any) -> None:
    """Log images and figures."""
    images = {
        "rgb": ARRAY,
        "grey": ARRAY[:, :, 0],
        "channel": ARRAY[:, :, :1],
        "alpha": np.dstack([ARRAY, ARRAY[:, :, :1]]),
        "float": ARRAY / 255,
        "beyond": ARRAY / 100,
        "bool": ARRAY[:, :, 0] > 9,
        "int": ARRAY.astype(np.int64),
        "pillow": Pillow.fromarray(ARRAY),
        "object": library.Image(ARRAY),
        "rows": library.Image([[0, 255], [1, 2]]),
    }
    for name, image in images.items():
        library.log_image(image, f"pictures/{name}.png")
        library.log_image(image, key=f"keys/{name} x", step=3, timestamp=1_700_000_000_000)
    library.log_image(ARRAY, "pictures/p.jpg")
    library.log_image(ARRAY, key="plain", timestamp=5)
    figure = Figure(figsize=(2, 1), dpi=40)
    figure.subplots().plot([1, 2, 1])
    library.log_figure(figure, "figures/f.png")
    library.log_figure(figure, "figures/f.jpg", save_kwargs={"dpi": 80})
    library.log_figure(
        graph_objects.Figure(graph_objects.Scatter(x=[0, 1], y=[2, 3])),
        "figures/p.html",
        save_kwargs={"div_id": "d"},
    )


def log_tables(library: Any) -> None:
    """Log tables."""
    library.log_table({"q": ["a", "ü"], "n": [1, 2], "f": [0.1, None]}, "t.json")
    library.log_table(pd.DataFrame({"q": ["c"], "n": [3], "new": [True]}), "t.json")
    library.log_table({"q": "d", "n": 4}, "t.json")
    library.log_table(
        pd.DataFrame({"t": pd.to_datetime(["2026-01-02T03:04:05Z"]), "l": [[1, 2]], "o": [{"a": 1}]}),
        "tables/u.json",
    )
    library.log_table({"q": ["a"], "n": [1]}, "tables/v.parquet")
    library.log_table({"q": ["b"], "n": [2]}, "tables/v.parquet")
    image = library.Image(ARRAY)
    library.log_table({"image": [image, image], "n": [1, 2]}, "tables/w.json")


def read_files(library: Any, run_id: str, path: str | None = None) -> dict[str, Any]:
    """Return the files of a run below a folder: text as it is, other bytes in hexadecimal, Parquet as rows."""
    found: dict[str, Any] = {}
    for info in library.MlflowClient().list_artifacts(run_id, path):
        if info.is_dir:
            found |= read_files(library, run_id, info.path)
            continue
        file = Path(library.artifacts.download_artifacts(run_id=run_id, artifact_path=info.path))
        content = file.read_bytes()
        if info.path.endswith(".parquet"):
            shown: Any = pd.read_parquet(file).to_dict("split")
        else:
            shown = UUID.sub("UUID", content.decode()) if content.isascii() else content.hex()
        found.setdefault(UUID.sub("UUID", info.path), []).append([info.file_size == len(content), shown])
    return found


def main() -> None:
    name, report = sys.argv[1:]
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    mpl.use("Agg")
    library = importlib.import_module(name)
    library.set_tracking_uri(f"sqlite:///{name}.db")
    with library.start_run() as run:
        for log in (log_values, log_paths, log_pictures, log_tables):
            log(library)
    library.flush_artifact_async_logging()
    told: dict[str, Any] = {"files": read_files(library, run.info.run_id)}
    tags = library.get_run(run.info.run_id).data.tags
    told["tags"] = {key: tags[key] for key in ("mlflow.loggedArtifacts", "mlflow.loggedImages")}
    tables = [
        library.load_table(table, run_ids=[run.info.run_id])
        for table in ("t.json", "tables/u.json", "tables/v.parquet")
    ]
    told["tables"] = [
        [table.to_json(orient="split"), [str(kind) for kind in table.dtypes]] for table in tables
    ]
    Path(report).write_text(json.dumps(told, indent=1), "utf-8")


if __name__ == "__main__":
    main()
