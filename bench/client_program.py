"""Runs in the environment of one library and measures one thing there: ``client_program.py ACTION LIBRARY FOLDER URI COUNT``.

log        so many calls in a loop, each timed, then the proper end
many       so many calls in a loop, not timed one by one, then the proper end; the peak of memory
kill       so many calls, then SIGKILL from its own hand
read       count what can be read back
train      training with and without logging, in turns: numpy, or torch (the library's key ends in :torch)
start      a run, one metric, and the end of the process

The last line of the output is JSON. The run's name is kept in the folder for `read`.
"""

import os
import resource
import signal
import sys
import time
from pathlib import Path

import client_libraries as libraries
from client_training import run_rounds

_KEPT = "run-name"


def main() -> None:
    """Do what the command line says."""
    action, library, folder_name, uri, count_text = sys.argv[1:6]
    library, _, kind = library.partition(":")
    folder, count = Path(folder_name), int(count_text)
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    libraries.prepare(folder)
    if action == "read":
        name = (folder / _KEPT).read_text("utf-8")
        libraries.write_answer({"found": libraries.count_points(library, folder, uri, name)})
        sys.stdout.flush()
        os._exit(0)  # a reader has nothing to end properly
    began = time.perf_counter()
    libraries.load(library)
    imported = time.perf_counter()
    logger = libraries.open_logger(library, folder, uri)
    opened = time.perf_counter()
    (folder / _KEPT).write_text(logger.name, "utf-8")
    answer: dict[str, object] = {"import_s": imported - began, "open_s": opened - imported}
    if action == "start":
        logger.log(0.5, 0)
        answer["first_log_at"] = time.time()
        libraries.write_answer(answer)
        return  # as a script ends that forgets to finish its run
    if action == "train":
        answer["rounds"] = run_rounds(kind, logger.log_many, count)
        logger.finish()
    elif action == "many":
        answer |= _log_many(logger, count)
    else:
        answer |= _log_timed(logger, count, kill=action == "kill")
    libraries.write_answer(answer)


def _log_timed(logger: libraries.Logger, count: int, *, kill: bool) -> dict[str, object]:
    clock, log = time.perf_counter_ns, logger.log
    taken = [0] * count
    start = clock()
    for number in range(count):
        before = clock()
        log(1.0 / (number + 1), number)
        taken[number] = clock() - before
    end = clock()
    if kill:
        os.kill(os.getpid(), signal.SIGKILL)
    logger.finish()
    finished = clock()
    taken.sort()

    def share(of: float) -> float:
        return taken[min(count - 1, int(count * of))] / 1000

    return {
        "p50_us": share(0.5),
        "p99_us": share(0.99),
        "p9999_us": share(0.9999),
        "longest_us": taken[-1] / 1000,
        "mean_us": sum(taken) / count / 1000,
        "finish_s": (finished - end) / 1e9,
        "all_us": (finished - start) / count / 1000,
    }


def _log_many(logger: libraries.Logger, count: int) -> dict[str, object]:
    """Equal values without a step: what a careless loop logs."""
    log = logger.log
    start = time.perf_counter()
    for _ in range(count):
        log(0.5, 0)
    logged = time.perf_counter()
    logger.finish()
    end = time.perf_counter()
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"loop_s": logged - start, "all_s": end - start, "peak_mib": peak_kib / 1024}


if __name__ == "__main__":
    main()
