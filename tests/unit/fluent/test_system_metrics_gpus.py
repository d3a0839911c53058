"""GPUs: NVIDIA's through the real pynvml on a library with NVML's interface, AMD's through files as the kernel lays them out. No real card is at hand."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.fluent.system_metrics.amd import find_amd_gpus
from headrace.fluent.system_metrics.gpus import list_gpus

ASK = """
import ctypes, json, pathlib, sys
from headrace.fluent.system_metrics.gpus import find_gpus
gpus = find_gpus(pathlib.Path(sys.argv[1]))
told = gpus and [gpus.describe(), gpus.sample()]
gpus and gpus.close()
print(json.dumps(told), gpus and ctypes.CDLL("libnvidia-ml.so.1").nvml_users())
"""


def ask(libraries: Path, devices: Path) -> str:
    environ = os.environ | {"LD_LIBRARY_PATH": str(libraries)}
    return subprocess.run(
        [sys.executable, "-c", ASK, str(devices)], env=environ, check=True, capture_output=True, text=True
    ).stdout


def test_gpus_of_nvidia_are_described_and_sampled(tmp_path: Path) -> None:
    source = Path(__file__).with_name("nvml.c")
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", str(tmp_path / "libnvidia-ml.so.1"), str(source)], check=True
    )
    devices = tmp_path / "dev"
    devices.mkdir()
    assert ask(tmp_path, devices) == "null None\n", "no driver, so NVML is not asked"
    (devices / "nvidiactl").touch()
    told, _, users = ask(tmp_path, devices).strip().rpartition(" ")
    described, sampled = json.loads(told)
    assert described == [
        {
            "name": "Card A",
            "id": "GPU-1234",
            "memory_bytes": 80_000_000_000,
            "driver": "570.1",
            "cuda": "12.8",
        },
        {"name": "Card B", "memory_bytes": 80_000_000_000, "driver": "570.1", "cuda": "12.8"},
    ]
    assert sampled == {
        "gpu_0_memory_usage_megabytes": 20_000.0,
        "gpu_0_memory_usage_percentage": 25.0,
        "gpu_0_utilization_percentage": 97.0,
        "gpu_0_power_usage_watts": 350.0,
        "gpu_0_power_usage_percentage": 50.0,
        "gpu_1_memory_usage_megabytes": 0.0,
        "gpu_1_memory_usage_percentage": 0.0,
    }
    assert users == "0", "NVML is given back"


def test_a_machine_without_gpus_has_none() -> None:
    assert list_gpus() == []


@pytest.mark.parametrize("before", ["sys.modules['pynvml'] = None", "pass"])
def test_without_pynvml_or_its_library_there_are_none(tmp_path: Path, before: str) -> None:
    (tmp_path / "nvidia0").touch()
    code = (
        f"import pathlib, sys; {before}; from headrace.fluent.system_metrics.gpus import find_gpus; "
        f"print(find_gpus(pathlib.Path({str(tmp_path)!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "None\n"


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    def write(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")

    write("card0/device/vendor", "0x8086")
    write("card0-HDMI-A-1/status", "connected")
    for number, total in ((1, "68702699520"), (10, "34351349760")):
        write(f"card{number}/device/vendor", "0x1002")
        write(f"card{number}/device/device", "0x740c")
        write(f"card{number}/device/mem_info_vram_total", total)
        write(f"card{number}/device/mem_info_vram_used", "17175674880")
    write("card1/device/product_name", "Instinct X")
    write("card1/device/unique_id", "abc")
    write("card1/device/gpu_busy_percent", "42")
    write("card1/device/hwmon/hwmon3/power1_average", "250000000")
    write("card1/device/hwmon/hwmon3/power1_cap", "500000000")
    write("card10/device/hwmon/hwmon4/power1_input", "100000000")
    return tmp_path


def test_gpus_of_amd_are_described_and_sampled(cards: Path) -> None:
    gpus = find_amd_gpus(cards)
    assert gpus is not None
    assert [(gpu["name"], gpu["memory_bytes"]) for gpu in gpus.describe()] == [
        ("Instinct X", 68702699520),
        ("AMD 0x740c", 34351349760),
    ]
    assert gpus.sample() == {
        "gpu_0_memory_usage_megabytes": 17175.67488,
        "gpu_0_memory_usage_percentage": 25.0,
        "gpu_0_utilization_percentage": 42.0,
        "gpu_0_power_usage_watts": 250.0,
        "gpu_0_power_usage_percentage": 50.0,
        "gpu_1_memory_usage_megabytes": 17175.67488,
        "gpu_1_memory_usage_percentage": 50.0,
        "gpu_1_power_usage_watts": 100.0,
    }


def test_cards_of_others_are_no_gpus_of_amd(tmp_path: Path) -> None:
    assert find_amd_gpus(tmp_path) is None
    assert find_amd_gpus(tmp_path / "missing") is None
