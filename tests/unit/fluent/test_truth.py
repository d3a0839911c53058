"""Which status a run ends with."""

import asyncio
import signal

import pytest

from headrace.base.errors import StopRequested
from headrace.fluent.truth import judge, judge_exit


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "FINISHED"),
        (GeneratorExit(), "FINISHED"),
        (ValueError(), "FAILED"),
        (MemoryError(), "FAILED"),
        (KeyboardInterrupt(), "KILLED"),
        (StopRequested(""), "KILLED"),
        (asyncio.CancelledError(), "KILLED"),
        (SystemExit(), "FINISHED"),
        (SystemExit(0), "FINISHED"),
        (SystemExit(1), "FAILED"),
        (SystemExit("text"), "FAILED"),
        (SystemExit(128 + signal.SIGTERM), "KILLED"),
    ],
)
def test_a_block_is_judged_by_what_it_was_left_by(error: BaseException | None, status: str) -> None:
    assert judge(error) == status


def test_an_exit_after_a_signal_is_a_kill_and_an_end_of_the_block_is_not() -> None:
    assert judge(SystemExit(0), signalled=True) == "KILLED"
    assert judge_exit(None, signalled=True) == "KILLED"
    assert judge(None, signalled=True) == "FINISHED"
    assert judge(ValueError(), signalled=True) == "FAILED"
