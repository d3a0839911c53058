"""Digests of data, equal to MLflow's: eight hexadecimal digits of an MD5 over hashes of the first 10,000 rows or elements.

They tell data apart, and protect against nothing. The hashes are those of pandas. For plain numbers the same hashes are computed here, so that whoever
has arrays need not have pandas.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headrace.base.plugins import load

MAX_ROWS = 10_000
DIGEST_CHARS = 8
_EXACT_BYTES = 8
_Array = np.ndarray[Any, Any]


def digest_elements(elements: Sequence[Any]) -> str:
    """Return the digest of a sequence of arrays, numbers of numpy and bytes."""
    digest = hashlib.md5(usedforsecurity=False)
    for element in elements:
        digest.update(element)
    return digest.hexdigest()[:DIGEST_CHARS]


def digest_arrays(
    features: _Array | Mapping[str, _Array], targets: _Array | Mapping[str, _Array] | None = None
) -> str:
    """Return the digest of arrays: of their first 10,000 elements each, and of their shapes.

    Args:
        features: an array, or arrays by name.
        targets: likewise, if there are any.
    """
    elements: list[Any] = []
    for part in (features, targets):
        if part is None:
            continue
        arrays = [part[name] for name in sorted(part)] if isinstance(part, Mapping) else [part]
        for array in arrays:
            elements.append(hash_elements(array))
            elements += [np.int64(length) for length in array.shape]
    return digest_elements(elements)


def hash_elements(array: _Array) -> Any:
    """Return the hashes of the first 10,000 elements of an array; their number if they have none."""
    flat = np.asarray(array).flat[:MAX_ROWS]
    hashed = _hash_numbers(flat)
    if hashed is not None:
        return hashed
    pandas = load("pandas", extra="pandas", purpose=f"The digest of an array of {array.dtype}")
    try:
        return pandas.util.hash_array(flat)
    except TypeError:
        return np.int64(flat.size)


def _hash_numbers(flat: _Array) -> _Array | None:
    """Return pandas' hashes of numbers and times; None for what its versions hash differently, and for other things."""
    kind, size = flat.dtype.kind, flat.dtype.itemsize
    if kind not in "biufmM" or size > _EXACT_BYTES or not flat.dtype.isnative:
        return None
    flat = np.ascontiguousarray(flat)
    if kind == "b":
        bits = flat.astype("u8")
    elif kind in "mM":
        bits = flat.view("i8").astype("u8")
    else:
        bits = flat.view(f"u{size}").astype("u8")
        if kind == "f" and (np.isnan(flat).any() or (np.signbit(flat) & (flat == 0)).any()):
            return None
    bits ^= bits >> np.uint64(30)
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(27)
    bits *= np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return bits
