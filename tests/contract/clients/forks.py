"""Runs scripts of a client, each in a process of its own that has mlflow imported already: its import takes longer than most of them.

Runs inside a peer's interpreter: ``python forks.py MODULE...`` with what is to be imported besides. Reads jobs from standard input, a JSON object a line: `script`, `arguments`, `folder`, `output`; answers each with its exit status.
"""

import atexit
import importlib
import json
import os
import runpy
import sys
import traceback

import mlflow
import mlflow.tracking

__all__ = ["mlflow"]


def run(job: dict) -> None:
    """Be the script, to its end."""
    output = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(job["folder"])
    sys.argv = [job["script"], *job["arguments"]]
    status = 0
    try:
        runpy.run_path(job["script"], run_name="__main__")
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - the outermost frame of a process
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def main() -> None:
    for module in sys.argv[1:]:
        importlib.import_module(module)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            run(json.loads(line))
        _, state = os.waitpid(process, 0)
        print(os.WEXITSTATUS(state) if os.WIFEXITED(state) else -os.WTERMSIG(state), flush=True)


if __name__ == "__main__":
    main()
