"""The machine, its containers and its variables."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from headrace.fluent.provenance.host import describe_platform, find_container, read_host, read_variables

ID = "0123456789abcdef" * 4


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_this_machine_is_told_as_others_tell_it() -> None:
    told = read_host()
    assert told["name"] == platform.node()
    assert told["processors"] == psutil.cpu_count()
    assert told["processors_usable"] == len(os.sched_getaffinity(0))
    assert told["memory_bytes"] == pytest.approx(psutil.virtual_memory().total, rel=0.05)
    assert told["user"]


def test_nothing_is_told_that_cannot_be_found_out(tmp_path: Path) -> None:
    told = read_host(root=tmp_path)
    assert not {"container", "limits", "processor", "distribution"} & set(told)


def test_limits_of_the_control_group_are_told(tmp_path: Path) -> None:
    write(tmp_path, "sys/fs/cgroup/memory.max", "2000000000\n")
    write(tmp_path, "sys/fs/cgroup/cpu.max", "150000 100000\n")
    assert read_host(root=tmp_path)["limits"] == {"memory_bytes": 2_000_000_000, "processors": 1.5}


def test_limits_of_the_older_control_groups_are_told(tmp_path: Path) -> None:
    write(tmp_path, "sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000000\n")
    write(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n")
    write(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    assert read_host(root=tmp_path)["limits"] == {"memory_bytes": 2_000_000_000, "processors": 0.5}


def test_no_limit_is_no_limit(tmp_path: Path) -> None:
    write(tmp_path, "sys/fs/cgroup/memory.max", "max\n")
    write(tmp_path, "sys/fs/cgroup/cpu.max", "max 100000\n")
    assert "limits" not in read_host(root=tmp_path)


def test_a_machine_is_no_container(tmp_path: Path) -> None:
    write(tmp_path, "proc/self/cgroup", "0::/user.slice\n")
    assert find_container(root=tmp_path, environ={}) == {}


def test_a_docker_container_is_told_with_its_id(tmp_path: Path) -> None:
    write(tmp_path, ".dockerenv", "")
    write(
        tmp_path,
        "proc/self/mountinfo",
        f"1 2 0:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw\n",
    )
    assert find_container(root=tmp_path, environ={}) == {"kind": "docker", "id": ID}


def test_a_podman_container_is_told_with_its_image(tmp_path: Path) -> None:
    write(
        tmp_path, "run/.containerenv", f'engine="podman-5"\nid="{ID}"\nimage="registry.example.com/train:3"\n'
    )
    assert find_container(root=tmp_path, environ={}) == {
        "kind": "podman",
        "id": ID,
        "image": "registry.example.com/train:3",
    }


def test_a_kubernetes_pod_is_told_with_its_name_and_namespace(tmp_path: Path) -> None:
    write(tmp_path, "var/run/secrets/kubernetes.io/serviceaccount/namespace", "vision\n")
    write(tmp_path, "proc/self/cgroup", f"0::/kubepods.slice/cri-containerd-{ID}.scope\n")
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "train-0"}
    assert find_container(root=tmp_path, environ=environ) == {
        "kind": "kubernetes",
        "pod": "train-0",
        "namespace": "vision",
        "id": ID,
    }


def test_an_apptainer_container_is_told_with_its_image(tmp_path: Path) -> None:
    told = find_container(root=tmp_path, environ={"APPTAINER_CONTAINER": "/images/train.sif"})
    assert told == {"kind": "apptainer", "image": "/images/train.sif"}


def test_only_variables_on_the_list_are_recorded() -> None:
    environ = {
        "CUDA_VISIBLE_DEVICES": "0,1",
        "SLURM_JOB_ID": "7",
        "HOME": "/srv/x",
        "AWS_REGION": "x",
        "WANDB_X": "1",
    }
    assert read_variables(environ) == {"CUDA_VISIBLE_DEVICES": "0,1", "SLURM_JOB_ID": "7"}


def test_the_list_can_be_made_longer_and_never_brings_a_secret() -> None:
    environ = {
        "HEADRACE_PROVENANCE_ENV": "MY_*, DATA_URL,DB_PASSWORD",
        "MY_MODE": "fast",
        "MY_TOKEN": "hunter2",
        "DB_PASSWORD": "hunter2",
        "DATA_URL": "s3://me:hunter2@bucket/x",
        "YOUR_MODE": "slow",
    }
    assert read_variables(environ) == {"MY_MODE": "fast", "DATA_URL": "s3://***@bucket/x"}


def test_the_environment_of_this_process_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert read_variables()["OMP_NUM_THREADS"] == "3"


def test_the_platform_is_described_as_python_does_without_running_a_program() -> None:
    assert describe_platform() == platform.platform()
    code = (
        "import sys; sys.addaudithook(lambda event, _: event == 'subprocess.Popen' and sys.exit('a program was run'))\n"
        "from headrace.fluent.provenance.host import describe_platform, read_host; read_host(); print(describe_platform())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == platform.platform()
