"""What headrace's pages cost beside MLflow's, over the same data, in headless Chromium.

    .venv/bin/python bench/ui/pages.py            # about 10 minutes on a quiet machine
    .venv/bin/python bench/ui/pages.py --large    # 100,000 runs, 1,500 runs x 1,500 metrics as well; half an hour
    .venv/bin/python bench/ui/pages.py --only small,chart

Both servers are started on loopback with an SQLite store of their own. What takes hours through MLflow's API is filled past HTTP; what is about
headrace's pages alone, and 100,000 runs, is measured without MLflow.
"""

import argparse
import statistics
import sys
import tempfile
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser import Opened, View, open_browser, open_view
from fill_mlflow import fill_mlflow
from places import find_page

from databases import SqliteFiles
from fill import RunShape
from fill_store import fill_store
from headrace.api.ingest import MetricColumns, MetricSeries, RunBlock, StartRecord
from headrace.base.ids import new_run_id
from headrace.client import connect
from machine import describe_machine
from payload import START_MS, make_run, make_run_data
from report import write_table
from run import prepare, say
from servers import API, HEADRACE, MLFLOW, Server
from target import Target

_STEPS = 20
_BESIDE = {"small", "many", "wide"}  # what MLflow is measured with as well
_IDLE_S = 30.0


@dataclass
class Bench:
    """One run of the benchmark.

    Args:
        folder: where the servers are.
        chromium: the browser's program.
        mlflow: MLflow's program; None for headrace alone.
        repetitions: cold openings of each page.
    """

    folder: Path
    chromium: str
    mlflow: str | None
    repetitions: int
    rows: list[list[str]] = field(default_factory=list)
    servers: dict[str, Server] = field(default_factory=dict)

    def start(self) -> None:
        """Start the servers."""
        for product, given in ((HEADRACE, None), (MLFLOW, self.mlflow)):
            if product is HEADRACE or given:
                server = Server(
                    product, product.find_program(given), self.folder / product.key, SqliteFiles()
                )
                say(f"{product.title} starts in {server.start():.1f} s")
                self.servers[product.key] = server

    def stop(self) -> None:
        """Stop them."""
        for server in self.servers.values():
            server.stop()

    def open_all(self, key: str, path: str, wanted: dict[str, str]) -> list[Opened]:
        """Open a page of a server again and again, each time cold."""
        found = []
        with open_browser(self.chromium) as browser:
            for _ in range(self.repetitions):
                with open_view(browser) as view:
                    found.append(view.open(self._url(key, path), wanted))
                say(f"{key} {path}: {found[-1]}")
        return found

    def use(self, path: str, wanted: dict[str, str], act: Callable[[View], None]) -> None:
        """Open a page of headrace and do something to it."""
        with open_browser(self.chromium) as browser, open_view(browser) as view:
            view.open(self._url("headrace", path), wanted)
            act(view)

    def add(self, what: str, ours: str, theirs: str = "", ratio: str = "", aim: str = "") -> None:
        """Add a row to the report."""
        self.rows.append([what, ours, theirs, ratio, aim])
        say(" | ".join(self.rows[-1]))

    def _url(self, key: str, path: str) -> str:
        address = self.servers[key].address
        return f"http://{address.host}:{address.port}{path}"

    def connect(self) -> Any:
        """Return a client of headrace."""
        return connect(self._url("headrace", ""))


def _median(found: list[Opened], name: str) -> float | None:
    values = [each.seen_s[name] for each in found]
    return None if None in values else statistics.median(value for value in values if value is not None)


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.2f} s"


def _compare(bench: Bench, title: str, experiments: dict[str, str], aims: dict[str, str]) -> None:
    """Open the runs page of an experiment on each server and report times, bytes and requests."""
    found = {
        key: {
            mode: bench.open_all(key, *find_page(key, mode, experiments[key])) for mode in ("rows", "charts")
        }
        for key in experiments
    }
    for name in ("rows", "charts"):
        ours = _median(found["headrace"][name], name)
        theirs = _median(found["mlflow"][name], name) if "mlflow" in found else None
        ratio = f"{theirs / ours:.1f}x" if ours and theirs else ""
        shown = _seconds(theirs) if "mlflow" in found else ""
        bench.add(f"{title}: first {name[:-1]}", _seconds(ours), shown, ratio, aims.get(name, ""))
    ours_moved = found["headrace"]["rows"][0]
    moved = {key: found[key]["charts"][0] for key in found}
    theirs_bytes = f"{moved['mlflow'].bytes / 1e6:.2f} MB" if "mlflow" in moved else ""
    theirs_requests = str(moved["mlflow"].requests) if "mlflow" in moved else ""
    bench.add(
        f"{title}: bytes, rows and charts",
        f"{ours_moved.bytes / 1e6:.2f} MB",
        theirs_bytes,
        "",
        aims.get("bytes", ""),
    )
    bench.add(f"{title}: requests", str(ours_moved.requests), theirs_requests, "", aims.get("requests", ""))
    if "script" in aims:
        bench.add(
            "shell and runs page: JavaScript as sent",
            f"{ours_moved.script_bytes / 1e3:.0f} KB",
            f"{moved['mlflow'].script_bytes / 1e3:,.0f} KB" if "mlflow" in moved else "",
            "",
            aims["script"],
        )


