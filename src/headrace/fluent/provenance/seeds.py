"""Random generators: the states they are in when a run starts, and the seeds that they were given, as far as they can tell.

Looked at are the global generators of ``random``, numpy and torch, each only where it is loaded already. A state is exact: whoever sets it again gets the same
numbers. The seed behind a state is told by torch itself; for the others it is found by trying: a generator that was seeded and gave fewer than 624 words since is in a
state that the seed gives again, so the likely seeds (small numbers, years, what stands in the arguments) are tried, and one that fits is proven. No function is
replaced: numba compiles ``numpy.random.seed`` by what it is, and would not know a wrapper. So generators that are objects (``numpy.random.default_rng``) are not seen, and
of what is seeded while the run goes on only torch's seed is seen, at the end.
"""

import base64
import random
import re
import struct
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct

from headrace.fluent.pristine import PRISTINE

_FRESH = 624
"""Where the Mersenne Twister stands after it was seeded and before it was used: behind its 624 words."""
_LIKELY = (
    *range(1001),
    1234,
    1337,
    *range(1990, 2041),
    3407,
    4242,
    9999,
    12345,
    31337,
    54321,
    123456,
    1234567,
    123456789,
)
_NUMBER = re.compile(r"(?<![\w.])\d{1,10}(?![\w.])")
_MAX_SEED = 2**32
_PROOF_BYTES = 8
_PYTHON, _NUMPY, _TORCH = "python", "numpy", "torch"


class RandomState(Struct, frozen=True):
    """The state of one generator.

    Args:
        library: python, numpy or torch.
        words: the state: the words of a Mersenne Twister, then where it stands in them; for torch its bytes.
        seed: the seed, where the generator tells it.
        is_pristine: whether it is as the process began, so that there is no seed to be found.
    """

    library: str
    words: bytes
    seed: int | None = None
    is_pristine: bool = False


def capture_states() -> list[RandomState]:
    """Return the states of the generators of the libraries that are loaded. It takes microseconds, and changes none of them."""
    words = random.getstate()[1]
    states = [RandomState(_PYTHON, _pack(words), is_pristine=words == PRISTINE)]
    get_state = _find_function("numpy.random", "get_state")
    if get_state is not None and (told := get_state(legacy=False))["bit_generator"] == "MT19937":
        states.append(RandomState(_NUMPY, _pack([*told["state"]["key"].tolist(), told["state"]["pos"]])))
    get_rng_state, initial_seed = (
        _find_function("torch", "get_rng_state"),
        _find_function("torch", "initial_seed"),
    )
    if get_rng_state is not None and initial_seed is not None:
        states.append(RandomState(_TORCH, bytes(get_rng_state().numpy().tobytes()), int(initial_seed())))
    return states


def find_seeds(states: Sequence[RandomState], arguments: Iterable[str] = ()) -> dict[str, int]:
    """Return the seeds that are certain, by library.

    Args:
        states: what `capture_states` gave.
        arguments: of the program; the numbers in them are tried as well.
    """
    seeds = {state.library: state.seed for state in states if state.seed is not None}
    given = {int(text) for argument in arguments for text in _NUMBER.findall(argument)}
    candidates = dict.fromkeys([*seeds.values(), *sorted(given), *_LIKELY])
    return seeds | _prove_seeds(states, list(candidates))


def find_told_seeds() -> dict[str, int]:
    """Return the seed that torch tells, and the other libraries for which it is proven to be theirs, too; none if torch is not loaded. It takes microseconds."""
    if "torch" not in sys.modules:
        return {}
    states = capture_states()
    told = {state.library: state.seed for state in states if state.seed is not None}
    return told | _prove_seeds(states, list(told.values()))


def write_states(states: Sequence[RandomState]) -> dict[str, Any]:
    """Return states as they are recorded, by library: base64 of little-endian 32-bit words, the last of which is the place among them; for torch of its bytes."""
    return {state.library: base64.b64encode(state.words).decode() for state in states}


def _prove_seeds(states: Sequence[RandomState], candidates: Sequence[int]) -> dict[str, int]:
    """Return the candidates that are the seed of a state, by library."""
    possible = [seed for seed in candidates if 0 <= seed < _MAX_SEED]
    unknown = [state for state in states if state.seed is None and not state.is_pristine]
    tried = {state.library: _try_seeds(possible, state) for state in unknown}
    return {library: seed for library, seed in tried.items() if seed is not None}


def _find_function(module: str, name: str) -> Callable[..., Any] | None:
    """Return a function of a module if that is loaded; another thread may be loading it just now."""
    found: Callable[..., Any] | None = getattr(sys.modules.get(module), name, None)
    return found


def _pack(words: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(words)}I", *words)


def _try_seeds(seeds: Iterable[int], state: RandomState) -> int | None:
    """Return the seed whose first numbers are those that the state gave, or would give if it is unused, or None."""
    *words, place = struct.unpack(f"<{len(state.words) // 4}I", state.words)
    start = place if place == _FRESH else 0  # the first draw renews all words
    if state.library == _PYTHON:
        python = random.Random()  # noqa: S311 - it is compared, not used
        python.setstate((3, (*words, start), None))
        return _find_equal(seeds, python.seed, python.randbytes)
    numpy = sys.modules["numpy.random"].RandomState()
    numpy.set_state(("MT19937", words, start))
    return _find_equal(seeds, numpy.seed, numpy.bytes)


def _find_equal(
    seeds: Iterable[int], set_seed: Callable[[int], None], draw: Callable[[int], bytes]
) -> int | None:
    """Return the seed after which a generator gives what it would give now, or None."""
    wanted = draw(_PROOF_BYTES)
    for seed in seeds:
        set_seed(seed)
        if draw(_PROOF_BYTES) == wanted:
            return seed
    return None
