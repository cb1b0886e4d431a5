"""The states of all generators of random numbers, as plain values that a checkpoint can hold."""

import random
from typing import Any

import numpy as np
import torch

_NUMPY = "MT19937"  # the only algorithm that NumPy's global generator has


def random_states() -> dict[str, Any]:
    """The states of the generators of Python, NumPy and PyTorch, as plain values and tensors."""
    version, numbers, gauss = random.getstate()
    # Its algorithm, 624 numbers, the position in them, and whether a normal number is left over.
    _, keys, position, has_gauss, spare = np.random.get_state()
    assert isinstance(keys, np.ndarray)
    return {
        "python": [version, list(numbers), gauss],
        "numpy": [torch.from_numpy(keys.astype(np.int64)), position, has_gauss, spare],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_states(states: dict[str, Any]) -> None:
    """Sets all generators to what `random_states` gave.

    States of GPUs are left out where this machine has another number of them.
    """
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(numbers), gauss))
    keys, position, has_gauss, spare = states["numpy"]
    np.random.set_state((_NUMPY, keys.numpy().astype(np.uint32), position, has_gauss, spare))
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_available() and len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