def measure_small(bench: Bench) -> None:
    """300 runs x 26 metrics of 20 steps x 23 params, through the API of both."""
    experiments = {}
    for key, server in bench.servers.items():
        target = Target(server)
        with server.connect(quickack=True) as connection:
            experiments[key] = target.create_experiment(connection)
            for number in range(300):
                created = connection.call("POST", f"{API}/runs/create", make_run(number, experiments[key]))
                data = make_run_data(number, 26, 23, 3)
                data["metrics"] = [
                    {
                        **metric,
                        "step": step,
                        "timestamp": START_MS + step,
                        "value": metric["value"] / (step + 1),
                    }
                    for metric in data["metrics"]
                    for step in range(_STEPS)
                ]
                run_id = created["run"]["info"]["run_id"]
                connection.call("POST", f"{API}/runs/log-batch", {"run_id": run_id, **data})
                ended = {"run_id": run_id, "status": "FINISHED", "end_time": START_MS + number * 1000 + 900}
                connection.call("POST", f"{API}/runs/update", ended)
        say(f"{key}: 300 runs filled")
    aims = {"rows": "4x, under 1.2 s", "charts": "4x, under 1.2 s", "bytes": "under 0.6 MB", "requests": "12"}
    _compare(bench, "300 runs x 26 metrics x 23 params", experiments, aims | {"script": "under 220 KB"})

    def watch(view: View) -> None:
        idle = view.measure_idle(_IDLE_S)
        said = f"{idle['requests']:.0f} requests, {idle['bytes']:,.0f} bytes, {idle['changes']:.0f} changes"
        bench.add(
            f"{_IDLE_S:.0f} s with nothing new", said, "", "", "1 small request a tick, nothing redrawn"
        )

    bench.use(*find_page("headrace", "rows", experiments["headrace"]), watch)


def measure_many(bench: Bench, runs: int, aim: str, *, alone: bool = False) -> None:
    """Many runs x 40 columns."""
    shape = RunShape(20, 15, 5)
    experiments = _fill(bench, f"many-{runs}", runs, shape, alone=alone)
    _open_rows(bench, f"{runs:,} runs x 40 columns", experiments, aim)


def _fill(bench: Bench, name: str, runs: int, shape: RunShape, *, alone: bool) -> dict[str, str]:
    """Make an experiment on each server, or on headrace alone, and fill it past HTTP."""
    experiments = {}
    for key, server in bench.servers.items():
        if alone and key != "headrace":
            continue
        with server.connect() as connection:
            experiments[key] = _create(connection, name)
        server.stop()
        fill = fill_store if key == "headrace" else fill_mlflow
        say(f"{key}: filled in {fill(server.store_url, experiments[key], range(runs), shape).seconds} s")
        server.start()
    return experiments


def _create(connection: Any, name: str) -> str:
    return str(connection.call("POST", f"{API}/experiments/create", {"name": name})["experiment_id"])


def _find_rows(key: str, experiment: str) -> tuple[str, dict[str, str]]:
    """Find the page of an experiment whose metrics have one value each: there are no lines to wait for."""
    path, wanted = find_page(key, "rows", experiment)
    return path, {"rows": wanted["rows"]}


def _open_rows(bench: Bench, title: str, experiments: dict[str, str], aim: str) -> None:
    pages = {key: _find_rows(key, experiment) for key, experiment in experiments.items()}
    seen = {key: _median(bench.open_all(key, *page), "rows") for key, page in pages.items()}
    ours, theirs = seen["headrace"], seen.get("mlflow")
    ratio = f"{theirs / ours:.1f}x" if ours and theirs else ""
    bench.add(
        f"{title}: first rows", _seconds(ours), _seconds(theirs) if "mlflow" in seen else "", ratio, aim
    )

    def scroll(view: View) -> None:
        opening = view.read_longest_ms()

        def wheel(shown: Any) -> None:
            shown.mouse.move(400, 500)
            for _ in range(20):
                shown.mouse.wheel(0, 3000)
                shown.wait_for_timeout(50)

        longest = view.measure_longest_ms(wheel)
        bench.add(
            f"{title}: longest frame, opening / scrolling", f"{opening:.0f} / {longest:.0f} ms", "", "", ""
        )

    bench.use(*pages["headrace"], scroll)


