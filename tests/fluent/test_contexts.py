"""Which run is active: in threads, asyncio tasks, generators, and the cells of a notebook."""

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from headrace.base.errors import InvalidState
from headrace.client import Client
from headrace.fluent.logging import log_metric, log_param
from headrace.fluent.runs import active_run, end_run, get_run, last_active_run, start_run
from headrace.fluent.state import flush_all


def values(client: Client, run_id: str) -> list[float]:
    assert flush_all(20)
    return sorted(float(point.value) for point in client.metrics.history(run_id, "m"))


def in_thread(call: Any) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result(30)


def test_a_thread_has_runs_of_its_own(client: Client) -> None:
    def work() -> str:
        assert active_run() is None
        with start_run() as run:
            log_metric("m", 2.0)
        last = last_active_run()
        assert last is not None
        assert last.info.run_id == run.run_id
        return run.run_id

    with start_run() as outer:
        log_metric("m", 1.0)
        inner = in_thread(work)
        assert active_run() is outer
        log_metric("m", 3.0)
    assert values(client, outer.run_id) == [1.0, 3.0]
    assert values(client, inner) == [2.0]


def test_many_threads_log_to_runs_side_by_side(client: Client) -> None:
    begun = threading.Barrier(8)

    def work(number: int) -> str:
        with start_run(run_name=f"thread {number}") as run:
            begun.wait(30)
            for step in range(50):
                log_metric("m", float(number), step=step)
        return run.run_id

    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(work, range(8)))
    for number, run_id in enumerate(runs):
        assert values(client, run_id) == [float(number)] * 50


def test_many_threads_log_to_one_run(client: Client) -> None:
    with start_run() as run, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: [log_metric("m", float(n), run_id=run.run_id) for _ in range(100)], range(8)))
    assert values(client, run.run_id) == sorted(float(n) for n in range(8) for _ in range(100))


def test_end_run_in_a_thread_ends_no_run_of_another(uri: str) -> None:
    with start_run() as run:
        in_thread(end_run)
        assert active_run() is run


def test_a_thread_that_is_given_the_context_logs_to_the_run_and_may_start_its_own(client: Client) -> None:
    def work() -> str:
        log_metric("m", 2.0)
        end_run()  # no run of this thread
        log_metric("m", 3.0)
        with start_run() as own:
            log_metric("m", 4.0)
        with start_run(nested=True) as child:
            assert child.data.tags["mlflow.parentRunId"] == outer.run_id
        return own.run_id

    with start_run() as outer:
        context = contextvars.copy_context()
        own = in_thread(lambda: context.run(work))
        assert active_run() is outer
    assert values(client, outer.run_id) == [2.0, 3.0]
    assert values(client, own) == [4.0]


def test_tasks_have_runs_side_by_side(client: Client) -> None:
    async def work(number: int) -> str:
        with start_run() as run:
            for step in range(5):
                log_metric("m", float(number), step=step)
                await asyncio.sleep(0.001)
                assert active_run() is run
        return run.run_id

    async def main() -> list[str]:
        return await asyncio.gather(*(work(number) for number in range(6)))

    for number, run_id in enumerate(asyncio.run(main())):
        assert values(client, run_id) == [float(number)] * 5


def test_tasks_nest_in_the_run_in_which_they_were_made(client: Client) -> None:
    async def work(number: int) -> tuple[str, str]:
        with pytest.raises(InvalidState):
            start_run()
        with start_run(nested=True) as run:
            await asyncio.sleep(0.001)
            log_metric("m", float(number))
        log_metric("outer", float(number))
        return run.run_id, run.data.tags["mlflow.parentRunId"]

    async def main() -> tuple[str, list[tuple[str, str]]]:
        with start_run() as outer:
            children = await asyncio.gather(*(work(number) for number in range(4)))
            assert active_run() is outer
        return outer.run_id, list(children)

    outer, children = asyncio.run(main())
    assert {parent for _, parent in children} == {outer}
    assert len({child for child, _ in children}) == 4
    for number, (child, _) in enumerate(children):
        assert values(client, child) == [float(number)]
    assert len([*client.metrics.history(outer, "outer")]) == 4


def test_a_function_in_to_thread_logs_to_the_run_of_its_task(client: Client) -> None:
    async def main() -> str:
        with start_run() as run:
            await asyncio.to_thread(log_metric, "m", 1.0)
        return run.run_id

    assert values(client, asyncio.run(main())) == [1.0]


def test_a_cancelled_task_leaves_its_run_killed(client: Client) -> None:
    begun: list[str] = []

    async def work() -> None:
        with start_run() as run:
            begun.append(run.run_id)
            await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.ensure_future(work())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert get_run(begun[0]).info.status == "KILLED"


def test_a_cell_of_a_notebook_sees_the_run_of_an_earlier_cell(client: Client) -> None:
    """Notebooks run each cell as a task of its own, in a context of its own."""

    async def first() -> None:
        start_run()
        log_metric("m", 1.0)

    async def second() -> str:
        run = active_run()
        assert run is not None
        with pytest.raises(InvalidState):
            start_run()
        log_metric("m", 2.0)
        end_run()
        assert active_run() is None
        return run.run_id

    async def kernel() -> str:
        await asyncio.ensure_future(first())
        return await asyncio.ensure_future(second())

    run_id = asyncio.run(kernel())
    assert active_run() is None
    assert values(client, run_id) == [1.0, 2.0]


def test_a_run_that_a_loop_has_started_is_active_after_it(uri: str) -> None:
    async def main() -> Any:
        return start_run()

    run = asyncio.run(main())
    assert active_run() is run
    end_run()


def test_a_generator_ends_its_own_run_and_no_other(client: Client) -> None:
    def batches() -> Iterator[str]:
        with start_run() as run:
            for value in range(10):
                log_metric("m", float(value))
                yield run.run_id

    generator = batches()
    first = next(generator)
    with start_run(nested=True) as other:
        generator.close()
        assert active_run() is other
        log_metric("m", 99.0)
    assert active_run() is None
    assert get_run(first).info.status == "FINISHED"
    assert values(client, first) == [0.0]
    assert values(client, other.run_id) == [99.0]


def test_a_generator_that_runs_to_its_end_logs_all(client: Client) -> None:
    def batches() -> Iterator[str]:
        with start_run() as run:
            for value in range(10):
                log_metric("m", float(value))
                yield run.run_id

    (run_id,) = set(batches())
    assert values(client, run_id) == [float(value) for value in range(10)]


def test_a_run_may_be_ended_by_the_block_of_another_object_with_the_same_id(client: Client) -> None:
    """Tools end a run and start it again to restore their session; the block around them ends it in the end."""
    with start_run() as run:
        log_param("p", 1)
        end_run()
        start_run(run_id=run.run_id)
    assert active_run() is None
    assert get_run(run.run_id).info.status == "FINISHED"
