"""Jobs, launches and ranks, from what launchers put into the environment."""

import pytest

from headrace.fluent.attempts import MAX_NAME, job_run_id, read_attempt, read_rank


def name(environ: dict[str, str], rank: int = 0) -> str | None:
    attempt = read_attempt(rank, environ)
    return None if attempt is None else attempt.name


def test_a_job_has_one_run_id_at_one_place_in_one_experiment() -> None:
    first = job_run_id("http://a", "name x", "7")
    assert first == job_run_id("http://a", "name x", "7")
    assert len(first) == 32
    others = {
        job_run_id("http://b", "name x", "7"),
        job_run_id("http://a", "id x", "7"),
        job_run_id("http://a", "name x", "8"),
    }
    assert len(others | {first}) == 4


@pytest.mark.parametrize(
    ("environ", "rank"),
    [
        ({}, 0),
        ({"RANK": "3"}, 3),
        ({"SLURM_PROCID": "2"}, 2),
        ({"RANK": "x"}, 0),
        ({"RANK": "", "PMI_RANK": "5"}, 5),
    ],
)
def test_the_rank_is_what_a_launcher_says(environ: dict[str, str], rank: int) -> None:
    assert read_rank(environ) == rank


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HEADRACE_ATTEMPT": "third", "SLURM_JOB_ID": "1"}, "third"),
        ({"SLURM_JOB_ID": "1"}, "slurm 1 0 0"),
        ({"SLURM_JOB_ID": "1", "SLURM_STEP_ID": "4", "SLURM_RESTART_COUNT": "2"}, "slurm 1 4 2"),
        ({"TORCHELASTIC_RUN_ID": "abc", "TORCHELASTIC_RESTART_COUNT": "1"}, "torchrun abc 1"),
        (
            {"SLURM_JOB_ID": "1", "TORCHELASTIC_RUN_ID": "abc", "TORCHELASTIC_RESTART_COUNT": "1"},
            "slurm 1 0 0, torchrun abc 1",
        ),
        ({"AWS_BATCH_JOB_ID": "b", "AWS_BATCH_JOB_ATTEMPT": "2"}, "batch b 2"),
        ({"FLYTE_ATTEMPT_NUMBER": "1"}, "flyte 1"),
        ({"PMIX_NAMESPACE": "prterun@1"}, "pmix prterun@1"),
    ],
)
def test_a_launch_is_named_by_its_launchers(environ: dict[str, str], expected: str) -> None:
    assert name(environ) == expected
    assert name(environ, rank=3) == expected


def test_a_process_on_its_own_makes_up_a_name_and_other_ranks_join() -> None:
    assert (name({}) or "").startswith("process ")
    assert name({}, rank=1) is None


def test_ranks_of_one_machine_share_the_name_of_their_agent() -> None:
    environ = {
        "TORCHELASTIC_RUN_ID": "none",
        "TORCHELASTIC_RESTART_COUNT": "1",
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
    }
    assert (name(environ) or "").startswith("torchrun ")
    assert name(environ) == name(environ, rank=1)


def test_ranks_of_several_machines_without_a_name_in_common_join_the_first() -> None:
    environ = {
        "TORCHELASTIC_RUN_ID": "none",
        "TORCHELASTIC_RESTART_COUNT": "1",
        "WORLD_SIZE": "4",
        "LOCAL_WORLD_SIZE": "2",
    }
    assert (name(environ) or "").startswith("process ")
    assert name(environ, rank=1) is None


def test_a_pod_on_its_own_is_a_launch() -> None:
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "train-0-xyz"}
    assert (name(environ) or "").startswith("pod train-0-xyz ")
    assert (name(environ | {"WORLD_SIZE": "2"}) or "").startswith("process ")


def test_a_name_is_never_longer_than_the_server_takes() -> None:
    assert len(name({"HEADRACE_ATTEMPT": "x" * 1000}) or "") == MAX_NAME