def measure_chart(bench: Bench) -> None:
    """50 runs with 10,000 points of one metric."""
    with bench.connect() as client:
        experiment = client.experiments.create("lines")
        steps = array("q", range(10_000))
        for number in range(50):
            values = array("d", (1 / (1 + step / 300) + (number + step * 7919 % 97) / 500 for step in steps))
            times = array("q", (START_MS + step for step in steps))
            columns = MetricColumns(
                series=[MetricSeries(key="loss", count=len(steps))],
                time=times.tobytes(), step=steps.tobytes(), value=values.tobytes(),
            )  # fmt: skip
            start = StartRecord(
                experiment_id=experiment, run_name=f"line-{number}", start_time=START_MS + number
            )
            client.ingest.send(
                f"lines-{number}", 1, [RunBlock(run_id=new_run_id(), start=start, metrics=columns)]
            )
    path, wanted = find_page("headrace", "charts", experiment)
    shown = bench.open_all("headrace", path + "&show=50", wanted)
    bench.add(
        "50 lines x 10,000 points: page and chart, cold", _seconds(_median(shown, "charts")), "", "", ""
    )

    def paint(view: View) -> None:
        painted = []
        for smooth in (0.5, 0.6, 0.7):
            took = view.page.evaluate(
                """async (smooth) => {
                  const url = new URL(location.href); const start = performance.now();
                  const drawn = new Promise((done) => { const canvas = CanvasRenderingContext2D.prototype; const stroke = canvas.stroke;
                    let last; canvas.stroke = function (...args) { clearTimeout(last); last = setTimeout(() => { canvas.stroke = stroke; done(performance.now() - 60); }, 60);
                    return stroke.apply(this, args); }; });
                  url.searchParams.set('smooth', smooth); history.pushState(null, '', url); dispatchEvent(new PopStateEvent('popstate'));
                  return (await drawn) - start; }""",
                smooth,
            )
            painted.append(took)
        bench.add(
            "50 lines x 10,000 points: painted again, smoothed",
            f"{statistics.median(painted):.0f} ms",
            "",
            "",
            "under 500 ms",
        )
        hover = view.measure_hover_ms(wanted["charts"])
        bench.add("50 lines: a step of the mouse", f"{hover:.0f} ms of the processor", "", "", "under 50 ms")

    bench.use(path + "&show=50", wanted, paint)


def measure_keys(bench: Bench) -> None:
    """10 runs with 12,000 metrics."""
    with bench.connect() as client:
        experiment = client.experiments.create("keys")
        for number in range(10):
            start = StartRecord(
                experiment_id=experiment, run_name=f"wide-{number}", start_time=START_MS + number
            )
            count = 12_000
            columns = MetricColumns(
                series=[MetricSeries(key=f"layer{key // 40}/weight{key % 40}", count=1) for key in range(count)],
                time=array("q", [START_MS] * count).tobytes(), step=array("q", [0] * count).tobytes(),
                value=array("d", (number + key / count for key in range(count))).tobytes(),
            )  # fmt: skip
            client.ingest.send(
                f"keys-{number}", 1, [RunBlock(run_id=new_run_id(), start=start, metrics=columns)]
            )
    _open_rows(bench, "10 runs x 12,000 metrics", {"headrace": experiment}, "usable, no frame over 200 ms")


def measure_wide(bench: Bench) -> None:
    """1,500 runs x 1,500 metrics x 150 params."""
    experiments = _fill(bench, "wide", 1_500, RunShape(1_500, 150, 3), alone=False)
    _open_rows(bench, "1,500 runs x 1,500 metrics x 150 params", experiments, "usable, no frame over 200 ms")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--mlflow", help="MLflow's program; .env-bench-mlflow/bin/mlflow by default, - for none"
    )
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--large", action="store_true", help="what takes long to fill, too")
    parser.add_argument("--only", help="of small, many, chart, keys, wide, huge")
    options = parser.parse_args()
    prepare()
    cases: dict[str, Callable[[Bench], None]] = {
        "small": measure_small,
        "chart": measure_chart,
        "keys": measure_keys,
        "many": lambda bench: measure_many(bench, 10_000, "under 2 s"),
    }
    if options.large:
        cases |= {
            "wide": measure_wide,
            "huge": lambda bench: measure_many(bench, 100_000, "under 4 s", alone=True),
        }
    chosen = options.only.split(",") if options.only else list(cases)
    mlflow = None if options.mlflow == "-" else options.mlflow or str(MLFLOW.find_program(None))
    with tempfile.TemporaryDirectory(prefix="headrace-ui-") as name:
        bench = Bench(
            Path(name), options.chromium, mlflow if _BESIDE & set(chosen) else None, options.repetitions
        )
        try:
            bench.start()
            for case in chosen:
                cases[case](bench)
        finally:
            bench.stop()
        print("; ".join(f"{key}: {value}" for key, value in describe_machine(Path(name)).items()))
    print(write_table(["", "headrace", "MLflow 3.17.2", "ratio", "aim"], bench.rows))


if __name__ == "__main__":
    main()
