"""Programs that log what the pages show: `fill` a store, `hostile` with texts that try to be HTML, `live` a training that goes on until it is told to stop.

Run as a process of its own, as a user's script is: ``python training.py WHAT URL``. It prints what it has made as JSON.
"""

import contextlib
import json
import math
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import headrace as hr

MODELS = ("cnn", "mlp", "tree")
STEPS = 60
ATTACKS = (
    "<img src=x onerror=\"window.attacked='img'\">",
    "<script>window.attacked='script'</script>",
    '"><svg onload="window.attacked=\'svg\'">',
    "javascript:window.attacked='link'//",
    "{{constructor.constructor('window.attacked=1')()}}",
)
ATTACK = " ".join(ATTACKS)
NOTE = f"""# A heading
**bold** and `code`

[a link](javascript:window.attacked='note')
[a good link](https://example.org/)

![remote](https://example.org/pixel.png)

{ATTACK}
<iframe srcdoc="<script>parent.attacked='frame'</script>"></iframe>
"""
PAGE = """<!doctype html><title>report</title><h1>Report</h1><p id="said">quiet</p>
<script>
document.getElementById('said').textContent = 'scripts run';
try { parent.document.title = 'attacked'; parent.attacked = 'report'; } catch (error) { document.body.append('kept out'); }
fetch('/api/2.0/mlflow/experiments/get?experiment_id=0').then((answer) => answer.text()).then(() => document.body.append('read the API'), () => document.body.append('no API'));
</script>
"""


def fill(url: str) -> dict[str, Any]:
    """Log two dozen runs with everything that pages show."""
    hr.set_tracking_uri(url)
    hr.set_experiment("vision/shapes")
    chance = random.Random(1)
    ids: list[str] = []
    for at in range(24):
        model = MODELS[at % len(MODELS)]
        with hr.start_run(
            run_name=f"{model} {at:02}", tags={"team": "vision" if at % 2 else "speech"}
        ) as run:
            ids.append(run.info.run_id)
            lr = 10 ** chance.uniform(-4, -1)
            hr.log_params(
                {
                    "model": model,
                    "lr": round(lr, 6),
                    "seed": at // 3,
                    "batch_size": 32,
                    "notes": "the same in all",
                }
            )
            for step in range(STEPS):
                loss = math.exp(-step * (0.02 + lr)) + chance.gauss(0, 0.02)
                hr.log_metrics(
                    {
                        "loss": loss,
                        "val/accuracy": 1 - loss / 2,
                        "system/cpu_utilization_percentage": 40 + 10 * chance.random(),
                    },
                    step=step,
                )
            hr.log_metric("final/f1", chance.random())
            if at == 3:
                hr.log_metric("loss", math.nan, step=STEPS)
                hr.log_metric("strange", math.inf, step=0)
                hr.log_metric("strange", -math.inf, step=1)
            if at < 2:
                _log_files(at)
    with hr.start_run(run_name="sweep") as parent:
        for at in range(3):
            with hr.start_run(run_name=f"trial {at}", nested=True):
                hr.log_param("lr", 0.1 * (at + 1))
                hr.log_metric("loss", 0.5 - at / 10)
    with contextlib.suppress(MemoryError), hr.start_run(run_name="broken") as broken:
        hr.log_metric("loss", 9.0)
        _run_out_of_memory()
    hr.flush_async_logging()
    return {
        "experiment_id": hr.get_run(ids[0]).info.experiment_id,
        "runs": ids,
        "parent": parent.info.run_id,
        "broken": broken.info.run_id,
    }


def _run_out_of_memory() -> None:
    raise MemoryError("out of memory")


def _log_files(at: int) -> None:
    hr.log_text("# Model card\n\nA **small** network.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", "README.md")
    hr.log_dict({"layers": [64, 64], "optimizer": {"name": "adam"}}, "config/model.json")
    hr.log_text(
        "x,y,label\n" + "".join(f"{row},{row * row},point {row}\n" for row in range(200)), "data/points.csv"
    )
    hr.log_text("import math\nprint(math.pi)\n", "train.py")
    hr.log_text(PAGE, "report.html")
    hr.log_text("plain words\n", "notes.txt")
    hr.log_text("", "empty.txt")
    hr.set_tag("mlflow.note.content", f"Run number **{at}** of the series.")
    hr.log_table({"question": ["1 + 1", "2 + 2"], "answer": [2, 4 + at]}, "tables/answers.json")
    for step in (0, 10, 20):
        grid = np.indices((32, 32)).sum(axis=0) * (step + 1) % 255
        hr.log_image(grid.astype(np.uint8), key="prediction", step=step)


def hostile(url: str) -> dict[str, Any]:
    """Log texts that try to be HTML wherever a user may type."""
    hr.set_tracking_uri(url)
    experiment_id = hr.create_experiment(
        f"hostile/{ATTACK}", tags={"note": ATTACK, "mlflow.note.content": NOTE}
    )
    ids = []
    for at in range(2):
        with hr.start_run(experiment_id=experiment_id, run_name=f"{ATTACK} {at}") as run:
            ids.append(run.info.run_id)
            hr.log_params({"text": f"{ATTACK} {at}", "link": f"javascript:window.attacked='param{at}'"})
            hr.set_tags(
                {
                    "attack": ATTACK,
                    "mlflow.note.content": NOTE,
                    "mlflow.source.name": ATTACK,
                    "mlflow.user": ATTACK,
                }
            )
            for step in range(3):
                hr.log_metrics({"loss": step + at, "a/b.c d": 1.0}, step=step)
            with tempfile.TemporaryDirectory() as folder:
                for name, content in (
                    ("<img src=x onerror=attacked=1>.txt", ATTACK),
                    ("page.html", PAGE),
                    (
                        "picture.svg",
                        "<svg xmlns='http://www.w3.org/2000/svg'><script>parent.attacked='svg'</script><rect width='9' height='9'/></svg>",
                    ),
                    ("note.md", NOTE),
                    ("table.csv", f"a,b\n{ATTACK.replace(',', ' ')},=cmd()\n"),
                    ("data.json", json.dumps({ATTACK: [ATTACK]})),
                ):
                    Path(folder, name).write_text(content, "utf-8")
                hr.log_artifacts(folder)
    hr.flush_async_logging()
    return {"experiment_id": experiment_id, "runs": ids}


def live(url: str) -> None:
    """Train until standard input ends, a step each 0.2 s; say which run it is before the first."""
    hr.set_tracking_uri(url)
    hr.set_experiment("live")
    with hr.start_run(run_name="training now") as run:
        hr.log_param("lr", 0.1)
        hr.log_metric("loss", 1.0, step=0)
        hr.flush_async_logging()
        stored = hr.get_run(run.info.run_id)
        print(json.dumps({"experiment_id": stored.info.experiment_id, "runs": [run.info.run_id]}), flush=True)
        for step in range(1, 3000):
            hr.log_metric("loss", 1 / (step + 1), step=step)
            time.sleep(0.2)
            if hr.should_stop():
                return


def main(words: list[str]) -> None:
    """Do what the command line says."""
    what, url = words
    if what == "live":
        live(url)
    else:
        print(json.dumps({"fill": fill, "hostile": hostile}[what](url)))


if __name__ == "__main__":
    main(sys.argv[1:])
