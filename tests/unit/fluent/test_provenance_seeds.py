# ruff: noqa: NPY002 - the global generators of numpy are what is looked at
"""Seeds and states of random generators, the global ones of numpy among them.

These are what users seed.
"""

import base64
import random
import struct
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from headrace.fluent.provenance.seeds import capture_states, find_seeds, find_told_seeds, write_states


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    yield
    random.setstate(python)
    np.random.set_state(numpy)


def test_seeds_are_found_while_little_was_drawn() -> None:
    random.seed(42)
    np.random.seed(2024)
    assert find_seeds(capture_states()) == {"python": 42, "numpy": 2024}
    random.random()
    np.random.rand(100)
    assert find_seeds(capture_states()) == {"python": 42, "numpy": 2024}


def test_an_unlikely_seed_is_found_if_it_stands_in_the_arguments() -> None:
    random.seed(987654)
    assert find_seeds(capture_states()) == {}
    assert find_seeds(capture_states(), ["--seed=987654", "lr=0.1"]) == {"python": 987654}


def test_no_seed_is_told_that_is_not_proven() -> None:
    random.seed()
    np.random.seed()
    assert find_seeds(capture_states()) == {}
    random.seed(42)
    np.random.seed(42)
    random.shuffle(list(range(10_000)))
    np.random.rand(10_000)
    assert find_seeds(capture_states()) == {}


def test_looking_changes_no_generator() -> None:
    random.seed(7)
    np.random.seed(7)
    wanted = random.random(), np.random.rand()
    random.seed(7)
    np.random.seed(7)
    find_seeds(capture_states())
    find_told_seeds()
    assert (random.random(), np.random.rand()) == wanted


def test_a_state_that_is_set_again_gives_the_same_numbers() -> None:
    random.seed()
    np.random.rand(12345)
    written = write_states(capture_states())
    wanted = random.random(), np.random.rand()
    random.seed(0)
    np.random.seed(0)
    words = {key: struct.unpack("<625I", base64.b64decode(text)) for key, text in written.items()}
    random.setstate((3, words["python"], None))
    np.random.set_state(("MT19937", words["numpy"][:-1], words["numpy"][-1]))
    assert (random.random(), np.random.rand()) == wanted


def test_libraries_that_are_not_loaded_stay_so() -> None:
    code = "import sys; from headrace.fluent.provenance import seeds as s; t = s.capture_states(); print([x.library for x in t], 'numpy' in sys.modules, s.find_told_seeds())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "['python'] False {}\n"


def test_no_function_is_replaced() -> None:
    before = random.seed, np.random.seed, np.random.default_rng
    find_seeds(capture_states())
    assert (random.seed, np.random.seed, np.random.default_rng) == before


def test_a_library_that_is_being_loaded_is_left_alone() -> None:
    code = "import sys, types; sys.modules['numpy.random'] = types.ModuleType('r'); sys.modules['torch'] = types.ModuleType('t')\nfrom headrace.fluent.provenance import seeds as s; print([x.library for x in s.capture_states()], s.find_told_seeds())"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "['python'] {}\n"


def test_another_generator_in_the_place_of_numpys_is_left_alone() -> None:
    code = "import numpy as np; np.random.set_bit_generator(np.random.PCG64(1))\nfrom headrace.fluent.provenance import seeds as s; print([x.library for x in s.capture_states()])"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout == "['python']\n"


@pytest.mark.parametrize(
    ("first", "then", "told"),
    [
        ("pass", "pass", "True {}"),
        ("pass", "import random; random.seed(3)", "False {'python': 3}"),
        ("pass", "import random; random.random()", "False {}"),
        ("import random", "pass", "False {}"),
        ("import random; random.seed(3)", "pass", "False {'python': 3}"),
    ],
)
def test_a_generator_that_nobody_can_have_seeded_is_not_tried(first: str, then: str, told: str) -> None:
    code = (
        f"{first}\nimport headrace; headrace.start_run\n{then}\nfrom headrace.fluent.provenance.seeds import capture_states, find_seeds\n"
        "states = capture_states(); print(states[0].is_pristine, find_seeds(states))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == told
